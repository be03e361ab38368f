"""What an invoice in another currency is in that of the books, at the rate that issuing froze (CGI art. 266, 1 bis).

Each amount is converted once and rounded to the cent; the sale takes the cent that is left, so that the entry balances.
What was due on deposits keeps the value of their day: they are not converted again. What is settled of an invoice is
worth its share of what it was booked for, the last one the rest, so that nothing of it stays on 411.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from billing.ledger import accounts
from billing.ledger.entries import Posting
from billing.models import Invoice, VatSubtotal
from billing.natures import Nature, Sold
from config.kernel.exchange import rate_on
from config.kernel.money import PRECISION, ZERO, round_in

SALES = "7"  # the class of accounts that takes the cent


@dataclass(frozen=True, slots=True)
class AccountingAmounts:
    """In the currency of the books; `net` is what is left of them: payable + deposits − VAT."""

    payable: Decimal
    net: Decimal
    vat: tuple[tuple[Decimal, Decimal], ...]  # rate in percent, VAT of the whole document
    deposits_net: Decimal = ZERO  # of the deposits that it deducts, as booked then
    deposits_vat: Decimal = ZERO

    @property
    def total_vat(self) -> Decimal:
        """BT-111."""
        return sum((amount for _rate, amount in self.vat), ZERO)


def rate_columns(draft: Invoice, on: date) -> dict[str, Any]:
    """The rate that issuing freezes on a document, and its source: that of what it credits or corrects, else the day's.

    Raises UnknownRate.
    """
    books = draft.company.currency
    corrected = draft.corrects
    if corrected is not None and corrected.currency == draft.currency:
        names = ("accounting_currency", "exchange_rate", "exchange_day", "exchange_source")
        return {name: getattr(corrected, name) for name in names}
    found = rate_on(company_id=draft.company_id, base=books, currency=draft.currency, on=on)
    return {
        "accounting_currency": books,
        "exchange_rate": found.rate,
        "exchange_day": None if draft.currency == books else found.day,
        "exchange_source": found.source[:200],
    }


def converted(amount: Decimal, invoice: Invoice) -> Decimal:
    """An amount of the document in the currency of the books, rounded to it."""
    if not invoice.is_foreign:
        return amount
    with localcontext() as context:
        context.prec = PRECISION
        return round_in(amount / invoice.exchange_rate, invoice.accounting_currency)


def accounting_amounts(
    invoice: Invoice, subtotals: Sequence[VatSubtotal], deducted: Sequence[VatSubtotal] = ()
) -> AccountingAmounts:
    """The whole document in the currency of the books. `deducted`: the VAT of its deposits, each with its invoice.

    The payable, the VAT of each rate and the deposits are rounded; the net takes the cent, so that all of it balances.
    """
    in_books: dict[Decimal, Decimal] = {}
    again: dict[Decimal, Decimal] = {}
    for row in deducted:
        in_books[row.rate] = in_books.get(row.rate, ZERO) + converted(row.amount, row.invoice)
        again[row.rate] = again.get(row.rate, ZERO) + converted(row.amount, invoice)
    deposits = {row.invoice_id: row.invoice for row in deducted}
    deposits_gross = sum((converted(deposit.payable, deposit) for deposit in deposits.values()), ZERO)
    deposits_vat = sum(in_books.values(), ZERO)
    whole: dict[Decimal, Decimal] = {}
    for row in subtotals:
        whole[row.rate] = whole.get(row.rate, ZERO) + row.amount
    vat = {
        rate: in_books.get(rate, ZERO) + converted(amount, invoice) - again.get(rate, ZERO)
        for rate, amount in whole.items()
    }
    payable = converted(invoice.payable, invoice)
    return AccountingAmounts(
        payable=payable,
        net=payable + deposits_gross - sum(vat.values(), ZERO),
        vat=tuple(sorted(vat.items(), reverse=True)),
        deposits_net=deposits_gross - deposits_vat,
        deposits_vat=deposits_vat,
    )


def deducted_vat(invoice: Invoice) -> list[VatSubtotal]:
    """The VAT rows of the deposits that an invoice deducts, each with its invoice."""
    if not invoice.amount_deposited:
        return []
    rows = VatSubtotal.everywhere.filter(invoice__deducted_by__invoice=invoice)
    return list(rows.select_related("invoice").order_by("-rate", "id"))


def worth(invoice: Invoice, settled: Decimal) -> Decimal:
    """What is cleared on 411 when so much of the invoice is settled, from nothing to its whole."""
    payable, whole = invoice.payable, converted(invoice.payable, invoice)
    if not invoice.is_foreign or not payable:
        return settled
    with localcontext() as context:
        context.prec = PRECISION
        return round_in(whole * settled / payable, invoice.accounting_currency)


def settled_of(invoice: Invoice) -> Decimal:
    """What of it is paid, credited or written off by now."""
    return invoice.amount_paid + invoice.amount_credited + invoice.amount_written_off


def share_worth(invoice: Invoice, amount: Decimal) -> Decimal:
    """What the last `amount` settled of an invoice cleared on 411, once it is counted; negative where taken back."""
    after = settled_of(invoice)
    return worth(invoice, after) - worth(invoice, after - amount)


def in_books(postings: Sequence[Posting], vat: Sequence[Posting], invoice: Invoice) -> list[Posting]:
    """The postings of a document, in its currency, as the books take them, with those of its VAT, which are in that of
    the books: balanced to the cent.
    """
    if not invoice.is_foreign:
        return [*postings, *vat]
    amounts = [converted(posting.amount, invoice) for posting in postings]
    for place, posting in enumerate(postings):
        if posting.account == accounts.CUSTOMERS and invoice.is_credit_note:
            amounts[place] = -_credited(invoice)
        elif posting.account == accounts.DEPOSITS and invoice.amount_deposited and posting.amount:
            sign = 1 if posting.amount > 0 else -1
            amounts[place] = sign * accounting_amounts(invoice, (), deducted_vat(invoice)).deposits_net
    amounts[_takes_the_cent(postings)] -= sum(amounts, ZERO) + sum((posting.amount for posting in vat), ZERO)
    converted_postings = [
        replace(posting, amount=amount, currency=invoice.currency, currency_amount=posting.amount)
        for posting, amount in zip(postings, amounts, strict=True)
    ]
    return [*converted_postings, *vat]


def parts_in_books(parts: Mapping[Nature, Sold], invoice: Invoice) -> dict[Nature, Sold]:
    """What a document, or a deposit that it deducts, sold of each nature, at the rate of `invoice`.

    The VAT of a rate is converted as a whole: of its natures, each takes the difference of two sums.
    """
    if not invoice.is_foreign:
        return dict(parts)
    before: dict[Decimal, Sold] = {}
    found: dict[Nature, Sold] = {}
    for nature, sold in parts.items():
        earlier = before.get(nature.rate, Sold())
        after = before[nature.rate] = earlier.plus(sold)
        found[nature] = Sold(
            converted(after.net, invoice) - converted(earlier.net, invoice),
            converted(after.vat, invoice) - converted(earlier.vat, invoice),
        )
    return found


def _credited(note: Invoice) -> Decimal:
    """What a credit note clears on 411 of its invoice, which has counted it."""
    if note.corrects_id is None:
        return converted(note.payable, note)
    original = Invoice.everywhere.get(pk=note.corrects_id)
    return share_worth(original, note.payable)


def _takes_the_cent(postings: Sequence[Posting]) -> int:
    """The largest sale; else the largest of the others, which is the deposit."""
    places = [place for place, posting in enumerate(postings) if posting.account.startswith(SALES) and posting.amount]
    others = [place for place, posting in enumerate(postings) if posting.account == accounts.DEPOSITS]
    return max(places or others, key=lambda place: abs(postings[place].amount))
