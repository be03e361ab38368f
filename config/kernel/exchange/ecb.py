"""The reference rates that the European Central Bank publishes: eurofxref-daily and -hist, XML, CSV or zipped CSV.

Each rate is how much of a currency one euro is. A day without publication (weekends, holidays) has no row; a currency
that was not quoted has N/A.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from config.kernel.errors import Invalid
from config.kernel.xml import parse_untrusted

MAX_BYTES = 20 * 1024 * 1024  # the whole history is about 4 MB as XML
MOST_COLUMNS = 100
LARGEST = Decimal(10) ** 9


class NotEcbRates(Invalid):
    code = "not_ecb_rates"
    message = (
        "Ce fichier n’est pas un fichier de cours de la BCE. Prenez eurofxref-daily.xml, eurofxref-hist.xml ou "
        "eurofxref-hist.zip sur ecb.europa.eu."
    )


@dataclass(frozen=True, slots=True)
class DailyRate:
    day: date
    currency: str
    rate: Decimal  # so much of the currency is one euro


def read(data: bytes) -> list[DailyRate]:
    """Every rate of the file. Raises NotEcbRates, UnreadableXml."""
    if data[:2] == b"PK":
        data = _unzipped(data)
    if len(data) > MAX_BYTES:
        raise NotEcbRates("Ce fichier est trop grand pour un fichier de cours : 20 Mo au plus.")
    found = list(_from_xml(data) if data.lstrip()[:1] == b"<" else _from_csv(data))
    if not found:
        raise NotEcbRates
    return found


def _unzipped(data: bytes) -> bytes:
    """The one file of the archive, never more than MAX_BYTES of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [item for item in archive.infolist() if not item.is_dir()]
            if len(files) != 1:
                raise NotEcbRates
            with archive.open(files[0]) as file:
                return file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise NotEcbRates from error


def _from_xml(data: bytes) -> Iterator[DailyRate]:
    """<Cube time="2026-11-27"><Cube currency="USD" rate="1.0845"/>…"""
    for element in parse_untrusted(data, max_bytes=MAX_BYTES).iter("{*}Cube"):
        parent = element.getparent()
        currency, rate = element.get("currency"), element.get("rate")
        if currency and rate and parent is not None:
            yield _rate(_day(str(parent.get("time") or "")), str(currency), str(rate))


def _from_csv(data: bytes) -> Iterator[DailyRate]:
    """Date,USD,JPY,… then a day a row; the daily file writes « 27 November 2026 » and spaces after its commas."""
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig")), skipinitialspace=True)
        head = [cell.strip() for cell in next(rows, [])]
        if head[:1] != ["Date"] or len(head) > MOST_COLUMNS:
            raise NotEcbRates
        for row in rows:
            if row:
                day = _day(row[0].strip())
                for currency, cell in zip(head[1:], row[1:], strict=False):
                    if currency and cell.strip() not in {"", "N/A"}:
                        yield _rate(day, currency, cell.strip())
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotEcbRates from error


def _day(text: str) -> date:
    for pattern in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    raise NotEcbRates


def _rate(day: date, currency: str, text: str) -> DailyRate:
    try:
        rate = Decimal(text)
    except InvalidOperation as error:
        raise NotEcbRates from error
    is_code = len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    if not is_code or not rate.is_finite() or not 0 < rate < LARGEST:
        raise NotEcbRates
    return DailyRate(day, currency, rate)
