"""A year of a company, by chance: sales, deposits, credit notes, purchases, receipts, refunds, differences, reversals.

Each act picks its rows by chance and calls one service; time goes on between them. What the rules refuse is an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.models import Invoice, PurchaseInvoice
from billing.purchases.checking import check_purchase, save_purchase
from billing.purchases.doubts import settle_doubt
from billing.purchases.models import PurchaseStatus
from billing.services.deposits import draft_deposit
from billing.services.invoices import save_draft
from billing.services.issuing import issue_invoice
from config.kernel.actor import Actor
from config.kernel.clock import PARIS, local_day
from customers.models import Customer
from payments.models import Allocation, Payment, Refund, WriteOff
from payments.outgoing.refunding import cancel_refund, refund_customer
from payments.outgoing.returning import return_payment
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.models import SupplierPayment
from payments.outgoing.suppliers.recording import pay_supplier
from payments.outgoing.suppliers.taking_back import cancel_supplier_payment
from payments.services.allocations import allocate_shares, release_allocation
from payments.services.payments import record_payment, reverse_payment
from payments.services.receiving import receive_oldest_first
from payments.services.write_offs import keep_excess, take_back_write_off, write_off
from tests.factories import money, purchases, story, supplier_payments
from tests.trust import random_acts

ACTS: list[Callable[[Any], object]] = []
FIRST = datetime(2025, 1, 2, 9, tzinfo=PARIS)


def act(weight: int) -> Callable[[Callable[[Any], object]], Callable[[Any], object]]:
    def register(work: Callable[[Any], object]) -> Callable[[Any], object]:
        ACTS.extend([work] * weight)
        return work

    return register


@dataclass
class Year(random_acts.Day):
    """One company, the clock of 2025 and its chance. `step`: between two acts."""

    at: datetime = FIRST
    acts: list[Callable[[Any], object]] = field(default_factory=lambda: ACTS)
    step: timedelta = timedelta(days=3)
    payer: Actor = story.ACTOR

    def open(self) -> None:
        super().open()
        self.suppliers = [supplier_payments.a_supplier(self.company, name) for name in ("Nord", "Sud")]
        self.payer = supplier_payments.a_payer(self.company)

    def do_something(self) -> None:
        self.at += self.step * (0.5 + self.chance.random())
        super().do_something()

    @property
    def today(self) -> date:
        return local_day(self.at)

    def lately(self, most: int = 9) -> date:
        return max(self.today - timedelta(days=self.chance.randint(0, most)), date(2025, 1, 1))

    def a_sale(self) -> Invoice:
        customer = self.one_of(Customer, is_customer=True)
        return save_draft(invoice=None, customer=customer, values={}, lines=self.lines(), **self.who)


@act(9)
def sell(year: Year) -> object:
    return issue_invoice(invoice=year.a_sale(), **year.who)


@act(2)
def sell_after_a_deposit(year: Year) -> object:
    draft = year.a_sale()
    gross = year.an_amount(draft.total_gross)
    deposit = draft_deposit(source=draft, gross=gross, description="Acompte", **year.who)
    issue_invoice(invoice=deposit, **year.who)
    draft.refresh_from_db()
    return issue_invoice(invoice=draft, **year.who) if year.chance.random() < 0.7 else deposit


@act(3)
def credit(year: Year) -> object:
    invoice = year.chance.choice(list(Invoice.objects.issued().exclude(kind="381").order_by("pk")))
    return money.credit_invoice(invoice=invoice, parts=random_acts.parts_of(year, invoice), reason="Retour", **year.who)


@act(5)
def receive(year: Year) -> object:
    """Told some days later than it came, often of the exact balance."""
    invoice = year.chance.choice(year.owing())
    amount = invoice.balance if year.chance.random() < 0.6 else year.an_amount(2 * invoice.balance)
    owing = [one for one in year.owing() if one.customer_id == invoice.customer_id]
    shares = year.shares(amount, owing) if year.chance.random() < 0.8 else []
    return record_payment(
        customer=invoice.customer, amount=amount, method="TRANSFER", paid_on=year.lately(), shares=shares, **year.who
    )


@act(2)
def receive_for_the_oldest(year: Year) -> object:
    invoice = year.chance.choice(year.owing())
    amount = year.an_amount(invoice.balance)
    return receive_oldest_first(
        customer=invoice.customer, amount=amount, shares=[], method="CHECK", paid_on=year.lately(), **year.who
    )


@act(3)
def allocate(year: Year) -> object:
    payment = year.one_of(Payment, reverses=None)
    owing = [one for one in year.owing() if one.customer_id == payment.customer_id]
    return allocate_shares(payment=payment, shares=year.shares(payment.unallocated, owing), **year.who)


@act(2)
def release(year: Year) -> object:
    one = year.one_of(Allocation, amount__gt=0)
    amount = year.an_amount(one.amount)
    return release_allocation(payment=one.payment, invoice=one.invoice, amount=amount, reason="Erreur", **year.who)


@act(2)
def reverse(year: Year) -> object:
    return reverse_payment(payment=year.one_of(Payment, reverses=None), reason="Erreur", **year.who)


@act(1)
def bounce(year: Year) -> object:
    payment = year.one_of(Payment, reverses=None)
    amount = year.an_amount(payment.amount)
    return return_payment(payment=payment, amount=amount, returned_on=year.lately(3), reason="AC04", **year.who)


@act(2)
def refund(year: Year) -> object:
    payment = year.one_of(Payment, reverses=None)
    amount = year.an_amount(payment.unallocated)
    given = {"method": "TRANSFER", "iban": story.SECOND_IBAN, "reason": "Trop-perçu", "made_on": year.lately(3)}
    return refund_customer(customer=payment.customer, amount=amount, payments=[payment], **given, **year.who)


@act(1)
def take_a_refund_back(year: Year) -> object:
    return cancel_refund(refund=year.one_of(Refund), reason="Erreur", **year.who)


@act(2)
def settle_a_difference(year: Year) -> object:
    if year.chance.random() < 0.3:
        payment = year.one_of(Payment, reverses=None)
        return keep_excess(payment=payment, amount=Decimal("0.50"), reason="ROUNDING", note="", **year.who)
    invoice = year.chance.choice(year.owing())
    amount, reason = min(invoice.balance, Decimal(4)), year.chance.choice(["ROUNDING", "DISCOUNT", "LOSS"])
    with_vat = reason != "ROUNDING" and year.chance.random() < 0.5
    return write_off(invoice=invoice, amount=amount, reason=reason, with_vat=with_vat, note="Jugement", **year.who)


@act(1)
def take_a_difference_back(year: Year) -> object:
    return take_back_write_off(write_off=year.one_of(WriteOff, reverses=None), reason="Erreur", **year.who)


@act(5)
def buy(year: Year) -> object:
    """Of goods, services or a fixed asset; a credit note of one now and then."""
    regime = year.chance.choice(["GOODS", "SERVICES", "ASSET"])
    account = supplier_payments.ACCOUNTS.get(regime, "606300")
    net, supplier = str(Decimal(year.chance.randint(100, 90000)) / 100), year.chance.choice(year.suppliers)
    given: dict[str, Any] = {"issue_date": year.lately(5), "received_on": year.today, "at": year.at}
    if year.chance.random() < 0.2:
        given["kind"] = "381"
    days = timedelta(days=year.chance.choice((0, 15, 30, 60)))
    row = purchases.a_purchase(supplier, [purchases.a_bought_line(net, "20")], due_date=year.today + days, **given)
    save_purchase(purchase=row, values={}, lines=[purchases.kept(net, account, regime=regime, rate="20")], **year.who)
    for doubt in list(row.doubts):
        settle_doubt(purchase=row, doubt=doubt, actor=year.payer, at=year.at)
    return check_purchase(purchase=row, **year.who)


@act(4)
def pay_a_supplier(year: Year) -> object:
    row = year.one_of(PurchaseInvoice, status=PurchaseStatus.BOOKED)
    due = Due(row, year.an_amount(row.balance))
    account = money.a_bank_account(year.company)
    return pay_supplier(dues=[due], bank_account=account, method="TRANSFER", made_on=year.lately(3), **year.who)


@act(1)
def take_a_supplier_payment_back(year: Year) -> object:
    return cancel_supplier_payment(payment=year.one_of(SupplierPayment), reason="Erreur", **year.who)
