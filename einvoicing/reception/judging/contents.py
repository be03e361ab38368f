"""A reading as the content of a purchase: its lines where they stand, else one line per rate of VAT."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from billing.purchases.content import LineContent, PurchaseContent, VatContent
from einvoicing.reception.reading.amounts import KNOWN_RATES, binds
from einvoicing.reception.reading.details import CREDIT_NOTE as CREDIT_NOTE_CODE
from einvoicing.reception.reading.details import INVOICE
from einvoicing.reception.reading.result import CREDIT_NOTE, Reading, VatRow

ZERO = Decimal(0)
NEEDED = ("number", "date", "net", "vat", "gross")
WITHOUT_LINES = "Achats à %s %%"  # what a line is named that stands for a rate


def missing_of(reading: Reading) -> tuple[str, ...]:
    """The fields without which no purchase is recorded."""
    missing = [name for name in NEEDED if reading.value(name) is None]
    return tuple(missing) or (() if _vat_rows(reading) else ("vat_rows",))


def content_of(reading: Reading) -> PurchaseContent | None:
    """The content that a purchase is recorded from; None where a datum is missing, or net and VAT are not the gross."""
    if missing_of(reading) or reading.value("net") + reading.value("vat") != reading.value("gross"):
        return None
    details = reading.details
    rows = _vat_rows(reading)
    lines = tuple(_lines(reading)) or tuple(_line_of_row(row) for row in rows)
    return PurchaseContent(
        kind=_kind(reading),
        supplier_name=(reading.value("supplier_name") or "")[:200],
        number=reading.value("number")[:60],
        issue_date=reading.value("date"),
        due_date=reading.value("due_date"),
        supply_date=_day(details.get("supply_date")),
        currency=reading.value("currency") or "EUR",
        vat_on_debits=bool(details.get("vat_on_debits")),
        total_net=reading.value("net"),
        total_vat=reading.value("vat"),
        total_gross=reading.value("gross"),
        deposited=Decimal(details.get("deposited") or 0),
        lines=lines,
        vat_rows=rows,
        iban=reading.value("iban") or "",
        bic=details.get("bic", ""),
        payment_reference=details.get("payment_reference", "")[:140],
        order_reference=(reading.value("order_reference") or "")[:60],
        corrects_number=details.get("corrects", "")[:60],
    )


def _kind(reading: Reading) -> str:
    if reading.value("kind") == CREDIT_NOTE:
        return CREDIT_NOTE_CODE
    stated: str = reading.details.get("type_code", INVOICE)
    return INVOICE if stated == CREDIT_NOTE_CODE else stated


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _vat_rows(reading: Reading) -> tuple[VatContent, ...]:
    """The rows of the breakdown; the one that the totals imply where none is printed. None: rates cannot be told."""
    read: tuple[VatRow, ...] = reading.value("vat_rows") or ()
    net, vat = reading.value("net"), reading.value("vat")
    if not read:
        rate = ZERO if not vat else next((one for one in KNOWN_RATES if binds(one, abs(net), abs(vat))), None)
        if rate is None:
            return ()
        read = (VatRow(rate, net, vat),)
    categories: list[str] = reading.details.get("categories", [])
    if len(categories) != len(read):
        categories = ["S" if row.rate else reading.details.get("zero_category") or "E" for row in read]
    return tuple(_merged(zip(categories, read, strict=True)))


def _merged(rows: Any) -> Iterator[VatContent]:
    """One row a category and rate, as the tables keep them."""
    sums: dict[tuple[str, Decimal], tuple[Decimal, Decimal]] = {}
    for category, row in rows:
        base, amount = sums.get((category, row.rate), (ZERO, ZERO))
        sums[category, row.rate] = (base + row.base, amount + row.amount)
    for (category, rate), (base, amount) in sums.items():
        yield VatContent(category=category, rate=rate, base=base, amount=amount)


def _lines(reading: Reading) -> Iterator[LineContent]:
    """The lines that were read, if together they are the net: otherwise they are not all of them."""
    if sum((line.net for line in reading.lines), ZERO) != reading.value("net"):
        return
    by_rate = {row.rate: row.category for row in _vat_rows(reading)}
    only = next(iter(by_rate)) if len(by_rate) == 1 else None
    if only is None and any(line.rate is None and not line.category for line in reading.lines):
        return
    for line in reading.lines:
        rate = line.rate if line.rate is not None else (only if not line.category and only is not None else ZERO)
        yield LineContent(
            description=line.description[:500] or "–",
            net=line.net,
            vat_rate=rate,
            vat_category=line.category or by_rate.get(rate) or ("S" if rate else "E"),
            quantity=line.quantity,
            unit_price=line.unit_price,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
        )


def _line_of_row(row: VatContent) -> LineContent:
    rate = f"{row.rate.normalize():f}".replace(".", ",")
    return LineContent(description=WITHOUT_LINES % rate, net=row.base, vat_rate=row.rate, vat_category=row.category)
