"""What happens to money, in any order: each act picks its rows by chance and calls one service.

An act that the rules refuse (DomainError) is an answer; anything else is a defect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing.models import Invoice
from billing.services.crediting import CreditedPart
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from customers.models import Customer
from payments.models import BankLine, Match, Payment, Refund, WriteOff, WriteOffReason
from payments.outgoing import refunding, returning
from payments.services import bank, payments, settling, undoing, write_offs
from payments.services.allocations import Share
from payments.services.settling_parts import Booked, Credit, Found, Received
from tests.factories import money, story
from tests.factories.story import IBAN
from tests.payments.money_state import money_state
from tests.trust import random_acts
from tests.trust.random_acts import Day

CHARGE = "616000"  # nothing else books on it: what is there is what lines were booked for


@dataclass
class MoneyDay(Day):
    """A day on which money alone moves."""

    acts: list[Callable[[Any], object]] = field(default_factory=lambda: ACTS)
    files: list[bytes] = field(default_factory=list)

    def open(self) -> None:
        for _customer in range(2):
            story.a_customer(self.company)
        money.a_bank_account(self.company)

    def a_standing_payment(self) -> Payment:
        return self.one_of(Payment, reverses=None, reversed_at=None)

    def as_it_was(self, undo: Callable[[], object], before: Any) -> None:
        """Half of the time what was done just now is undone at once, and leaves everything as it was."""
        if self.chance.random() < 0.5:
            return
        try:
            undo()
        except DomainError as error:
            raise AssertionError(f"what was done just now is not undone: {error}") from error
        assert before.differences(money_state(self.company)) == []


def issue(day: MoneyDay) -> object:
    lines = [
        story.a_line(
            "Article",
            quantity=Decimal(day.chance.choice(("1", "2", "0.5"))),
            unit_price=Decimal(day.chance.choice(("13.33", "100", "33.335", "999.99"))),
            vat_rate=Decimal(day.chance.choice(("20", "10", "5.5"))),
        )
        for _line in range(day.chance.randint(1, 2))
    ]
    return story.an_issued_invoice(day.one_of(Customer), lines, at=day.at)


def credit(day: MoneyDay) -> object:
    invoice = day.chance.choice(list(Invoice.objects.issued().exclude(kind="381").order_by("pk")))
    parts = None
    if day.chance.random() < 0.6:
        line = day.chance.choice(list(invoice.lines.order_by("position")))
        parts = [CreditedPart(line=line, quantity=line.quantity / 2)]
    return money.credit_invoice(invoice=invoice, parts=parts, reason="Retour", **day.who)


def pay_and_undo(day: MoneyDay) -> None:
    before, amount = money_state(day.company), Decimal(day.chance.randint(1, 200000)) / 100
    customer = day.one_of(Customer)
    shares = day.shares(amount, [one for one in day.owing() if one.customer_id == customer.pk])
    payment = payments.record_payment(
        customer=customer, amount=amount, method="CARD", paid_on=local_day(day.at), shares=shares, **day.who
    )
    day.as_it_was(lambda: payments.reverse_payment(payment=payment, reason="Erreur", **day.who), before)


def write_off(day: MoneyDay) -> None:
    before, invoice = money_state(day.company), day.chance.choice(day.owing())
    reason = day.chance.choice(WriteOffReason.values)
    row = write_offs.write_off(
        invoice=invoice,
        amount=day.an_amount(invoice.balance),
        reason=reason,
        with_vat=reason in write_offs.WITH_VAT and day.chance.random() < 0.7,
        note="Jugement",
        **day.who,
    )
    day.as_it_was(lambda: write_offs.take_back_write_off(write_off=row, reason="Erreur", **day.who), before)


def keep_an_excess(day: MoneyDay) -> None:
    before, payment = money_state(day.company), day.a_standing_payment()
    row = write_offs.keep_excess(
        payment=payment,
        amount=day.an_amount(payment.unallocated),
        reason=day.chance.choice(list(write_offs.GAINED)),
        note="",
        **day.who,
    )
    day.as_it_was(lambda: write_offs.take_back_write_off(write_off=row, reason="Erreur", **day.who), before)


def take_back_a_write_off(day: MoneyDay) -> object:
    return write_offs.take_back_write_off(write_off=day.one_of(WriteOff), reason="Erreur", **day.who)


def refund(day: MoneyDay) -> None:
    before, customer = money_state(day.company), day.one_of(Customer)
    amount = day.an_amount(refunding.credit_of(customer))
    row = refunding.refund_customer(
        customer=customer,
        amount=amount,
        method=day.chance.choice(["TRANSFER", "CASH"]),
        iban=IBAN,
        reason="Trop-perçu",
        made_on=local_day(day.at),
        **day.who,
    )
    day.as_it_was(lambda: refunding.cancel_refund(refund=row, reason="Erreur", **day.who), before)


def bounce(day: MoneyDay) -> None:
    before, payment = money_state(day.company), day.a_standing_payment()
    amount = day.an_amount(payment.amount)
    row = returning.return_payment(
        payment=payment, amount=amount, returned_on=local_day(day.at), reason="AM04", **day.who
    )
    day.as_it_was(lambda: refunding.cancel_refund(refund=row, reason="Erreur", **day.who), before)


def cancel_a_refund(day: MoneyDay) -> object:
    return refunding.cancel_refund(refund=day.one_of(Refund), reason="Erreur", **day.who)


def read_a_statement(day: MoneyDay) -> object:
    """Money of an invoice, whole or not, and a charge."""
    owing = day.some(day.owing(), most=2)
    entries = [money.a_credit(str(day.an_amount(one.balance)), remittance=str(one.number)) for one in owing]
    entries.append(money.a_credit("-4.50", counterparty="Banque"))
    data = money.a_statement_file(day.company, entries, at=day.at)
    day.files.append(data)
    return bank.import_statement(company=day.company, data=data, filename="releve.xml", **day.who)


def read_it_again(day: MoneyDay) -> None:
    before, lines = money_state(day.company), BankLine.objects.count()
    data = day.chance.choice(day.files)
    bank.import_statement(company=day.company, data=data, filename="encore.xml", **day.who)
    assert (BankLine.objects.count(), before.differences(money_state(day.company))) == (lines, [])


def settle(day: MoneyDay) -> None:
    """Money of a customer for several invoices with an older credit, money found again, or a charge."""
    line = day.one_of(BankLine, status__in=["OPEN", "SUSPENSE"])
    before = money_state(day.company)
    part: Any
    if line.amount < 0:
        part = Booked(CHARGE, line.amount, "Assurance")
    elif day.chance.random() < 0.2:
        found = day.a_standing_payment()
        part = Found(found, line.amount)
    else:
        part = _received(day, line)
    match = settling.settle_line(line=line, parts=[part], rule="person", is_automatic=False, **day.who)
    day.as_it_was(lambda: undoing.undo_match(match=match, reason="Erreur", **day.who), before)


def _received(day: MoneyDay, line: BankLine) -> Received:
    customer = day.one_of(Customer)
    owing = [one for one in day.owing() if one.customer_id == customer.pk]
    used = [one for one in refunding.credit_payments(customer) if day.chance.random() < 0.5][:1]
    credit_used = [Credit(one, one.unallocated) for one in used]
    room = line.amount + sum((one.amount for one in credit_used), Decimal(0))
    shares: list[Share] = day.shares(room, owing)
    return Received(customer, line.amount, shares, credit_used)


def suspend(day: MoneyDay) -> None:
    before, line = money_state(day.company), day.one_of(BankLine, status="OPEN")
    settling.suspend_line(line=line, reason="Inconnu", **day.who)
    line.refresh_from_db()
    day.as_it_was(lambda: undoing.reopen_line(line=line, **day.who), before)


def undo_a_match(day: MoneyDay) -> object:
    return undoing.undo_match(match=day.one_of(Match, undone_at=None), reason="Erreur", **day.who)


def time_passes(day: MoneyDay) -> None:
    day.at += timedelta(days=1)


ACTS: list[Callable[[Any], object]] = [
    *[issue] * 4, *[credit] * 2, *[pay_and_undo] * 4, *[write_off] * 4, *[keep_an_excess] * 2, *[refund] * 3,
    *[bounce] * 3, *[settle] * 5, *[read_a_statement] * 3, *[suspend] * 2, *[undo_a_match] * 3, take_back_a_write_off,
    cancel_a_refund, read_it_again, time_passes, random_acts.allocate, random_acts.allocate, random_acts.release,
    random_acts.edit_a_payment, random_acts.take_back, random_acts.reconcile, random_acts.pay_the_oldest,
]  # fmt: skip
