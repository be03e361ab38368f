"""The charges that a CAMT entry and its transactions state (Chrgs), as lines of their own.

A bank may book what was paid less its charges, or take them beside it: only the amount booked shows which. Version 2
writes Chrgs/Amt, later ones Chrgs/Rcrd/Amt; a total without records counts as one charge. The direction is the
account's, a debit where none is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from lxml.etree import _Element as Element

from config.kernel.money import ZERO
from payments.statements.base import StatementLine
from payments.statements.elements import amount_of, children, first, text

LABEL = "Frais bancaires"


@dataclass(frozen=True, kw_only=True)
class Charge:
    line: StatementLine
    is_of_entry: bool
    is_included: bool  # ChrgInclInd: taken out of the amount beside it


def charge_lines(
    whole: StatementLine, entry: Element, details: Iterable[tuple[Element, StatementLine]], label: str
) -> list[Charge]:
    """Every charge in the currency of the account, not zero: those of the transactions, then those of the entry."""
    found = [charge for detail, line in details for charge in _charges(detail, line, label, is_of_entry=False)]
    return [*found, *_charges(entry, replace(whole, counterparty=""), label, is_of_entry=True)]


def explaining(difference: Decimal, charges: Sequence[Charge]) -> list[StatementLine] | None:
    """The charges that make up `difference`, none for zero; None when no reading of them does.

    A bank may state a charge on the transaction and again on the entry, or one that was booked apart.
    """
    readings: tuple[list[Charge], ...] = (
        [],
        list(charges),
        [charge for charge in charges if not charge.is_of_entry],
        [charge for charge in charges if charge.is_of_entry],
        [charge for charge in charges if charge.is_included],
        [charge for charge in charges if not charge.is_included],
    )
    # the simplest reading first; banks of one country differ in what they count in
    for reading in readings:
        if sum((charge.line.amount for charge in reading), ZERO) == difference:
            return [charge.line for charge in reading]
    return None


def _charges(element: Element, line: StatementLine, label: str, *, is_of_entry: bool) -> Iterator[Charge]:
    for stated in children(element, "Chrgs"):
        records = list(children(stated, "Rcrd")) or [stated]
        for record in records:
            written = first(record, "Amt")
            if written is None:
                written = first(record, "TtlChrgsAndTaxAmt")
            if written is None:
                continue
            amount, currency = amount_of(written, label)
            if currency == line.currency and amount:
                signed = amount if text(record, "CdtDbtInd") == "CRDT" else -amount
                yield Charge(
                    line=_charge_line(line, signed),
                    is_of_entry=is_of_entry,
                    is_included=text(record, "ChrgInclInd") in ("true", "1"),
                )


def _charge_line(line: StatementLine, amount: Decimal) -> StatementLine:
    """A charge is no payment: it bears no reference of the payer, and no counterparty."""
    return replace(
        line,
        amount=amount,
        counterparty="",
        counterparty_iban="",
        structured_reference="",
        end_to_end_id="",
        remittance=" : ".join(part for part in (LABEL, line.counterparty) if part),
        return_code="",
        instructed_amount=None,
        instructed_currency="",
    )
