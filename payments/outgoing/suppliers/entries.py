"""What supplier payments book: D 401 or 404 / C the money account, and discounts obtained.

Escompte obtenu: 765 for its net, and the VAT that falls with it is deducted no more (CGI 267-II-1°, 272-1). The VAT on
services that a payment makes deductible is moved where the purchase is counted (billing.purchases.settling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.ledger import Posting
from billing.purchases.accounts import DISCOUNTS_OBTAINED
from billing.purchases.models import PurchaseInvoice
from billing.purchases.postings import supplier_account, vat_parts
from config.kernel.money import ZERO, round2


@dataclass(frozen=True, slots=True)
class Due:
    """So much of a purchase that a payment settles, of it `discount` (TTC) without money; both negative taken back.

    Of a credit note: so much of it that is netted.
    """

    purchase: PurchaseInvoice
    amount: Decimal
    discount: Decimal = ZERO

    @property
    def paid(self) -> Decimal:
        """The money of it, signed: positive leaves."""
        return self.purchase.sign * self.amount - self.discount

    def taken_back(self) -> Due:
        return Due(self.purchase, -self.amount, -self.discount)


def postings_of(dues: Sequence[Due], account: str) -> list[Posting]:
    """All of a payment, one posting an account and third party; `account`: where its money leaves from."""
    sums: dict[tuple[str, int | None], Decimal] = {}
    for posting in [posting for due in dues for posting in _of(due)]:
        key = posting.account, posting.customer_id
        sums[key] = sums.get(key, ZERO) + posting.amount
    postings = [Posting(owed, amount, third) for (owed, third), amount in sums.items() if amount]
    return [*postings, Posting(account, -sum((due.paid for due in dues), ZERO))]


def _of(due: Due) -> list[Posting]:
    purchase = due.purchase
    owed = Posting(supplier_account(purchase), purchase.sign * due.amount, purchase.supplier_id)
    return [owed, *_discount(due)] if due.discount else [owed]


def _discount(due: Due) -> list[Posting]:
    """The same share of each deductible VAT of the supplier; none where the tax is ours to state."""
    purchase = due.purchase
    payable = purchase.total_gross - purchase.amount_deposited
    parts = vat_parts(purchase) if purchase.total_vat else []
    taxes = [(part.target, round2(due.discount * part.amount / payable)) for part in parts]
    net = due.discount - sum((tax for _account, tax in taxes), ZERO)
    return [Posting(DISCOUNTS_OBTAINED, -net), *(Posting(account, -tax) for account, tax in taxes)]
