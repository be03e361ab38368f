"""VAT on services waits on 44574 and falls due with what is paid (CGI 269-2 c); deposits too, of goods since 2023."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.ledger.closing import close_books
from billing.ledger.vat import sold
from billing.models import ClosingKind, Invoice, InvoiceLine, JournalEntry, JournalLine
from billing.services.correcting import draft_correction
from billing.services.crediting import CreditedPart
from billing.services.deposits import choose_deposits, draft_deposit
from billing.services.invoices import save_draft
from billing.services.issuing import issue_invoice
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import Method, Payment, WriteOffReason
from payments.services.allocations import Share, allocate_payment, lock_invoices
from payments.services.crediting import issue_correction
from payments.services.credits import use_credit
from payments.services.payments import record_payments, reverse_payment
from payments.services.receipts import Receipt
from payments.services.receiving import release_invoice
from payments.services.write_offs import live_write_offs, take_back_write_off, write_off
from tests.factories import money, story
from tests.factories.story import ACTOR, AT
from tests.trust.money_figures import check_money, check_waiting_vat

pytestmark = pytest.mark.django_db

WHO: dict[str, Any] = {"actor": ACTOR, "at": AT}
DUE, WAITING = "445711", "445741"


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def a_service(description: str = "Étude", price: str = "1000.00", **values: Any) -> Any:
    return story.a_line(
        description, **{"quantity": Decimal(1), "unit_price": Decimal(price), "is_service": True, **values}
    )


def an_invoice(company: Company, *lines: Any, **values: Any) -> Invoice:
    """1 200 € with VAT for a service, or what the lines say."""
    return story.an_issued_invoice(story.a_customer(company), lines or [a_service()], **values)


def vat() -> dict[str, Decimal]:
    """What stands on each account of VAT collected, where we owe it."""
    found: dict[str, Decimal] = {}
    for line in JournalLine.objects.filter(account__startswith="4457"):
        found[line.account] = found.get(line.account, Decimal(0)) + line.credit - line.debit
    return {account: amount for account, amount in found.items() if amount}


def pay(invoice: Invoice, amount: str, **values: Any) -> Payment:
    return money.a_payment(invoice.customer, amount, [(invoice, amount)], **values)


def settle(invoice: Invoice, amount: str, reason: str, **values: Any) -> Any:
    options = {"with_vat": False, "note": "", **WHO, **values}
    return write_off(invoice=invoice, amount=Decimal(amount), reason=reason, **options)


def test_vat_on_a_service_waits_and_that_on_goods_is_due(company):
    an_invoice(company, a_service(), story.a_line("Chaise", quantity=Decimal(1), unit_price=Decimal("50.00")))
    assert vat() == {WAITING: 200, DUE: 10}


def test_on_debits_it_is_due_as_it_is_invoiced(company):
    company.vat_on_debits = True
    company.save(update_fields=["vat_on_debits"])
    invoice = an_invoice(company)
    pay(invoice, "600")
    assert vat() == {DUE: 200}


def test_a_swiss_company_owes_it_as_it_is_invoiced(company):
    company.country = "CH"
    company.save(update_fields=["country"])
    an_invoice(company)
    assert vat() == {DUE: 200}


def test_each_receipt_moves_its_share_and_the_last_takes_the_cent(company):
    invoice = an_invoice(company, a_service(price="100.01"), a_service(price="33.33", vat_rate=Decimal("5.5")))
    assert vat() == {WAITING: Decimal("20.00"), "445743": Decimal("1.83")}
    for amount in ("50.00", "50.00", "1.01"):
        pay(invoice, amount)
        check_waiting_vat()
    invoice.refresh_from_db()
    pay(invoice, str(invoice.balance))
    assert vat() == {DUE: Decimal("20.00"), "445713": Decimal("1.83")}


def test_the_move_is_booked_on_the_day_of_the_money_with_its_base(company):
    invoice = an_invoice(company, at=AT - timedelta(days=20))
    payment = pay(invoice, "600", paid_on=date(2026, 11, 3))
    entry = JournalEntry.objects.get(source=payment.subject, journal="OD")
    assert (entry.day, entry.piece, entry.label) == (
        date(2026, 11, 3),
        payment.number,
        f"TVA exigible sur {payment.number} : {invoice.number}",
    )
    rows = entry.lines.values_list("account", "debit", "credit", "base", "invoice_id")
    assert list(rows) == [(WAITING, 100, 0, 500, invoice.pk), (DUE, 0, 100, -500, invoice.pk)]


def test_money_of_a_closed_month_falls_due_on_the_first_open_day(company):
    invoice = an_invoice(company, at=AT - timedelta(days=40))
    close_books(company=company, kind=ClosingKind.HARD, through=date(2026, 10, 31), **WHO)
    payment = pay(invoice, "600", paid_on=date(2026, 10, 20))
    assert JournalEntry.objects.get(source=payment.subject, journal="OD").day == date(2026, 11, 1)


def test_no_vat_falls_due_before_its_invoice(company):
    customer = story.a_customer(company)
    payment = money.a_payment(customer, "600", paid_on=date(2026, 11, 2))
    invoice = story.an_issued_invoice(customer, [a_service()])
    use_credit(invoice=invoice, **WHO)
    assert JournalEntry.objects.get(source=payment.subject, journal="OD").day == invoice.issue_date
    assert vat() == {WAITING: 100, DUE: 100}


def test_what_is_taken_back_waits_again(company):
    invoice = an_invoice(company)
    first, second = pay(invoice, "500"), pay(invoice, "700")
    assert vat() == {DUE: 200}
    reverse_payment(payment=first, reason="Rejet", **WHO)
    assert vat() == {WAITING: Decimal("83.33"), DUE: Decimal("116.67")}
    release_invoice(payment=second, invoice=invoice, reason="Erreur", **WHO)
    assert vat() == {WAITING: 200}


def test_where_a_payment_was_booked_is_still_known(company):
    invoice = an_invoice(company)
    payment = pay(invoice, "600", method=Method.CHECK)
    reversal = reverse_payment(payment=payment, reason="Impayé", **WHO)
    lines = JournalLine.objects.filter(entry__source=reversal.subject, entry__journal="BQ")
    assert {line.account for line in lines} == {"411000", "511200"}


def test_several_payments_of_one_invoice_at_once_are_booked_each(company):
    invoice = an_invoice(company)
    receipts = [
        Receipt(
            customer=invoice.customer,
            amount=Decimal(amount),
            method=Method.TRANSFER,
            paid_on=AT.date(),
            shares=[Share(invoice, Decimal(amount))],
        )
        for amount in ("100.01", "99.99", "1000.00")
    ]
    payments = record_payments(receipts, lock_invoices([invoice]), **WHO)
    moved = [JournalLine.objects.get(entry__source=payment.subject, account=DUE).credit for payment in payments]
    assert moved == [Decimal("16.67"), Decimal("16.66"), Decimal("166.67")]
    assert vat() == {DUE: 200}


def statements(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len([one for one in queries.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def test_receipts_of_goods_cost_nothing_and_those_of_services_few_statements(company):
    goods, service = an_invoice(company, story.a_line()), an_invoice(company)
    of_goods = statements(lambda: pay(goods, "1440"))
    assert not JournalEntry.objects.filter(journal="OD").exists()
    assert statements(lambda: pay(service, "1200")) <= of_goods + 7


def test_a_deposit_is_due_as_it_is_paid_and_the_final_invoice_bears_the_rest(company):
    draft = story.a_draft(story.a_customer(company), [story.a_line(), a_service()])
    deposit = issue_invoice(
        invoice=draft_deposit(source=draft, gross=Decimal("360.00"), description="Acompte", **WHO), **WHO
    )
    assert vat() == {WAITING: 60}
    pay(deposit, "360")
    assert vat() == {DUE: 60}
    final = issue_invoice(invoice=choose_deposits(invoice=draft, keys=[deposit.pk], **WHO), **WHO)
    assert final.payable == 2640 - 360
    check_waiting_vat()
    pay(final, "2280")
    assert vat() == {DUE: 440}


@pytest.mark.parametrize("paid", ["0", "500", "1200"])
@pytest.mark.parametrize("amount", ["100.00", "1000.00"])
def test_a_credit_note_takes_what_waits_first_and_then_what_is_due(company, paid, amount):
    invoice = an_invoice(company)
    if Decimal(paid):
        pay(invoice, paid)
    line = InvoiceLine.objects.get(invoice=invoice)
    money.credit_invoice(
        invoice=invoice, parts=[CreditedPart(line=line, amount=Decimal(amount))], reason="Remise", **WHO
    )
    check_waiting_vat()
    assert sum(vat().values()) == 200 - Decimal(amount) / 5
    invoice.refresh_from_db()
    if invoice.balance:
        pay(invoice, str(invoice.balance))
    assert vat().get(WAITING, 0) == 0


def test_the_credit_note_of_goods_leaves_what_is_paid_to_the_services(company):
    chair = story.a_line("Chaise", quantity=Decimal(1), unit_price=Decimal("100.00"), vat_rate=Decimal(10))
    invoice = an_invoice(company, a_service(price="100.00"), chair)
    pay(invoice, "115")
    assert vat() == {WAITING: 10, DUE: 10, "445712": 10}
    money.credit_invoice(invoice=invoice, parts=story.a_return(invoice, 1, position=2), reason="Retour", **WHO)
    pay(invoice, "5")
    check_waiting_vat()
    assert vat() == {DUE: 20}


def test_a_corrected_invoice_leaves_nothing_of_the_first(company):
    original = an_invoice(company)
    pay(original, "600")
    draft = draft_correction(invoice=original, reason="Prix", **WHO)
    draft = save_draft(invoice=draft, customer=original.customer, values={}, lines=[a_service(price="800.00")], **WHO)
    issue_correction(invoice=draft, **WHO)
    assert vat() == {DUE: 100, WAITING: 60}
    check_waiting_vat()


def test_a_fee_makes_vat_due_and_a_loss_takes_off_what_waits(company):
    invoice = an_invoice(company)
    fee = settle(invoice, "12", WriteOffReason.BANK_FEE)
    assert vat() == {DUE: 2, WAITING: 198}
    pay(invoice, "588")
    loss = settle(invoice, "600", WriteOffReason.LOSS, with_vat=True, note="Jugement du 3 novembre")
    assert vat() == {DUE: 100}
    take_back_write_off(write_off=loss, reason="Erreur", **WHO)
    assert vat() == {DUE: 100, WAITING: 100}
    take_back_write_off(write_off=fee, reason="Erreur", **WHO)
    assert vat() == {DUE: 98, WAITING: 102}


def test_half_a_loss_leaves_the_vat_of_the_other_half_waiting(company):
    invoice = an_invoice(company)
    settle(invoice, "600", WriteOffReason.LOSS, with_vat=True, note="Jugement du 3 novembre")
    assert vat() == {WAITING: 100}
    pay(invoice, "300")
    assert vat() == {WAITING: 50, DUE: 50}


def test_an_invoice_booked_when_all_was_due_moves_nothing(company, monkeypatch):
    monkeypatch.setattr(sold, "is_on_collection", lambda _invoice: False)
    invoice = an_invoice(company)
    monkeypatch.undo()
    assert vat() == {DUE: 200}
    payment = pay(invoice, "600")
    settle(invoice, "12", WriteOffReason.BANK_FEE)
    money.credit_invoice(
        invoice=invoice,
        parts=[CreditedPart(line=InvoiceLine.objects.get(invoice=invoice), amount=Decimal(100))],
        reason="Remise",
        **WHO,
    )
    reverse_payment(payment=payment, reason="Rejet", **WHO)
    assert vat() == {DUE: 180}


RATES = [Decimal(20), Decimal(10), Decimal("5.5"), Decimal("2.1"), Decimal("8.5")]


class Life:
    """A few invoices of services and goods, and whatever may come to them, in any order."""

    def __init__(self, company: Company, seed: int) -> None:
        self.chance = random.Random(seed)
        self.customer = story.a_customer(company)
        self.payments: list[Payment] = []

    def line(self) -> Any:
        price, quantity = Decimal(self.chance.randrange(1, 60_000)) / 100, Decimal(self.chance.randrange(1, 4))
        return a_service(
            price=str(price), quantity=quantity, is_service=self.chance.random() < 0.7,
            vat_rate=self.chance.choice(RATES),
        )  # fmt: skip

    def invoice(self) -> Invoice:
        rows = list(Invoice.objects.issued().exclude(kind="381").order_by("number"))
        return self.chance.choice(rows)

    def part(self, amount: Decimal) -> Decimal:
        return (
            amount
            if self.chance.random() < 0.3
            else max(Decimal("0.01"), round(amount * self.chance.randrange(1, 100) / 100, 2))
        )

    def issue(self) -> None:
        story.an_issued_invoice(self.customer, [self.line() for _place in range(self.chance.randrange(1, 4))])

    def deposit(self) -> None:
        draft = story.a_draft(self.customer, [self.line(), self.line()])
        half = draft_deposit(source=draft, gross=self.part(draft.total_gross), description="Acompte", **WHO)
        deposit = issue_invoice(invoice=half, **WHO)
        if self.chance.random() < 0.7:
            self.payments.append(pay(deposit, str(self.part(deposit.balance))))
        if self.chance.random() < 0.8:
            draft = choose_deposits(invoice=draft, keys=[deposit.pk], **WHO)
        issue_invoice(invoice=draft, **WHO)

    def pay(self) -> None:
        invoice = self.invoice()
        paid_on = AT.date() - timedelta(days=self.chance.randrange(30))
        part = str(self.part(invoice.balance))
        self.payments.append(money.a_payment(self.customer, part, [(invoice, part)], paid_on=paid_on))

    def take_back(self) -> None:
        reverse_payment(payment=self.chance.choice(self.payments), reason="Rejet", **WHO)

    def release(self) -> None:
        release_invoice(payment=self.chance.choice(self.payments), invoice=self.invoice(), reason="Erreur", **WHO)

    def put(self) -> None:
        payment, invoice = self.chance.choice(self.payments), self.invoice()
        payment.refresh_from_db()
        part = self.part(min(payment.unallocated, invoice.balance))
        allocate_payment(payment=payment, invoice=invoice, amount=part, **WHO)

    def credit(self) -> None:
        invoice = self.invoice()
        line = self.chance.choice(list(invoice.lines.all()))
        part = CreditedPart(line=line, amount=self.part(line.net_amount))
        money.credit_invoice(
            invoice=invoice, parts=None if self.chance.random() < 0.3 else [part], reason="Avoir", **WHO
        )

    def correct(self) -> None:
        original = self.invoice()
        draft = draft_correction(invoice=original, reason="Prix", **WHO)
        draft = save_draft(invoice=draft, customer=self.customer, values={}, lines=[self.line()], **WHO)
        issue_correction(invoice=draft, **WHO)

    def lose(self) -> None:
        invoice = self.invoice()
        reason = self.chance.choice([WriteOffReason.LOSS, WriteOffReason.DISCOUNT, WriteOffReason.ROUNDING])
        with_vat = reason != WriteOffReason.ROUNDING and self.chance.random() < 0.7
        settle(invoice, str(self.part(invoice.balance)), reason, with_vat=with_vat, note="Jugement")

    def find_again(self) -> None:
        rows = [row for invoice in Invoice.objects.issued() for row in live_write_offs(invoice)]
        take_back_write_off(write_off=self.chance.choice(rows), reason="Erreur", **WHO)


@pytest.mark.parametrize("seed", range(4))
def test_what_waits_is_the_vat_of_what_is_unpaid_whatever_comes_and_goes(company, seed):
    life = Life(company, seed)
    acts = [life.issue, life.deposit, life.pay, life.pay, life.put, life.take_back, life.release, life.credit]
    acts += [life.correct, life.lose, life.find_again]
    life.issue()
    for _turn in range(60):
        with suppress(DomainError, IndexError):
            life.chance.choice(acts)()
    check_waiting_vat()
    check_money()
    assert JournalEntry.objects.filter(label__startswith="TVA exigible").exists()
    issued = Invoice.objects.issued()
    stated = sum(row.total_vat * (-1 if row.is_credit_note else 1) for row in issued)
    replaced = sum(row.total_vat for row in issued if row.replaced_at)
    deducted = sum(row.deposited_vat * (-1 if row.is_credit_note else 1) for row in issued)
    deducted -= sum(row.deposited_vat for row in issued if row.replaced_at)
    lost = sum(row.vat_amount for invoice in issued for row in invoice.write_offs.all())
    assert sum(vat().values()) == stated - replaced - deducted - lost
