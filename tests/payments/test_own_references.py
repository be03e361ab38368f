"""What our own references prove is booked by itself: refunds, returns, slips, payments typed by hand. Undone it is not
done again.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.models import Invoice, InvoiceStatus
from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.models import Company
from customers.models import Customer
from payments.models import (
    BankAccount,
    BankLine,
    LineStatus,
    Match,
    MatchPart,
    Method,
    PartKind,
    Payment,
    Refund,
    RefundKind,
)
from payments.outgoing.refunding import RefundMatched, cancel_refund, refund_customer
from payments.services.reconciliation import Outcome, reconcile
from payments.services.remittances import remit_payments
from payments.services.settling import OnlyDebits, settle_line
from payments.services.settling_parts import Refunded, Returned
from payments.services.settling_refunds import RefundNotFree
from payments.services.undoing import undo_match
from tests.factories import money, story
from tests.payments.money_state import money_state
from tests.trust.conftest import settle as settle_constraints

pytestmark = pytest.mark.usefixtures("in_scope")

AT, ACTOR = story.AT, story.ACTOR
OTHER_IBAN = "FR7630004000031234567890143"
TODAY, LATER = local_day(AT), AT + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def an_invoice(customer: Customer, net: str = "1000.00") -> Invoice:
    lines = [story.a_line(quantity=Decimal(1), unit_price=Decimal(net))]
    return story.an_issued_invoice(customer, lines, at=AT - timedelta(days=10))


def a_refund(customer: Customer, amount: str, **values: Any) -> Refund:
    options: dict[str, Any] = {"method": Method.TRANSFER, "iban": story.IBAN, "reason": "Trop-perçu", "made_on": TODAY}
    return refund_customer(customer=customer, amount=Decimal(amount), actor=ACTOR, at=AT, **{**options, **values})


def run(company: Company) -> Outcome:
    return reconcile(company=company, actor=ACTOR, at=AT)


def a_line(company: Company, amount: str, **values: Any) -> BankLine:
    [line] = money.bank_lines(company, [money.a_credit(amount, **values)])
    return line


def undo(match: Match) -> Match:
    return undo_match(match=match, reason="Erreur", actor=ACTOR, at=LATER)


def assert_proven(company: Company) -> None:
    settle_constraints()
    assert list(chain.verify(company)) == []


def test_the_debit_of_a_refund_is_explained_by_its_end_to_end_id(company, customer):
    money.a_payment(customer, "100")
    other = BankAccount.objects.create(company=company, name="Autre", iban=OTHER_IBAN, ledger_account="512900")
    refund = a_refund(customer, "90", bank_account=other)
    line = a_line(company, "-90.00", end_to_end_id=refund.end_to_end_id)
    before = money_state(company)
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    part = MatchPart.objects.get()
    assert (part.kind, part.amount, part.refund, part.is_recorded) == (PartKind.REFUND, -90, refund, False)
    # it had been booked on another account than the one that the line is of
    accounts = money_state(company).accounts
    assert (accounts[line.account.ledger_account, None], ("512900", None) in accounts) == (10, False)
    assert_proven(company)
    undo(part.match)
    assert money_state(company).differences(before) == []
    assert_proven(company)
    assert run(company) == Outcome(matched=0, proposed=1, left=0)


def test_a_refund_is_recognised_by_its_number_in_the_text_and_shown_by_one_line(company, customer):
    money.a_payment(customer, "100")
    refund = a_refund(customer, "90")
    entries = [
        money.a_credit("-90.00", remittance=f"VIR {refund.number} TROP PERCU"),
        money.a_credit("-90.00", remittance=f"VIR {refund.number} TROP PERCU"),
    ]
    money.bank_lines(company, entries)
    assert run(company).matched == 1
    assert MatchPart.objects.get().refund == refund


def test_a_refund_of_another_amount_or_known_by_its_amount_alone_waits_for_a_person(company, customer):
    money.a_payment(customer, "100")
    refund = a_refund(customer, "90")
    a_line(company, "-80.00", end_to_end_id=refund.end_to_end_id)
    a_line(company, "-90.00", remittance="VIREMENT")
    assert run(company).matched == 0


def test_a_refund_on_a_line_is_neither_cancelled_nor_found_again(company, customer):
    money.a_payment(customer, "200")
    refund = a_refund(customer, "90")
    first, second = (a_line(company, "-90.00") for _ in range(2))
    settle = {"rule": "person", "is_automatic": False, "actor": ACTOR, "at": AT}
    match = settle_line(line=first, parts=[Refunded(refund)], **settle)
    with pytest.raises(RefundMatched):
        cancel_refund(refund=refund, reason="Erreur", actor=ACTOR, at=AT)
    with pytest.raises(RefundNotFree):
        settle_line(line=second, parts=[Refunded(refund)], **settle)
    undo(match)
    cancel_refund(refund=refund, reason="Erreur", actor=ACTOR, at=LATER)
    with pytest.raises(RefundNotFree):
        settle_line(line=second, parts=[Refunded(refund)], **settle)
    assert_proven(company)


def test_the_database_refuses_a_second_line_of_one_refund(company, customer):
    money.a_payment(customer, "200")
    refund = a_refund(customer, "90")
    first, second = (a_line(company, "-90.00") for _ in range(2))
    settle_line(line=first, parts=[Refunded(refund)], rule="person", is_automatic=False, actor=ACTOR, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012
        match = Match.objects.create(company=company, line=second, rule="person", is_automatic=False, at=AT)
        MatchPart.objects.create(
            company=company, match=match, position=1, kind=PartKind.REFUND, amount=Decimal(-90), refund=refund
        )
        BankLine.objects.filter(pk=second.pk).update(status=LineStatus.MATCHED)
        settle_constraints()


def test_a_return_opens_the_invoice_of_the_payment_whose_end_to_end_id_it_bears(company, customer):
    invoice = an_invoice(customer)
    a_line(company, "1200.00", remittance=invoice.number, end_to_end_id="E2E-4711")
    assert run(company).matched == 1
    line = a_line(company, "-1200.00", end_to_end_id="E2E-4711", code="RRTN", return_code="AC04")
    before = money_state(company)
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount, refund.made_on) == (RefundKind.RETURN, 1200, line.booked_on)
    assert "AC04" in refund.reason
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == (InvoiceStatus.ISSUED, 1200)
    assert_proven(company)
    undo(Match.objects.get(line=line))
    refund.refresh_from_db()
    invoice.refresh_from_db()
    assert (refund.is_live, invoice.status) == (False, InvoiceStatus.PAID)
    assert money_state(company).differences(before) == []
    assert_proven(company)
    assert run(company).matched == 0


def test_a_return_of_no_known_end_to_end_id_waits_for_a_person(company, customer):
    invoice = an_invoice(customer)
    a_line(company, "1200.00", remittance=invoice.number, end_to_end_id="E2E-4711")
    run(company)
    a_line(company, "-1200.00", end_to_end_id="E2E-9999", code="RRTN", return_code="AC04", remittance=invoice.number)
    assert run(company) == Outcome(matched=0, proposed=1, left=0)


def test_only_a_debit_gives_money_back(company, customer):
    payment = money.a_payment(customer, "90")
    line = a_line(company, "90.00")
    with pytest.raises(OnlyDebits):
        settle_line(
            line=line, parts=[Returned(payment, Decimal(90))], rule="person", is_automatic=False, actor=ACTOR, at=AT
        )


def a_slip(company: Company, *payments: Payment) -> Any:
    return remit_payments(
        company=company,
        method=Method.CHECK,
        payments=payments,
        bank_account=money.a_bank_account(company),
        remitted_on=TODAY,
        actor=ACTOR,
        at=AT,
    )


def test_the_line_of_a_cheque_slip_is_its_cheques(company, customer):
    first, second = an_invoice(customer), an_invoice(customer, "500.00")
    cheques = [
        money.a_payment(customer, "1200", [(first, "1200")], method=Method.CHECK),
        money.a_payment(customer, "600", [(second, "600")], method=Method.CHECK),
    ]
    slip = a_slip(company, *cheques)
    line = a_line(company, "1800.00", remittance=f"REMISE CHEQUES {slip.number}", counterparty="")
    before = money_state(company)
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    assert {(part.payment, part.is_recorded) for part in MatchPart.objects.all()} == {(row, False) for row in cheques}
    assert money_state(company).accounts[line.account.ledger_account, None] == 1800
    assert ("511200", None) not in money_state(company).accounts
    assert_proven(company)
    undo(Match.objects.get())
    assert money_state(company).differences(before) == []
    assert run(company) == Outcome(matched=0, proposed=1, left=0)


def test_a_slip_known_by_its_amount_alone_is_proposed_before_an_invoice_of_that_amount(company, customer):
    invoice = an_invoice(customer)
    a_slip(company, money.a_payment(customer, "1200", [(invoice, "1200")], method=Method.CHECK))
    an_invoice(story.a_customer(company))
    a_line(company, "1200.00", remittance="REMISE CHEQUES 0004512", counterparty="")
    assert run(company) == Outcome(matched=0, proposed=1, left=0)


def test_a_transfer_typed_by_hand_is_found_again_by_its_reference(company, customer):
    invoice = an_invoice(customer)
    payment = money.a_payment(customer, "1200", [(invoice, "1200")], reference="VIR-20260042")
    a_line(company, "1200.00", end_to_end_id="VIR-20260042")
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    part = MatchPart.objects.get()
    assert (part.payment, part.is_recorded) == (payment, False)
    assert Payment.objects.count() == 1
    assert_proven(company)


def test_the_same_transfer_told_twice_by_the_bank_is_found_once(company, customer):
    invoice = an_invoice(customer)
    money.a_payment(customer, "1200", [(invoice, "1200")], reference="VIR-20260042")
    entries = [money.a_credit("1200.00", end_to_end_id="VIR-20260042") for _ in range(2)]
    money.bank_lines(company, entries)
    assert run(company).matched == 1
    assert Payment.objects.count() == 1


def test_a_cheque_on_no_slip_is_not_found_by_the_invoice_that_a_transfer_names(company, customer):
    invoice = an_invoice(customer)
    money.a_payment(customer, "1200", [(invoice, "1200")], method=Method.CHECK, reference=invoice.number)
    a_line(company, "1200.00", remittance=invoice.number)
    assert run(company) == Outcome(matched=0, proposed=1, left=0)


def test_credit_deducted_from_one_transfer_settles_the_invoice(company, customer):
    money.a_payment(customer, "200", paid_on=TODAY - timedelta(days=8))
    invoice = an_invoice(customer)
    a_line(company, "1000.00", remittance=f"{invoice.number} moins avoir", counterparty=customer.name)
    assert run(company).matched == 1
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == (InvoiceStatus.PAID, 0)
    assert_proven(company)
