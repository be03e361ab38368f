"""What is known of money received before it is recorded: from whom, how much, how, and where it was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict

from customers.models import Customer
from payments.models import BankAccount, Payment
from payments.services.allocations import Share
from payments.services.exchange import worth_on


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a feed read a payment: the service, and the ids there of the payment and of the invoice it pays."""

    service: str
    payment: str
    invoice: str

    def columns(self) -> dict[str, str]:
        return {"origin_service": self.service, "origin_payment": self.payment, "origin_invoice": self.invoice}


class Wording(TypedDict, total=False):
    """What people write about a payment and may correct later: nothing is computed from it."""

    reference: str
    notes: str
    transaction_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money received, as it is recorded. `amount` and `shares` are in `currency`.

    It is booked on the ledger account of `bank_account` when one is given, or on the one that `booked_on` names, where
    the money waits.
    """

    customer: Customer
    amount: Decimal
    method: str
    paid_on: date
    shares: Sequence[Share]
    currency: str = "EUR"
    bank_account: BankAccount | None = None
    origin: Origin | None = None
    booked_on: str = ""
    wording: Wording = field(default_factory=Wording)
    value: Decimal | None = None  # what came of it in the books, where the bank changed it

    @property
    def books(self) -> str:
        """The currency of the company's books."""
        return next((one.invoice.accounting_currency for one in self.shares), "") or self.customer.company.currency

    def accounting_amount(self) -> Decimal | None:
        """What it is worth in the books, where it is in another currency. Raises UnknownRate."""
        books, company_id = self.books, self.customer.company_id
        if self.currency == books or self.value is not None:
            return self.value
        return worth_on(self.amount, company_id=company_id, currency=self.currency, books=books, on=self.paid_on)

    def payment(self, at: datetime) -> Payment:
        """The row, not saved yet and without its number."""
        return Payment(
            company_id=self.customer.company_id,
            customer=self.customer,
            amount=self.amount,
            currency=self.currency,
            method=self.method,
            paid_on=self.paid_on,
            bank_account=self.bank_account,
            recorded_at=at,
            **self.wording,
            **(self.origin.columns() if self.origin else {}),
        )
