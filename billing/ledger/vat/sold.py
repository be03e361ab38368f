"""The VAT lines of what is issued: due at once on 44571, or waiting for the payment on 44574, per rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from billing import exchange
from billing.ledger import accounts
from billing.ledger.entries import Posting
from billing.ledger.vat.waiting import Tax, held_by, is_on_collection, unpaid_part
from billing.models import Invoice
from billing.natures import Nature, Sold, own_parts
from config.kernel.money import ZERO


@dataclass(slots=True)
class _OfAccount:
    """The tax of one account: all of it, and what of it is of services or of a deposit."""

    whole: Tax = field(default_factory=Tax)
    on_collection: Tax = field(default_factory=Tax)


def sold_vat_postings(invoice: Invoice) -> list[Posting]:
    """Positive to debit, in the currency of the books. The deposits that the document deducts bear theirs already."""
    sums = _by_account(invoice)
    if invoice.is_credit_note:
        return [posting for posting in _given_back(invoice, sums) if posting.amount]
    waits = is_on_collection(invoice)
    postings = []
    for account, of in sums.items():
        waiting = _within(of.on_collection, of.whole) if waits else Tax()
        postings.append(_posting(account, Tax() - (of.whole - waiting)))
        postings.append(_posting(accounts.waiting_account(account), Tax() - waiting, invoice.pk))
    return [posting for posting in postings if posting.amount]


def _given_back(note: Invoice, sums: dict[str, _OfAccount]) -> Iterator[Posting]:
    """What a credit note takes off: what waits first, as far as what is left to pay leaves, then what is due."""
    if note.corrects is None:
        raise ValueError("a credit note corrects an invoice")
    # as it stands now: the note is counted on it already
    corrected: Invoice = Invoice.everywhere.get(pk=note.corrects.pk)
    held = held_by([corrected]).get(corrected.pk, {})
    left, whole = unpaid_part(corrected) if held else (ZERO, ZERO)
    # each account that the invoice holds: what is left to pay of it changes with the rest
    for account in dict.fromkeys([*sums, *held]):
        of = sums.get(account, _OfAccount())
        if account not in held:
            yield _posting(account, of.whole)
            continue
        before = held[account]
        waiting = before.waiting - (before.standing - of.on_collection).of(left, whole)
        yield _posting(accounts.waiting_account(account), waiting, corrected.pk)
        yield _posting(account, of.on_collection - waiting, corrected.pk)
        yield _posting(account, of.whole - of.on_collection)


def _posting(account: str, tax: Tax, invoice_id: int | None = None) -> Posting:
    return Posting(account, tax.vat, base=tax.base, invoice_id=invoice_id)


def _by_account(invoice: Invoice) -> dict[str, _OfAccount]:
    sums: dict[str, _OfAccount] = {}
    deposits = [row.deposit for row in invoice.deductions.all()] if invoice.amount_deposited else []
    all_of_it = invoice.is_deposit or (invoice.corrects is not None and invoice.corrects.is_deposit)
    for sign, document in ((1, invoice), *((-1, deposit) for deposit in deposits)):
        for nature, sold in exchange.parts_in_books(own_parts(document), invoice).items():
            tax = Tax(sign * sold.vat, sign * sold.net)
            if not _is_taxed(nature, sold):
                continue
            of = sums.setdefault(accounts.vat_account(nature.rate), _OfAccount())
            of.whole += tax
            if all_of_it or nature.is_service:
                of.on_collection += tax
    return sums


def _is_taxed(nature: Nature, sold: Sold) -> bool:
    return bool(nature.rate) or bool(sold.vat)


def _within(part: Tax, whole: Tax) -> Tax:
    """The part, between nothing and the whole: a deposit may be of another nature than what deducts it."""
    vat = min(max(part.vat, min(ZERO, whole.vat)), max(ZERO, whole.vat))
    return part if vat == part.vat else (whole if vat == whole.vat else Tax())
