"""The company's table of exchange rates: filled from a file or by hand, asked for a day, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.exchange import ecb
from config.kernel.models import Company, ExchangeRate
from config.kernel.money import PRECISION, UnknownCurrency, check_currency, quantize
from config.kernel.rows import edit
from config.kernel.typography import day as written_day

PIVOT = "EUR"  # what the published rates are against
STEP = Decimal("0.00000001")
OLDEST = timedelta(days=7)  # no rate is published from Maundy Thursday to Easter Tuesday, nor around the New Year
KEPT = timedelta(days=3 * 366)  # of a file of all years, the page takes the last ones
SOURCE = "BCE, cours de référence de l’euro"
BATCH = 5000


class UnknownRate(DomainError):
    code = "unknown_exchange_rate"
    message = (
        "Aucun cours entre %(base)s et %(currency)s n’est connu au %(day)s, ni dans les 7 jours qui précèdent. "
        "Importez le fichier de la BCE ou saisissez ce cours dans « Réglages › Cours de change », puis recommencez."
    )


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of the base currency is `rate` of the other, as `source` said on `day`."""

    rate: Decimal
    day: date
    source: str


@dataclass(frozen=True, slots=True)
class Imported:
    read: int  # rates in the file, of the days that are kept
    new: int
    first: date | None
    last: date | None


def rate_on(*, company_id: int, base: str, currency: str, on: date) -> Rate:
    """How much of `currency` one `base` is on a day: the last rate published until then. Raises UnknownRate.

    The direct rate, or the one the other way round, before that of both against the euro on one day.
    """
    if base == currency:
        return Rate(Decimal(1), on, "")
    found = max(_candidates(company_id, base, currency, on), key=lambda rate: rate.day, default=None)
    if found is None:
        raise UnknownRate(base=base, currency=currency, day=written_day(on))
    return found


def _candidates(company_id: int, base: str, currency: str, on: date) -> Iterator[Rate]:
    rows = ExchangeRate.everywhere.filter(company_id=company_id, day__lte=on, day__gte=on - OLDEST).order_by("-day")
    direct = rows.filter(base=base, currency=currency).first()
    if direct is not None:
        yield Rate(direct.rate, direct.day, direct.source)
    inverse = rows.filter(base=currency, currency=base).first()
    if inverse is not None:
        yield Rate(_quotient(Decimal(1), inverse.rate), inverse.day, inverse.source)
    if PIVOT in (base, currency):
        return
    against_pivot: dict[date, dict[str, ExchangeRate]] = {}
    for row in rows.filter(base=PIVOT, currency__in=[base, currency]):
        both = against_pivot.setdefault(row.day, {})
        both[row.currency] = row
        if len(both) == 2:
            sources = dict.fromkeys((both[base].source, both[currency].source))
            yield Rate(_quotient(both[currency].rate, both[base].rate), row.day, " ; ".join(sources))
            return


def _quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = PRECISION
        return quantize(dividend / divisor, STEP)


def known_currencies(company_id: int, *, base: str, on: date) -> list[str]:
    """The currencies in which a document may be written that day: those that have a rate. The base comes first."""
    recent = ExchangeRate.everywhere.filter(company_id=company_id, day__lte=on, day__gte=on - OLDEST)
    named = {code for pair in recent.values_list("base", "currency").distinct() for code in pair}
    return [base, *sorted(code for code in named - {base} if _is_written(code))]


def _is_written(code: str) -> bool:
    try:
        return bool(check_currency(code))
    except UnknownCurrency:
        return False


@transaction.atomic
def save_rate(
    *, company: Company, base: str, currency: str, day: date, rate: Decimal, source: str, actor: Actor, at: datetime
) -> ExchangeRate:
    """Add or correct the rate of a day, by hand. Raises Invalid."""
    problems: dict[str, str] = {}
    for name, code in (("base", base), ("currency", currency)):
        try:
            check_currency(code)
        except UnknownCurrency as error:
            problems[name] = error.sentence
    if base == currency:
        problems["currency"] = "Choisissez une autre monnaie que celle de base."
    if not 0 < rate < ecb.LARGEST:
        problems["rate"] = "Un cours est un nombre positif."
    if not source.strip():
        problems["source"] = "Indiquez où ce cours a été lu (banque, douane, BCE…)."
    if problems:
        raise Invalid(fields=problems)
    rows = ExchangeRate.everywhere.select_for_update(no_key=True)
    existing = rows.filter(company=company, base=base, currency=currency, day=day).first()
    before = existing and [existing.rate, existing.source]
    row = existing or ExchangeRate(company=company, base=base, currency=currency, day=day)
    if edit(row, {"rate": quantize(rate, STEP), "source": source.strip()[:200], "is_typed": True}):
        audit.record(
            "kernel.exchange_rate.saved",
            subject=company,
            actor=actor,
            at=at,
            data={"pair": f"{base}/{currency}", "day": day, "before": before, "after": [row.rate, row.source]},
        )
    return row


@transaction.atomic
def import_rates(*, company: Company, data: bytes, actor: Actor, at: datetime, since: date | None = None) -> Imported:
    """Keep the rates of a file of the ECB from `since` on, three years else. Those that are known stay as they are.

    Raises NotEcbRates, UnreadableXml.
    """
    start = since or at.date() - KEPT
    found = [rate for rate in ecb.read(data) if rate.day >= start]
    known = ExchangeRate.everywhere.filter(company=company, base=PIVOT)
    before = known.count()
    rows = [
        ExchangeRate(company=company, base=PIVOT, currency=rate.currency, day=rate.day, rate=rate.rate, source=SOURCE)
        for rate in found
    ]
    ExchangeRate.everywhere.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    new = known.count() - before
    days = [rate.day for rate in found]
    if new:
        audit.record(
            "kernel.exchange_rate.imported",
            subject=company,
            actor=actor,
            at=at,
            data={"count": new, "first": min(days), "last": max(days)},
        )
    return Imported(len(found), new, min(days, default=None), max(days, default=None))
