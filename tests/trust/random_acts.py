"""What people do all day in one company, in any order: each act picks its rows by chance and calls one service.

An act that the rules refuse (DomainError) is an answer; anything else is a defect.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.models import Invoice, InvoiceLine, OrderLine, Product, SalesOrder
from billing.services import correcting, crediting, deposits, generating, invoices, orders, products
from billing.services.crediting import CreditedPart
from billing.services.lines import LineInput
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.models import Company
from customers import services as customers
from customers.models import Customer, CustomerKind
from einvoicing.services import documents, sending
from payments.dunning import delivery, notices
from payments.dunning import sending as reminders
from payments.models import Allocation, BankAccount, BankLine, Match, Payment, Reminder
from payments.services import bank, payments, receiving, reconciliation, settling, undoing
from payments.services.allocations import Share, allocate_shares, release_allocation, spread
from tests.factories import money, story
from tests.factories.story import ACTOR

RATES = ("20", "10", "5.5", "2.1")
ACTS: list[Callable[[Any], object]] = []


def act(weight: int) -> Callable[[Callable[[Any], object]], Callable[[Any], object]]:
    def register(work: Callable[[Any], object]) -> Callable[[Any], object]:
        ACTS.extend([work] * weight)
        return work

    return register


@dataclass
class Day:
    """One company, its clock and its chance."""

    company: Company
    chance: random.Random
    at: datetime = story.AT
    acts: list[Callable[[Any], object]] = field(default_factory=lambda: ACTS)
    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Customers of several kinds, products with and without stock, two bank accounts."""
        for values in ({}, {"exemption_code": "VATEX-EU-132-1I"}, {"kind": CustomerKind.INDIVIDUAL}):
            story.a_customer(self.company, **values)
        for number, values in enumerate(({"tracks_stock": True}, {"vat_rate": "5.5", "tracks_stock": True}, {})):
            price = {"reference": f"P{number}", "name": f"Produit {number}", "unit_price": Decimal("33.335")}
            one = products.save_product(
                product=None, company_id=self.company.pk, values={**price, **values}, **self.who
            )
            if one.tracks_stock:
                products.move_stock(product=one, quantity=Decimal(50), reason="RECEIPT", **self.who)
        money.a_bank_account(self.company)

    @property
    def who(self) -> dict[str, Any]:
        return {"actor": ACTOR, "at": self.at}

    def do_something(self) -> None:
        work = self.chance.choice(self.acts)
        self.at += timedelta(minutes=1)
        try:
            work(self)
        except DomainError as error:
            self.refused.append(f"{work.__name__}: {error.code}")
        except IndexError:
            pass  # nothing to do it with yet
        else:
            self.done.append(work.__name__)

    def one_of(self, model: Any, **which: Any) -> Any:
        return self.chance.choice(list(model.objects.filter(**which).order_by("pk")))

    def some(self, rows: Sequence[Any], most: int = 3) -> list[Any]:
        return self.chance.sample(list(rows), min(len(rows), self.chance.randint(1, most)))

    def an_amount(self, most: Decimal) -> Decimal:
        """All of it as often as not, else a part to the cent."""
        cents = int(most * 100)
        return most if cents < 2 or self.chance.random() < 0.5 else Decimal(self.chance.randint(1, cents)) / 100

    def lines(self) -> list[LineInput]:
        typed = [self.line() for _line in range(self.chance.randint(1, 3))]
        if self.chance.random() < 0.2:  # what is given back on the same document
            typed.append(self.line(quantity=Decimal(-1), unit_price=Decimal("1.11")))
        return typed

    def line(self, **values: Any) -> LineInput:
        chosen = {
            "quantity": Decimal(self.chance.choice(("1", "2", "3", "0.5", "7"))),
            "unit_price": Decimal(self.chance.choice(("0.97", "13.33", "33.335", "68.33", "1000", "0"))),
            "discount_percent": Decimal(self.chance.choice(("0", "0", "0", "33.33", "100"))),
            "vat_rate": Decimal(self.chance.choice(RATES)),
            "is_service": self.chance.random() < 0.4,
        }
        if self.chance.random() < 0.1:
            chosen |= {"vat_category": "E", "vat_rate": Decimal(0)}
        product = self.chance.choice([None, *Product.objects.order_by("pk")])
        return story.a_line("Article", **{**chosen, "product_id": product and product.pk, **values})

    def owing(self) -> list[Invoice]:
        return [one for one in Invoice.objects.outstanding().order_by("pk") if one.balance]

    def shares(self, amount: Decimal, owing: Sequence[Invoice]) -> list[Share]:
        return spread(amount, self.some(owing)) if owing else []


@act(6)
def draft(day: Day) -> object:
    return invoices.save_draft(invoice=None, customer=day.one_of(Customer), values={}, lines=day.lines(), **day.who)


@act(2)
def edit_draft(day: Day) -> object:
    row = day.one_of(Invoice, status="DRAFT")
    kept = invoices.inputs_of(list(InvoiceLine.objects.filter(invoice=row)))
    lines = kept if day.chance.random() < 0.5 else day.lines()
    customer = day.one_of(Customer) if day.chance.random() < 0.4 else row.customer
    return invoices.save_draft(invoice=row, customer=customer, values={}, lines=lines, **day.who)


@act(1)
def delete_draft(day: Day) -> None:
    invoices.delete_draft(invoice=day.one_of(Invoice, status="DRAFT"), **day.who)


@act(14)
def issue(day: Day) -> object:
    row = day.one_of(Invoice, status="DRAFT")
    foreseen = refusal(lambda: documents.preflight(invoice=row, at=day.at))
    row.refresh_from_db()
    found = refusal(lambda: sending.issue_checked(invoice=row, **day.who))
    assert (foreseen is None) == (found is None), f"the pre-flight said {foreseen!r}, issuing {found!r}"
    if found:
        raise found
    return found


def refusal(work: Callable[[], object]) -> DomainError | None:
    try:
        work()
    except DomainError as error:
        return error
    return None


@act(4)
def ask_a_deposit(day: Day) -> object:
    drafts = list(Invoice.objects.filter(status="DRAFT", kind="380", order=None).order_by("pk"))
    source = day.chance.choice([*drafts, *SalesOrder.objects.filter(status__in=["PENDING", "SHIPPED"]).order_by("pk")])
    gross = day.an_amount(deposits.room_of(source))
    note = deposits.draft_deposit(source=source, gross=gross, description="Acompte", **day.who)
    return sending.issue_checked(invoice=note, **day.who) if day.chance.random() < 0.7 else note


@act(3)
def choose_deposits(day: Day) -> object:
    row = day.one_of(Invoice, status="DRAFT", kind__in=["380", "384"])
    free = deposits.deductible_from(row).values_list("pk", flat=True)
    return deposits.choose_deposits(invoice=row, keys=day.some(free) if free else [], **day.who)


def parts_of(day: Day, invoice: Invoice) -> list[CreditedPart] | None:
    """What is left, or some of its lines: in whole, by quantity or by amount."""
    if day.chance.random() < 0.4:
        return None
    parts = []
    for room in day.some(crediting.rooms_of(invoice)):
        share = Decimal(day.chance.choice(("1", "1", "0.5", "0.3")))
        if day.chance.random() < 0.3:
            parts.append(CreditedPart(line=room.line, amount=(room.net * share).quantize(Decimal("0.01"))))
        elif room.quantity:
            parts.append(CreditedPart(line=room.line, quantity=(room.quantity * share).quantize(Decimal("0.0001"))))
    return parts


@act(5)
def draft_a_credit(day: Day) -> object:
    invoice = day.chance.choice(list(Invoice.objects.issued().order_by("pk")))
    parts = parts_of(day, invoice)
    return crediting.draft_credit_note(invoice=invoice, parts=parts, reason="Retour", **day.who)


@act(4)
def credit(day: Day) -> object:
    invoice = day.chance.choice(list(Invoice.objects.issued().order_by("pk")))
    parts = parts_of(day, invoice)
    return sending.credit_checked(invoice=invoice, parts=parts, reason="Retour", **day.who)


@act(2)
def correct(day: Day) -> object:
    invoice = day.chance.choice(list(Invoice.objects.issued().order_by("pk")))
    return correcting.draft_correction(invoice=invoice, reason="Erreur", **day.who)


@act(5)
def pay(day: Day) -> object:
    customer = day.one_of(Customer)
    amount = Decimal(day.chance.randint(1, 200000)) / 100
    shares = day.shares(amount, [one for one in day.owing() if one.customer_id == customer.pk])
    account = day.chance.choice([None, day.one_of(BankAccount)])
    return payments.record_payment(
        customer=customer,
        amount=amount,
        method=day.chance.choice(["TRANSFER", "CASH", "CARD"]),
        paid_on=local_day(day.at),
        shares=shares,
        bank_account=account,
        **day.who,
    )


@act(3)
def allocate(day: Day) -> object:
    payment = day.one_of(Payment, reverses=None)
    owing = [one for one in day.owing() if one.customer_id == payment.customer_id]
    return allocate_shares(payment=payment, shares=day.shares(payment.unallocated, owing), **day.who)


@act(2)
def release(day: Day) -> object:
    one = day.one_of(Allocation)
    amount = day.an_amount(abs(one.amount))
    return release_allocation(payment=one.payment, invoice=one.invoice, amount=amount, reason="Erreur", **day.who)


@act(2)
def pay_the_oldest(day: Day) -> object:
    customer, paid_on = day.one_of(Customer), local_day(day.at)
    amount = Decimal(day.chance.randint(1, 200000)) / 100
    return receiving.receive_oldest_first(
        customer=customer, amount=amount, shares=[], method="TRANSFER", paid_on=paid_on, **day.who
    )


@act(2)
def edit_a_payment(day: Day) -> object:
    amount = Decimal(day.chance.randint(1, 200000)) / 100
    return receiving.replace_payment(
        payment=day.one_of(Payment),
        amount=amount,
        method="CARD",
        paid_on=local_day(day.at),
        reference="",
        notes="",
        **day.who,
    )


@act(2)
def take_back(day: Day) -> object:
    return undoing.take_back_payment(payment=day.one_of(Payment), reason="Rejet", **day.who)


@act(5)
def read_the_bank(day: Day) -> object:
    """Payments of one or two invoices, of a settled or cancelled one again, and a fee between them."""
    entries = [money.a_credit("-4.50", counterparty="Banque")]
    for invoice in day.some(list(Invoice.objects.issued().exclude(kind="381").order_by("pk"))):
        other = day.chance.choice(list(Invoice.objects.issued().exclude(kind="381").order_by("pk")))
        both = day.chance.random() < 0.3
        amount = invoice.balance + (other.balance if both else 0) or invoice.payable
        if amount > 0:
            words = f"{invoice.number} {other.number if both else ''}"
            entries.append(money.a_credit(str(amount), remittance=words, counterparty=invoice.buyer_name))
    data = money.a_statement_file(day.company, entries, at=day.at)
    return bank.import_statement(company=day.company, data=data, filename="releve.xml", **day.who)


@act(5)
def reconcile(day: Day) -> object:
    return reconciliation.reconcile(company=day.company, **day.who)


@act(3)
def match(day: Day) -> object:
    line = day.one_of(BankLine, status="OPEN")
    first = day.chance.choice(day.owing())
    owing = [one for one in day.owing() if one.customer_id == first.customer_id]
    return reconciliation.accept_match(line=line, shares=day.shares(line.amount, owing), **day.who)


@act(2)
def undo_a_match(day: Day) -> object:
    return undoing.undo_match(match=day.one_of(Match), reason="Erreur", **day.who)


@act(2)
def put_a_line_aside(day: Day) -> object:
    line = day.one_of(BankLine)
    if day.chance.random() < 0.5:
        return undoing.reopen_line(line=line, **day.who)
    return settling.suspend_line(line=line, reason="Frais", **day.who)


@act(2)
def dispute(day: Day) -> object:
    return invoices.open_dispute(invoice=day.one_of(Invoice), reason="Marchandise abîmée", **day.who)


@act(2)
def end_a_dispute(day: Day) -> object:
    return invoices.close_dispute(invoice=day.one_of(Invoice), **day.who)


@act(4)
def order(day: Day) -> object:
    return orders.save_order(order=None, customer=day.one_of(Customer), values={}, lines=day.lines(), **day.who)


@act(1)
def edit_order(day: Day) -> object:
    row = day.one_of(SalesOrder)
    kept = invoices.inputs_of(list(OrderLine.objects.filter(order=row)))
    lines = kept if day.chance.random() < 0.5 else day.lines()
    return orders.save_order(order=row, customer=day.one_of(Customer), values={}, lines=lines, **day.who)


@act(9)
def move_an_order(day: Day) -> object:
    moves = (orders.confirm_order, orders.confirm_order, orders.ship_order, orders.ship_order, orders.cancel_order)
    return day.chance.choice(moves)(order=day.one_of(SalesOrder, status__in=["DRAFT", "PENDING"]), **day.who)


@act(4)
def invoice_an_order(day: Day) -> object:
    return generating.generate_invoice(order=day.one_of(SalesOrder), **day.who)


@act(2)
def move_stock(day: Day) -> object:
    product = day.one_of(Product)
    if day.chance.random() < 0.3:
        return products.count_stock(product=product, counted=Decimal(day.chance.randint(0, 60)), **day.who)
    reason = day.chance.choice(["RECEIPT", "RETURN"])
    return products.move_stock(product=product, quantity=Decimal(5), reason=reason, **day.who)


@act(1)
def archive_or_restore(day: Day) -> object:
    if day.chance.random() < 0.5:
        return customers.archive_customer(customer=day.one_of(Customer), **day.who)
    for one in Product.objects.exclude(archived_at=None):
        products.restore_product(product=one, **day.who)
    for one in Customer.objects.exclude(archived_at=None):
        customers.restore_customer(customer=one, **day.who)
    return products.archive_product(product=day.one_of(Product), **day.who)


@act(2)
def remind(day: Day) -> object:
    reminders.send_reminders(company=day.company, **day.who)
    return delivery.deliver_reminders(at=day.at)


@act(1)
def send_a_letter(day: Day) -> object:
    return notices.send_drafted(reminder=day.one_of(Reminder), **day.who)


@act(4)
def time_passes(day: Day) -> None:
    day.at += timedelta(days=day.chance.choice((0, 1, 3, 12)), hours=1)
