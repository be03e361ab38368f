"""VAT on services is due as they are paid (CGI 269-2 c), that of deposits too, of goods since 2023 (269-2 a bis).

Until then it waits on 44574, a sub-account per rate, and moves to 44571 in proportion of what is paid. What waits is
read from the entries of the invoice, never computed anew: an invoice that was booked otherwise moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Sum

from billing.ledger import accounts
from billing.models import Invoice, JournalLine
from config.kernel.money import ZERO, round2
from customers.territories import DOMESTIC, FRANCE, MONACO

FRENCH_VAT = DOMESTIC | {MONACO}


@dataclass(frozen=True, slots=True)
class Tax:
    """VAT and what it is the tax of; positive where we owe it."""

    vat: Decimal = ZERO
    base: Decimal = ZERO

    def __add__(self, other: Tax) -> Tax:
        return Tax(self.vat + other.vat, self.base + other.base)

    def __sub__(self, other: Tax) -> Tax:
        return Tax(self.vat - other.vat, self.base - other.base)

    def of(self, left: Decimal, whole: Decimal) -> Tax:
        """The share of it that `left` is of the `whole`: all, in proportion, or nothing of what is settled."""
        if left <= 0:
            return Tax()
        if left >= whole:
            return self
        return Tax(round2(self.vat * left / whole), round2(self.base * left / whole))


@dataclass(frozen=True, slots=True)
class Held:
    """The VAT on collection of an invoice on one account of 44571: what waits for its payment, and what is due."""

    waiting: Tax = Tax()
    due: Tax = Tax()

    @property
    def standing(self) -> Tax:
        """What credit notes and write-offs with VAT left of it, whether paid or not."""
        return self.waiting + self.due


def is_on_collection(invoice: Invoice) -> bool:
    """Whether VAT of a document as it is issued waits for its payment: of a French company, services unless it chose
    to owe it on debits, and all of a deposit.

    Credit notes follow what they correct.
    """
    country = invoice.seller.get("address", {}).get("country", FRANCE)
    # what its deposits cover whole asks for no payment
    if not invoice.total_vat or not invoice.payable or country not in FRENCH_VAT:
        return False
    if invoice.is_deposit:
        return True
    return not invoice.mentions.get("vat_on_debits") and invoice.mentions.get("nature") != "B"


def held_by(invoices: Iterable[Invoice]) -> dict[int, dict[str, Held]]:
    """What invoices hold on each account of 44571, by their keys. One query, none where no invoice can hold any."""
    keys = [invoice.pk for invoice in invoices if not invoice.is_credit_note and is_on_collection(invoice)]
    found: dict[int, dict[str, Held]] = {}
    if not keys:
        return found
    rows = JournalLine.everywhere.filter(invoice__in=keys).order_by().values_list("invoice_id", "account")
    sums = rows.annotate(vat=Sum(F("credit") - F("debit")), of=Sum("base", default=ZERO))
    for key, account, vat, base in sums:
        due_account, tax = accounts.due_account(account), Tax(vat, -base)
        by_account = found.setdefault(key, {})
        held = by_account.get(due_account, Held())
        waits = account != due_account
        by_account[due_account] = Held(held.waiting + tax, held.due) if waits else Held(held.waiting, held.due + tax)
    return found


def unpaid_part(invoice: Invoice) -> tuple[Decimal, Decimal]:
    """What is left to pay of an invoice, and the whole of what its payments and that make, in its currency.

    What was credited, or written off with its VAT, is in neither. One query where some was written off.
    """
    left = invoice.balance
    return left, invoice.payable - invoice.amount_credited - _written_off_with_vat(invoice)


def _written_off_with_vat(invoice: Invoice) -> Decimal:
    if not invoice.amount_written_off:
        return ZERO
    entries = JournalLine.everywhere.filter(invoice=invoice, entry__journal="OD").values("entry_id")
    rows = JournalLine.everywhere.filter(entry__in=entries, account__startswith="411").order_by()
    # a move of VAT touches no customer: these are the entries of write-offs
    sums: dict[str, Any] = rows.aggregate(
        own=Sum(F("credit") - F("debit"), default=ZERO), foreign=Sum("currency_amount", default=ZERO)
    )
    return Decimal(-sums["foreign"] or sums["own"])
