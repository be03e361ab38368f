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
from billing.services import correcting, deposits, invoices, issuing
from billing.services.crediting import CreditedPart
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from customers.models import Customer
from payments.models import BankAccount, Payment, Refund, WriteOff, WriteOffReason
from payments.outgoing import refunding, returning
from payments.services import payments, remittances, write_offs
from payments.services.crediting import issue_correction
from payments.services.credits import credit_of
from tests.factories import money, story
from tests.factories.story import IBAN
from tests.payments.money_state import MoneyState, money_state
from tests.trust import portal_acts, random_acts
from tests.trust.random_acts import Day


@dataclass
class MoneyDay(Day):
    """A day on which money alone moves."""

    files: list[bytes] = field(default_factory=list)

    def open(self) -> None:
        for _customer in range(2):
            story.a_customer(self.company)
        money.a_bank_account(self.company)
        money.another_bank_account(self.company)
        portal_acts.a_provider(self.company)
        for _invoice in range(3):
            issue(self)
        money.a_payment(self.one_of(Customer), "90.00", method="CASH")

    def do_something(self) -> None:
        """What there is nothing to do with yet, or is refused, makes room for another act."""
        count = len(self.done)
        for _attempt in range(8):
            super().do_something()
            if len(self.done) > count:
                return

    def a_customer(self) -> Customer:
        """One that owes money as often as not."""
        owing = self.owing()
        return self.chance.choice(owing).customer if owing and self.chance.random() < 0.6 else self.one_of(Customer)

    def a_standing_payment(self) -> Payment:
        return self.one_of(Payment, reverses=None, reversed_at=None)

    def state(self) -> MoneyState:
        return money_state(self.company)

    def stands(self, before: MoneyState) -> None:
        """Nothing has moved since."""
        assert before.differences(self.state()) == []

    def as_it_was(self, undo: Callable[[], object], before: MoneyState) -> None:
        """Half of the time what was done just now is undone at once, and leaves everything as it was."""
        if self.chance.random() < 0.5:
            return
        try:
            undo()
        except DomainError as error:
            raise AssertionError(f"what was done just now is not undone: {error}") from error
        self.stands(before)


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
    before, amount = day.state(), Decimal(day.chance.randint(1, 200000)) / 100
    customer = day.a_customer()
    method = day.chance.choice(["CARD", "CHECK", "CASH", "TRANSFER"])
    shares = day.shares(amount, [one for one in day.owing() if one.customer_id == customer.pk])
    payment = payments.record_payment(
        customer=customer, amount=amount, method=method, paid_on=local_day(day.at), shares=shares, **day.who
    )
    day.as_it_was(lambda: payments.reverse_payment(payment=payment, reason="Erreur", **day.who), before)


def write_off(day: MoneyDay) -> None:
    before, invoice = day.state(), day.chance.choice(day.owing())
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
    before, payment = day.state(), day.a_standing_payment()
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
    before, customer = day.state(), day.one_of(Customer)
    amount = day.an_amount(credit_of(customer))
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
    before, payment = day.state(), day.a_standing_payment()
    amount = day.an_amount(payment.amount)
    row = returning.return_payment(
        payment=payment, amount=amount, returned_on=local_day(day.at), reason="AM04", **day.who
    )
    day.as_it_was(lambda: refunding.cancel_refund(refund=row, reason="Erreur", **day.who), before)


def cancel_a_refund(day: MoneyDay) -> object:
    return refunding.cancel_refund(refund=day.one_of(Refund), reason="Erreur", **day.who)


def correct(day: MoneyDay) -> object:
    """An invoice replaced by another (384) at another price."""
    original = day.chance.choice(list(Invoice.objects.issued().exclude(kind="381").order_by("pk")))
    draft = correcting.draft_correction(invoice=original, reason="Prix erroné", **day.who)
    lines = [story.a_line("Article", unit_price=Decimal(day.chance.choice(("0.97", "68.33", "250"))))]
    draft = invoices.save_draft(invoice=draft, customer=original.customer, values={}, lines=lines, **day.who)
    return issue_correction(invoice=draft, **day.who)


def ask_a_deposit(day: MoneyDay) -> object:
    draft = story.a_draft(day.one_of(Customer), [story.a_line("Article", unit_price=Decimal("68.33"))])
    gross = day.an_amount(deposits.room_of(draft))
    note = deposits.draft_deposit(source=draft, gross=gross, description="Acompte", **day.who)
    return issuing.issue_invoice(invoice=note, **day.who)


def deduct(day: MoneyDay) -> object:
    """The final invoice, less the deposits that were paid for it."""
    final = day.one_of(Invoice, status="DRAFT", kind="380")
    keys = list(deposits.deductible_from(final).values_list("pk", flat=True))
    deposits.choose_deposits(invoice=final, keys=day.some(keys) if keys else [], **day.who)
    return issuing.issue_invoice(invoice=final, **day.who)


def remit(day: MoneyDay) -> None:
    """Cheques taken to the bank on one slip."""
    before = day.state()
    cheques = Payment.objects.filter(method="CHECK", reverses=None, reversed_at=None).order_by("pk")
    slip = remittances.remit_payments(
        company=day.company,
        method="CHECK",
        payments=day.some(cheques),
        bank_account=day.one_of(BankAccount, iban=day.company.iban),
        remitted_on=local_day(day.at),
        **day.who,
    )
    day.as_it_was(lambda: remittances.cancel_remittance(remittance=slip, reason="Erreur", **day.who), before)


def time_passes(day: MoneyDay) -> None:
    day.at += timedelta(days=day.chance.choice((1, 1, 20)))


ACTS: list[Callable[[Any], object]] = [
    *[issue] * 4, *[credit] * 2, *[pay_and_undo] * 4, *[write_off] * 4, *[keep_an_excess] * 2, *[refund] * 3,
    *[bounce] * 3, take_back_a_write_off, cancel_a_refund, *[correct] * 2, *[ask_a_deposit] * 2, *[deduct] * 2, remit,
    *[time_passes] * 2, *[random_acts.allocate] * 2, random_acts.release, random_acts.edit_a_payment,
    random_acts.take_back, *[random_acts.reconcile] * 2, random_acts.pay_the_oldest,
]  # fmt: skip
