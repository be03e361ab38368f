"""The till (caisse): what came in and went out in cash, the limit the law sets, and a balance that is never negative.

Limit: art. L112-6 and D112-3 CMF, 1,000 € to a business, 15,000 € from a private person whose tax home is abroad;
both are settings of the company. Each currency is counted apart; one in another than euros is held to the limit at the
rate of its day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from billing.models import Invoice
from config.kernel import typography
from config.kernel.errors import DomainError
from config.kernel.models import Company, CompanyRow
from config.kernel.money import ZERO
from customers.models import Address, AddressKind, Customer
from payments.models import (
    Allocation,
    CollectionSettings,
    Method,
    Payment,
    Refund,
    Remittance,
    RemittanceLine,
    SupplierPayment,
    SupplierPaymentKind,
)
from payments.services.exchange import worth_on

EURO = "EUR"
# France and its departments overseas, which have codes of their own
TAX_HOME = frozenset({"FR", "GP", "MQ", "RE", "GF", "YT"})


class BeyondTheCashLimit(DomainError):
    code = "beyond_the_cash_limit"
    message = (
        "La loi limite à %(limit)s ce qu’un professionnel reçoit en espèces pour une même dette "
        "(art. D112-3 du code monétaire et financier) : %(amount)s dépassent ce plafond."
    )


class NotEnoughInTheTill(DomainError):
    code = "not_enough_in_the_till"
    message = "Il y a %(balance)s en caisse : %(amount)s ne peuvent pas en sortir."


def settings_of(company_id: int) -> CollectionSettings:
    """The company's choices; those it starts with where it has made none."""
    found = CollectionSettings.everywhere.filter(company=company_id).first()
    return found or CollectionSettings(company_id=company_id)


def check_cash_limit(customer: Customer, amount: Decimal, *, currency: str, on: date) -> None:
    """Raises BeyondTheCashLimit for more cash than French law lets pay one debt with: Switzerland has no such limit.

    The limit is in euros: an amount in another currency counts at the rate of `on`. Raises UnknownRate.
    """
    if customer.company.is_swiss:
        return
    terms = settings_of(customer.company_id)
    limit = terms.cash_limit_abroad if _lives_abroad(customer) else terms.cash_limit
    if worth_on(amount, company_id=customer.company_id, currency=currency, books=EURO, on=on) > limit:
        raise BeyondTheCashLimit(limit=typography.money(limit), amount=typography.money(amount, currency))


def _lives_abroad(customer: Customer) -> bool:
    if not customer.is_individual:
        return False
    address = Address.everywhere.filter(customer=customer, kind=AddressKind.BILLING).first()
    return address is not None and address.country not in TAX_HOME


def check_cash_share(invoice: Invoice, amount: Decimal, *, on: date) -> None:
    """The same for all the cash that one invoice holds, with `amount` more, both in its currency."""
    held = Allocation.everywhere.filter(invoice=invoice, payment__method=Method.CASH)
    total = amount + held.aggregate(sum=Sum("amount", default=ZERO))["sum"]
    check_cash_limit(invoice.customer, total, currency=invoice.currency, on=on)


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of the till: positive in, negative out, and the balance it leaves in its currency."""

    day: date
    row: CompanyRow
    label: str
    amount: Decimal
    currency: str
    balance: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What went out."""
        return max(-self.amount, ZERO)


def till_balances(company: Company | int) -> dict[str, Decimal]:
    """What the till should hold now, by currency."""
    received = Payment.everywhere.filter(company=company, method=Method.CASH, bank_account=None)
    paid_in = RemittanceLine.everywhere.filter(company=company, remittance__method=Method.CASH, removed_at=None)
    balances = _by_currency(received, "currency")
    left = [(paid_in, "payment__currency"), (_given_back(company), "currency"), (_paid_out(company), "currency")]
    for rows, column in left:
        for currency, amount in _by_currency(rows, column).items():
            balances[currency] = balances.get(currency, ZERO) - amount
    return balances


def _by_currency(rows: QuerySet[Any], column: str) -> dict[str, Decimal]:
    return dict(rows.order_by().values(column).annotate(sum=Sum("amount")).values_list(column, "sum"))


def _given_back(company: Company | int) -> QuerySet[Refund]:
    """Refunds in cash that stand; what was cancelled is in the till again."""
    rows: QuerySet[Refund] = Refund.everywhere.filter(
        company=company, method=Method.CASH, bank_account=None, cancelled_at=None
    )
    return rows


def _paid_out(company: Company | int) -> QuerySet[SupplierPayment]:
    """What suppliers got in cash, as far as it stands and did not come back."""
    back = SupplierPayment.everywhere.filter(kind=SupplierPaymentKind.RETURN, cancelled_at=None)
    rows: QuerySet[SupplierPayment] = SupplierPayment.everywhere.filter(
        company=company, method=Method.CASH, bank_account=None, cancelled_at=None, kind=SupplierPaymentKind.PAYMENT
    ).exclude(pk__in=back.values("returns"))
    return rows


def check_till(company_id: int, amount: Decimal, currency: str) -> None:
    """Before `amount` leaves the till. Raises NotEnoughInTheTill."""
    balance = till_balances(company_id).get(currency, ZERO)
    if amount > balance:
        raise NotEnoughInTheTill(balance=typography.money(balance, currency), amount=typography.money(amount, currency))


def till_movements(company: Company) -> Iterator[Movement]:
    """All movements, the oldest first, each with the balance of its currency after it."""
    received = Payment.everywhere.filter(company=company, method=Method.CASH, bank_account=None)
    found = [
        Movement(row.paid_on, row, row.customer.name, row.amount, row.currency)
        for row in received.select_related("customer")
    ]
    paid_in = RemittanceLine.everywhere.filter(company=company, remittance__method=Method.CASH, removed_at=None)
    totals = list(paid_in.values_list("remittance", "payment__currency").annotate(sum=Sum("amount")).order_by())
    slips = Remittance.everywhere.select_related("bank_account").in_bulk({key for key, _currency, _sum in totals})
    for key, currency, amount in totals:
        found.append(Movement(slips[key].remitted_on, slips[key], str(slips[key].bank_account), -amount, currency))
    refunds = _given_back(company).select_related("customer")
    found += [Movement(row.made_on, row, row.customer.name, -row.amount, row.currency) for row in refunds]
    paid_out = _paid_out(company).select_related("supplier")
    found += [Movement(row.made_on, row, row.supplier.name, -row.amount, row.currency) for row in paid_out]
    balances: dict[str, Decimal] = {}
    # what came in on a day before what left on it
    for one in sorted(found, key=lambda one: (one.day, one.amount < 0, one.row.pk)):
        balances[one.currency] = balances.get(one.currency, ZERO) + one.amount
        yield replace(one, balance=balances[one.currency])
