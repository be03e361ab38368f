"""The till (caisse): what came in and went out in cash, the limit the law sets, and a balance that is never negative.

Limit: art. L112-6 and D112-3 CMF, 1,000 € to a business, 15,000 € from a private person whose tax home is abroad;
both are settings of the company.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

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


def check_cash_limit(customer: Customer, amount: Decimal) -> None:
    """Raises BeyondTheCashLimit for more cash than French law lets pay one debt with: Switzerland has no such limit."""
    if customer.company.is_swiss:
        return
    terms = settings_of(customer.company_id)
    limit = terms.cash_limit_abroad if _lives_abroad(customer) else terms.cash_limit
    if amount > limit:
        raise BeyondTheCashLimit(limit=typography.money(limit), amount=typography.money(amount))


def _lives_abroad(customer: Customer) -> bool:
    if not customer.is_individual:
        return False
    address = Address.everywhere.filter(customer=customer, kind=AddressKind.BILLING).first()
    return address is not None and address.country not in TAX_HOME


def check_cash_share(invoice: Invoice, amount: Decimal) -> None:
    """The same for all the cash that one invoice holds, with `amount` more."""
    held = Allocation.everywhere.filter(invoice=invoice, payment__method=Method.CASH)
    check_cash_limit(invoice.customer, amount + held.aggregate(sum=Sum("amount", default=ZERO))["sum"])


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of the till: positive in, negative out, and the balance it leaves."""

    day: date
    row: CompanyRow
    label: str
    amount: Decimal
    balance: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What went out."""
        return max(-self.amount, ZERO)


def till_balance(company: Company | int) -> Decimal:
    """What the till should hold now."""
    received = Payment.everywhere.filter(company=company, method=Method.CASH, bank_account=None)
    paid_in = RemittanceLine.everywhere.filter(company=company, remittance__method=Method.CASH, removed_at=None)
    given_back = _given_back(company)
    counted = (received, paid_in, given_back, _paid_out(company))
    sums = [rows.aggregate(sum=Sum("amount", default=ZERO))["sum"] for rows in counted]
    return Decimal(sums[0] - sum(sums[1:]))


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


def check_till(company_id: int, amount: Decimal) -> None:
    """Before `amount` leaves the till. Raises NotEnoughInTheTill."""
    balance = till_balance(company_id)
    if amount > balance:
        currency = Company.objects.get(pk=company_id).currency
        raise NotEnoughInTheTill(balance=typography.money(balance, currency), amount=typography.money(amount, currency))


def till_movements(company: Company) -> Iterator[Movement]:
    """All movements, the oldest first, each with the balance after it."""
    received = Payment.everywhere.filter(company=company, method=Method.CASH, bank_account=None)
    found = [Movement(row.paid_on, row, row.customer.name, row.amount) for row in received.select_related("customer")]
    paid_in = RemittanceLine.everywhere.filter(company=company, remittance__method=Method.CASH, removed_at=None)
    totals = dict(paid_in.values("remittance").annotate(sum=Sum("amount")).values_list("remittance", "sum"))
    slips = Remittance.everywhere.filter(pk__in=totals).select_related("bank_account")
    found += [Movement(row.remitted_on, row, str(row.bank_account), -totals[row.pk]) for row in slips]
    refunds = _given_back(company).select_related("customer")
    found += [Movement(row.made_on, row, row.customer.name, -row.amount) for row in refunds]
    paid_out = _paid_out(company).select_related("supplier")
    found += [Movement(row.made_on, row, row.supplier.name, -row.amount) for row in paid_out]
    balance = ZERO
    # what came in on a day before what left on it
    for one in sorted(found, key=lambda one: (one.day, one.amount < 0, one.row.pk)):
        balance += one.amount
        yield Movement(one.day, one.row, one.label, one.amount, balance)
