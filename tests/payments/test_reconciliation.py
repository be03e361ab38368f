"""Bank lines pay what they prove they pay, once; the rest waits for a person; undoing leaves the figures as before."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from billing.models import Invoice, InvoiceStatus, JournalLine
from billing.services.settling import OverAllocated
from config.kernel import chain
from config.kernel.exchange.rates import UnknownRate
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import across_companies, company_scope
from customers.models import Customer
from payments.matching import explain
from payments.models import Allocation, BankAccount, BankLine, BarredPair, LineStatus, Match, Payment
from payments.services.allocations import NotEnoughCredit, Share
from payments.services.payments import AlreadyReversed
from payments.services.proposing import build_index, propose
from payments.services.reconciliation import Outcome, SeveralCustomers, accept_match, reconcile
from payments.services.settling import AnotherCompany, LineNotOpen, NothingToMatch, OnlyCredits
from payments.services.undoing import AlreadyUndone, take_back_payment, undo_match
from tests.factories import money, story
from tests.trust.at_once import at_once

pytestmark = pytest.mark.usefixtures("in_scope")

AT, ACTOR = story.AT, story.ACTOR
EARLIER = AT - timedelta(days=10)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def an_invoice(customer: Customer, gross: str = "1200.00", **values: Any) -> Invoice:
    """Issued ten days ago, of so much with its VAT of 20 %."""
    net = (Decimal(gross) / Decimal("1.2")).quantize(Decimal("0.01"))
    lines = [story.a_line(quantity=Decimal(1), unit_price=net)]
    invoice = story.an_issued_invoice(customer, lines, at=EARLIER, **values)
    assert invoice.total_gross == Decimal(gross)
    return invoice


def a_line(company: Company, amount: str, remittance: str = "", **values: Any) -> BankLine:
    [line] = money.bank_lines(company, [money.a_credit(amount, remittance=remittance, **values)])
    return line


def run(company: Company, *, at: datetime = AT) -> Outcome:
    return reconcile(company=company, actor=ACTOR, at=at)


def accept(line: BankLine, *shares: tuple[Invoice, str], at: datetime = AT) -> Match:
    return accept_match(
        line=line, shares=[Share(invoice, Decimal(amount)) for invoice, amount in shares], actor=ACTOR, at=at
    )


def payment_of(match: Match) -> Payment:
    payment = match.parts.get().payment
    assert payment is not None
    return payment


def undo(match: Match, *, at: datetime = AT) -> Match:
    return undo_match(match=match, reason="Erreur", actor=ACTOR, at=at)


def figures(invoice: Invoice) -> tuple[Any, ...]:
    invoice.refresh_from_db()
    return invoice.status, invoice.amount_paid, invoice.amount_credited, invoice.balance


def owed(customer: Customer) -> Decimal:
    """What the customer's account says, in the journal."""
    sums = JournalLine.everywhere.filter(customer=customer, account__startswith="411").aggregate(
        owed=Sum("debit") - Sum("credit")
    )
    return sums["owed"] or Decimal(0)


def breaks(company: Company) -> list[chain.Break]:
    """What commit would check, checked now: sums of allocations, balanced entries, the chain."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return list(chain.verify(company))


def status(line: BankLine) -> str:
    line.refresh_from_db()
    return line.status


def test_the_reference_and_the_exact_amount_pay_the_invoice(company, customer):
    invoice = an_invoice(customer)
    line = a_line(company, "1200.00", f"VIREMENT {invoice.payment_reference}")
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    assert figures(invoice) == (InvoiceStatus.PAID, 1200, 0, 0)
    match = Match.everywhere.get(line=line)
    assert (match.rule, match.is_automatic, status(line)) == ("reference", True, LineStatus.MATCHED)
    assert {one["kind"] for one in match.evidence} == {"rf", "amount"}
    payment = payment_of(match)
    assert (payment.amount, payment.method, payment.paid_on, payment.customer) == (
        1200,
        "TRANSFER",
        line.booked_on,
        customer,
    )
    event = AuditEvent.everywhere.get(company=company, tag="payments.bank.matched")
    assert {line.subject, payment.subject, customer.subject, invoice.subject} <= set(event.subjects)
    assert breaks(company) == []


def test_a_second_run_changes_nothing(company, customer):
    invoice = an_invoice(customer)
    a_line(company, "1200.00", invoice.number)
    run(company)
    before = AuditEvent.everywhere.count()
    assert run(company, at=AT + timedelta(hours=1)) == Outcome(matched=0, proposed=0, left=0)
    assert AuditEvent.everywhere.count() == before


def test_one_transfer_pays_several_invoices_named_in_full(company, customer):
    invoices = [an_invoice(customer, gross) for gross in ("1200.00", "600.00")]
    a_line(company, "1800.00", " ".join(invoice.number for invoice in invoices))
    assert run(company).matched == 1
    assert {figures(invoice)[0] for invoice in invoices} == {InvoiceStatus.PAID}
    assert Payment.everywhere.filter(company=company).count() == 1


def test_invoices_of_two_customers_named_in_one_transfer_wait_for_a_person_and_stop_nothing(company, customer):
    ours, theirs, third = (
        an_invoice(customer),
        an_invoice(story.a_customer(company), "600.00"),
        an_invoice(customer, "36.00"),
    )
    line = a_line(company, "1800.00", f"{ours.number} {theirs.number}")
    a_line(company, "36.00", third.number)
    assert run(company) == Outcome(matched=1, proposed=1, left=0)
    assert (status(line), figures(third)[0]) == (LineStatus.OPEN, InvoiceStatus.PAID)


@pytest.mark.parametrize(
    ("amount", "remittance", "expected"),
    [
        ("1200.00", "REGLEMENT FACTURE", Outcome(matched=0, proposed=0, left=1)),
        ("600.00", "{number}", Outcome(matched=0, proposed=1, left=0)),
        ("1250.00", "{number}", Outcome(matched=0, proposed=1, left=0)),
        ("77.00", "BONJOUR", Outcome(matched=0, proposed=0, left=1)),
        ("-1200.00", "{number}", Outcome(matched=0, proposed=0, left=1)),
    ],
    ids=["two of that amount", "a part", "too much", "nothing agrees", "money that leaves"],
)
def test_what_is_not_proven_is_left_to_a_person(company, customer, amount, remittance, expected):
    first, second = an_invoice(customer), an_invoice(customer)
    line = a_line(company, amount, remittance.format(number=first.number), counterparty="INCONNU")
    assert run(company) == expected
    assert status(line) == LineStatus.OPEN
    assert {figures(invoice)[0] for invoice in (first, second)} == {InvoiceStatus.ISSUED}
    assert not Payment.everywhere.filter(company=company).exists()


def test_a_proposal_tells_why_and_names_its_rivals(company, customer):
    first, second = an_invoice(customer), an_invoice(customer)
    line = a_line(company, "1200.00", counterparty=customer.name)
    verdict = propose(line, build_index(company, at=AT))
    assert verdict.allocations == ((first.pk, Decimal("1200.00")),)
    assert verdict.rivals == (second.pk,)
    sentence = explain(verdict)
    assert sentence.startswith("Proposé, à confirmer")
    assert second.number in sentence


def test_600_by_hand_then_600_by_the_bank_settle_1200(company, customer):
    invoice = an_invoice(customer)
    money.a_payment(customer, "600.00", [(invoice, "600.00")])
    assert figures(invoice) == (InvoiceStatus.ISSUED, 600, 0, 600)
    a_line(company, "600.00", f"SOLDE {invoice.payment_reference}")
    assert run(company).matched == 1
    assert figures(invoice) == (InvoiceStatus.PAID, 1200, 0, 0)


def test_a_second_transfer_for_the_same_invoice_is_left_and_the_first_stands(company, customer):
    invoice = an_invoice(customer)
    lines = [a_line(company, "1200.00", f"{invoice.number} {word}") for word in ("UN", "BIS")]
    assert run(company).matched == 1
    assert run(company) == Outcome(matched=0, proposed=1, left=0), "to the customer's credit"
    assert sorted(status(line) for line in lines) == [LineStatus.MATCHED, LineStatus.OPEN]
    assert figures(invoice) == (InvoiceStatus.PAID, 1200, 0, 0)


def test_a_balance_that_moved_while_the_run_was_thinking_leaves_the_line_open(company, customer, monkeypatch):
    from payments.services import reconciliation

    invoice = an_invoice(customer)
    line = a_line(company, "1200.00", invoice.number)
    stale = build_index(company, at=AT)
    money.a_payment(customer, "10.00", [(invoice, "10.00")])
    monkeypatch.setattr(reconciliation, "build_index", lambda *_args, **_named: stale)
    assert run(company) == Outcome(matched=0, proposed=1, left=0)
    assert status(line) == LineStatus.OPEN
    assert figures(invoice) == (InvoiceStatus.ISSUED, 10, 0, 1190)


def test_a_person_matches_several_invoices_and_the_excess_stays_the_customer_s_credit(company, customer):
    one, two = an_invoice(customer), an_invoice(customer, "600.00")
    line = a_line(company, "2000.00", "GLOBAL")
    match = accept(line, (one, "1200.00"), (two, "600.00"))
    assert (match.is_automatic, match.rule, status(line)) == (False, "person", LineStatus.MATCHED)
    assert {figures(one)[0], figures(two)[0]} == {InvoiceStatus.PAID}
    assert payment_of(match).unallocated == 200
    assert owed(customer) == -200, "the journal owes it to the customer"


def test_what_a_person_may_not_match_is_refused_and_nothing_is_written(company, customer):
    invoice, other = an_invoice(customer), an_invoice(story.a_customer(company))
    line, debit = a_line(company, "1200.00"), a_line(company, "-5.00")
    foreign = an_invoice(customer, currency="USD")
    stranger = story.an_issued_invoice(story.a_customer(story.a_company()))
    refusals = [
        (NothingToMatch, line, []),
        (OnlyCredits, debit, [(invoice, "5.00")]),
        (SeveralCustomers, line, [(invoice, "600.00"), (other, "600.00")]),
        (AnotherCompany, line, [(stranger, "1200.00")]),
        (UnknownRate, line, [(foreign, "1200.00")]),
        (OverAllocated, line, [(invoice, "1200.01")]),
        (NotEnoughCredit, line, [(invoice, "700.00"), (an_invoice(customer), "700.00")]),
    ]
    for refusal, bank_line, shares in refusals:
        with pytest.raises(refusal), transaction.atomic():
            accept(bank_line, *shares)
    assert not Payment.everywhere.filter(company=company).exists()
    assert status(line) == LineStatus.OPEN
    accept(line, (invoice, "1200.00"))
    with pytest.raises(LineNotOpen):
        accept(line, (an_invoice(customer), "1200.00"))


def test_undoing_restores_everything_and_bars_the_pair(company, customer):
    invoice = an_invoice(customer)
    money.a_payment(customer, "600.00", [(invoice, "600.00")])
    before, due = figures(invoice), owed(customer)
    line = a_line(company, "600.00", invoice.number)
    run(company)
    match = Match.everywhere.get(line=line)
    undo(match)
    assert (figures(invoice), owed(customer), status(line)) == (before, due, LineStatus.OPEN)
    assert (match.undone_at, match.undone_because) == (AT, "Erreur")
    assert Allocation.everywhere.filter(invoice=invoice).aggregate(sum=Sum("amount"))["sum"] == 600
    assert BarredPair.everywhere.filter(line=line, invoice=invoice).count() == 1
    assert run(company) == Outcome(matched=0, proposed=0, left=1), "the same mistake is not made again"
    assert breaks(company) == []
    with pytest.raises(AlreadyUndone):
        undo(match)
    assert accept(line, (invoice, "600.00")).line == line, "a person may"


def test_undoing_a_match_of_a_person_bars_nothing(company, customer):
    invoice = an_invoice(customer)
    line = a_line(company, "1200.00", invoice.number)
    undo(accept(line, (invoice, "1200.00")))
    assert not BarredPair.everywhere.exists()
    assert run(company).matched == 1


def test_undoing_takes_back_the_excess_used_elsewhere_meanwhile(company, customer):
    from payments.services.allocations import allocate_payment

    one, two = an_invoice(customer), an_invoice(customer, "600.00")
    before = figures(one), figures(two)
    match = accept(a_line(company, "1500.00"), (one, "1200.00"))
    allocate_payment(payment=payment_of(match), invoice=two, amount=Decimal("300.00"), actor=ACTOR, at=AT)
    undo(match)
    assert (figures(one), figures(two)) == before


def test_a_payment_of_the_bank_taken_back_opens_its_line_again(company, customer):
    invoice = an_invoice(customer)
    line = a_line(company, "1200.00", invoice.number)
    run(company)
    match = Match.everywhere.get(line=line)
    reversal = take_back_payment(payment=payment_of(match), reason="Rejet", actor=ACTOR, at=AT)
    assert (reversal.amount, status(line), figures(invoice)[0]) == (-1200, LineStatus.OPEN, InvoiceStatus.ISSUED)
    with pytest.raises(AlreadyReversed):
        take_back_payment(payment=payment_of(match), reason="Rejet", actor=ACTOR, at=AT)


def test_the_database_holds_one_live_match_per_line(company, customer):
    invoice = an_invoice(customer)
    line = a_line(company, "1200.00", invoice.number)
    run(company)
    with pytest.raises(IntegrityError, match="one_live_match_per_line"), transaction.atomic():
        Match.everywhere.create(company=company, line=line, rule="x", is_automatic=False, at=AT)


def test_another_company_s_rows_are_never_touched(company, customer):
    stranger = story.a_company(iban="DE89370400440532013000")
    with company_scope(stranger):
        theirs = an_invoice(story.a_customer(stranger))
        line = a_line(stranger, "1200.00", theirs.number)
    ours = an_invoice(customer)
    assert theirs.number == ours.number, "each company counts for itself"
    assert run(company) == Outcome(matched=0, proposed=0, left=0)
    with across_companies():
        assert (status(line), figures(ours)[0], figures(theirs)[0]) == (
            LineStatus.OPEN,
            InvoiceStatus.ISSUED,
            InvoiceStatus.ISSUED,
        )
    with company_scope(stranger):
        assert run(stranger).matched == 1
    with across_companies():
        assert (figures(ours)[0], figures(theirs)[0]) == (InvoiceStatus.ISSUED, InvoiceStatus.PAID)


def test_looking_takes_the_same_queries_for_one_line_or_twelve(company, customer, django_assert_num_queries):
    for number in range(12):
        an_invoice(customer, f"{12 * (number + 1)}.00")
        a_line(company, f"{number + 700}.00", counterparty=f"INCONNU {number}")
    # two are of direct debits: those the bank owes before the evidence is read, and those it still owes after
    with django_assert_num_queries(17):
        assert run(company).left == 12


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_four_runs_at_once_match_each_line_once(company):
    customer = story.a_customer(company)
    invoices = [an_invoice(customer, f"{120 * (place + 1)}.00") for place in range(6)]
    money.bank_lines(company, [money.a_credit(str(one.total_gross), remittance=one.number) for one in invoices])

    def sweep(_place: int) -> int:
        with company_scope(company):
            return run(company).matched

    assert sum(at_once(4, sweep)) == 6
    assert {figures(invoice)[0] for invoice in invoices} == {InvoiceStatus.PAID}
    assert Payment.everywhere.filter(company=company).count() == 6
    assert list(chain.verify(company)) == []


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_six_people_accepting_one_line_at_once_record_one_payment(company):
    customer = story.a_customer(company)
    invoices = [an_invoice(customer) for _person in range(6)]
    line = a_line(company, "1200.00")

    def person(place: int) -> str:
        with company_scope(company):
            try:
                accept(BankLine.everywhere.get(pk=line.pk), (invoices[place], "1200.00"))
            except LineNotOpen as refused:
                return refused.code
        return "matched"

    assert sorted(at_once(6, person)) == ["line_not_open"] * 5 + ["matched"]
    assert Payment.everywhere.filter(company=company).count() == 1


def test_a_payment_is_booked_on_the_ledger_account_of_the_bank_account_it_came_in_on(company, customer):
    invoice, line = an_invoice(customer), a_line(company, "1200.00")
    BankAccount.objects.filter(pk=line.account_id).update(ledger_account="512300")
    line.refresh_from_db()
    match = accept(line, (invoice, "1200.00"))
    assert payment_of(match).bank_account_id == line.account_id
    # what was booked is undone where it was booked, whatever the account is called since
    BankAccount.objects.filter(pk=line.account_id).update(ledger_account="512400")
    undo(match)
    booked = JournalLine.objects.filter(account__startswith="512").order_by("pk")
    assert sorted((row.account, row.debit, row.credit) for row in booked) == [("512300", 0, 1200), ("512300", 1200, 0)]
