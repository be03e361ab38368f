"""What bank lines say of direct debits: credited alone, by batch or by file, taken back with reason and fee, undone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import InvoiceStatus
from billing.services.invoices import open_dispute
from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.roles import Role
from payments.debits.announcing import debitable
from payments.debits.collecting import ReturnedByTheBank, collect_debits, return_debit, undo_return
from payments.models import BankAccount, DirectDebit, Match, MatchPart, PartKind, Payment, Refund
from payments.outgoing.refunding import cancel_refund
from payments.services.reconciliation import Outcome, reconcile
from payments.services.undoing import undo_match
from payments.views.proposals import proposals_for
from tests.factories import debits, money, story
from tests.factories.debits import a_mandate
from tests.factories.money import credit_invoice
from tests.factories.people import read, signed_in
from tests.payments.money_state import money_state
from tests.trust.conftest import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]
TODAY = local_day(story.AT)
OTHER_IBAN = "FR7630004000031234567890143"
# an invoice is due thirty days after it was issued, and collected that day or the next
ISSUED, ANNOUNCED, ORDERED = (story.AT - timedelta(days=days) for days in (33, 25, 20))


def act(service, **given):
    return service(**{"actor": story.ACTOR, "at": story.AT, **given})


def run(company) -> Outcome:
    return act(reconcile, company=company)


def an_invoice(customer):
    return story.an_issued_invoice(customer, at=ISSUED)


def an_announced_debit(mandate, invoice):
    return debits.an_announced_debit(mandate, invoice, at=ANNOUNCED)


def an_order(rows, **values):
    return debits.an_order(rows, at=ORDERED, **values)


def again(row):
    row.refresh_from_db()
    return row


@pytest.fixture
def mandate(customer):
    return a_mandate(customer)


@pytest.fixture
def invoice(customer):
    return an_invoice(customer)


@pytest.fixture
def debit(mandate, invoice):
    return an_announced_debit(mandate, invoice)


@pytest.fixture
def order(debit):
    return an_order([debit])


def a_line(company, amount: Any, **values: Any):
    [line] = money.bank_lines(company, [money.a_credit(str(amount), **values)])
    return line


@pytest.fixture
def collected(company, debit, order):
    """The debit, credited by the bank."""
    a_line(company, debit.amount, end_to_end_id=debit.end_to_end_id)
    assert run(company).matched == 1
    return again(debit)


def test_a_credit_with_our_end_to_end_id_pays_the_invoice_by_debit(collected, invoice):
    payment = Payment.objects.get()
    assert (payment.method, payment.reference) == ("DEBIT", collected.end_to_end_id)
    assert again(invoice).status == InvoiceStatus.PAID
    assert (collected.status, collected.payment) == ("COLLECTED", payment)


@pytest.mark.parametrize("name", ["{order}-1", "{order}"])
def test_a_batch_in_one_line_pays_all_its_invoices(company, customer, mandate, debit, name):
    stranger = story.a_customer(company)
    other = an_announced_debit(a_mandate(stranger), an_invoice(stranger))
    order = an_order([debit, other])
    a_line(company, order.total, remittance=f"PRLV SEPA {name.format(order=order.number)} NBR 2")
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    assert {row.status for row in DirectDebit.objects.all()} == {"COLLECTED"}
    assert {row.customer for row in Payment.objects.all()} == {customer, stranger}


def test_a_batch_is_known_by_its_own_element_whatever_the_text(company, customer, mandate, debit):
    other = an_announced_debit(mandate, an_invoice(customer))
    order = an_order([debit, other])
    a_line(company, order.total, batch_reference=f"{order.number}-1", remittance="PRLV SEPA CREDIT")
    assert run(company).matched == 1
    assert {row.status for row in DirectDebit.objects.all()} == {"COLLECTED"}


def test_a_return_is_known_by_the_mandate_in_its_own_element(company, customer, invoice):
    debit = an_announced_debit(a_mandate(customer, reference="RUM-A"), invoice)
    an_order([debit])
    a_line(company, debit.amount, end_to_end_id=debit.end_to_end_id)
    run(company)
    a_line(company, -debit.amount, mandate_reference="RUM-B", remittance="IMPAYE", code="RRTN", return_code="AM04")
    assert run(company).matched == 0
    a_line(company, -debit.amount, mandate_reference="RUM-A", remittance="IMPAYE", code="RRTN", return_code="AM04")
    assert run(company).matched == 1
    assert (again(debit).status, debit.return_code) == ("RETURNED", "AM04")


def test_two_batches_of_one_file_are_two_lines(company, customer, mandate, debit):
    once = story.a_customer(company)
    other = an_announced_debit(a_mandate(once, is_one_off=True), an_invoice(once))
    order = an_order([debit, other])
    assert {again(debit).batch, again(other).batch} == {f"{order.number}-1", f"{order.number}-2"}
    for row in (debit, other):
        a_line(company, row.amount, remittance=f"REMISE PRELEVEMENTS {row.batch}")
    assert run(company).matched == 2
    assert {row.status for row in DirectDebit.objects.all()} == {"COLLECTED"}


def test_two_batches_of_one_amount_told_by_the_file_alone_wait_for_a_person(company, customer, mandate, debit):
    once = story.a_customer(company)
    other = an_announced_debit(a_mandate(once, is_one_off=True), an_invoice(once))
    order = an_order([debit, other])
    assert debit.amount == other.amount
    a_line(company, debit.amount, remittance=f"PRLV {order.number}")
    assert run(company) == Outcome(matched=0, proposed=1, left=0)


def test_of_a_batch_those_refused_before_the_credit_are_not_waited_for(company, customer, mandate, debit):
    other = an_announced_debit(mandate, an_invoice(customer))
    order = an_order([debit, other])
    act(return_debit, debit=again(other), code="AC04", returned_on=TODAY)
    a_line(company, debit.amount, remittance=f"PRLV {order.number}-1")
    assert run(company).matched == 1
    assert (again(debit).status, again(other).status) == ("COLLECTED", "RETURNED")


def test_a_line_of_another_amount_or_another_account_is_left_to_a_person(company, customer, mandate, debit, order):
    a_line(company, debit.amount + 1, end_to_end_id=debit.end_to_end_id)
    elsewhere = an_announced_debit(mandate, an_invoice(customer))
    other = BankAccount.objects.create(company=company, name="Autre", iban=OTHER_IBAN, ledger_account="512900")
    an_order([elsewhere], bank_account=other)
    a_line(company, elsewhere.amount, end_to_end_id=elsewhere.end_to_end_id)
    assert run(company).matched == 0
    assert {again(row).status for row in (debit, elsewhere)} == {"ORDERED"}


@pytest.mark.parametrize("before", ["paid", "credited"])
def test_what_the_invoice_no_longer_asks_for_is_credit(company, customer, debit, order, invoice, before):
    if before == "paid":
        money.a_payment(customer, str(invoice.balance), [(invoice, str(invoice.balance))])
    else:
        credit_invoice(invoice=invoice, parts=None, reason="Retour", actor=story.ACTOR, at=story.AT)
    a_line(company, debit.amount, end_to_end_id=debit.end_to_end_id)
    assert run(company).matched == 1
    assert again(debit).payment.unallocated == debit.amount


def test_a_collection_undone_waits_for_the_bank_again_and_is_not_done_again_alone(company, collected, invoice):
    act(undo_match, match=Match.objects.get(), reason="Erreur")
    assert (again(collected).status, collected.payment) == ("ORDERED", None)
    assert again(invoice).status == InvoiceStatus.ISSUED
    assert run(company).matched == 0
    line = Match.objects.get().line
    act(collect_debits, line=again(line), debits=[collected])
    assert again(collected).status == "COLLECTED"
    settle()
    assert list(chain.verify(company)) == []


# -- taken back --------------------------------------------------------------------------------------------------


def test_what_the_bank_takes_back_opens_the_invoice_says_why_and_what_to_do(company, collected, invoice):
    a_line(company, -collected.amount, end_to_end_id=collected.end_to_end_id, code="RRTN", return_code="AM04")
    before = money_state(company)
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    assert (again(collected).status, collected.return_code) == ("RETURNED", "AM04")
    assert collected.returned_on == Match.objects.latest("at").line.booked_on
    assert (again(invoice).status, invoice.balance) == (InvoiceStatus.ISSUED, collected.amount)
    assert [one.pk for one in debitable(company)] == [invoice.pk]
    home = read(signed_in(company, Role.ACCOUNTANT).get("/"))
    assert "1 prélèvement revenu impayé" in home
    assert "La provision du compte est insuffisante." in home
    settle()
    assert list(chain.verify(company)) == []
    with pytest.raises(ReturnedByTheBank):
        act(undo_return, debit=collected)
    act(undo_match, match=Match.objects.get(line__amount__lt=0), reason="Erreur", at=story.AT + timedelta(hours=1))
    assert (again(collected).status, collected.return_code, collected.returned_on) == ("COLLECTED", "", None)
    assert again(invoice).status == InvoiceStatus.PAID
    assert money_state(company).differences(before) == []
    settle()
    assert list(chain.verify(company)) == []


def test_the_fee_taken_with_the_return_is_a_charge_and_not_the_customers(company, customer, collected, invoice):
    text = f"REJET PRLV {collected.end_to_end_id} AC04 FRAIS INCLUS"
    line = a_line(company, -collected.amount - Decimal("12.50"), remittance=text)
    assert run(company).matched == 1
    parts = {part.kind: part for part in MatchPart.objects.filter(match__line=line)}
    assert parts[PartKind.REFUND].amount == -collected.amount
    assert (parts[PartKind.BOOKING].account, parts[PartKind.BOOKING].amount) == ("627000", Decimal("-12.50"))
    assert (again(collected).status, collected.return_code) == ("RETURNED", "AC04")
    assert again(invoice).balance == collected.amount
    act(undo_match, match=Match.objects.get(line=line), reason="Erreur", at=story.AT + timedelta(hours=1))
    assert ("627000", None) not in money_state(company).accounts
    assert again(collected).status == "COLLECTED"


def test_the_fee_on_a_line_of_its_own_is_proposed_as_a_charge_the_day_the_debit_came_back(company, collected):
    lines = [
        money.a_credit(f"-{collected.amount}", end_to_end_id=collected.end_to_end_id, return_code="AM04"),
        money.a_credit("-8.50", counterparty="BANQUE", remittance="FRAIS PRLV IMPAYE"),
        money.a_credit("-8.50", counterparty="BANQUE", remittance="FOURNITURES"),
        money.a_credit("-30.01", counterparty="BANQUE", remittance="FRAIS DE DOSSIER"),
    ]
    _returned, fee, other, dear = money.bank_lines(company, lines)

    def accounts(line):
        proposed = proposals_for(line, role=Role.ACCOUNTANT, at=story.AT).found
        return [one.fields["account"] for one in proposed if one.fields.get("act") == "book"]

    assert accounts(fee) == []  # nothing has come back yet
    run(company)
    assert (accounts(fee), accounts(other), accounts(dear)) == (["627000"], [], [])


@pytest.mark.parametrize("beyond", ["30.01", "-0.01"])
def test_a_return_of_an_amount_that_no_fee_explains_waits_for_a_person(company, collected, beyond):
    a_line(company, -collected.amount - Decimal(beyond), end_to_end_id=collected.end_to_end_id, return_code="AM04")
    assert run(company).matched == 0
    assert again(collected).status == "COLLECTED"


def test_a_return_that_names_the_mandate_alone_is_of_its_one_debit(company, customer, mandate, collected):
    a_line(company, -collected.amount, remittance=f"PRLV IMPAYE RUM {mandate.reference} MD01")
    assert run(company).matched == 1
    assert (again(collected).status, collected.return_code) == ("RETURNED", "MD01")


def test_a_return_that_names_a_mandate_of_two_equal_debits_waits_for_a_person(company, customer, mandate, collected):
    other = an_announced_debit(mandate, an_invoice(customer))
    an_order([other])
    a_line(company, other.amount, end_to_end_id=other.end_to_end_id)
    run(company)
    a_line(company, -collected.amount, remittance=f"PRLV IMPAYE RUM {mandate.reference} MD01")
    assert run(company) == Outcome(matched=0, proposed=1, left=0)


def test_credited_and_taken_back_in_one_statement_are_both_booked_at_once(company, debit, order, invoice):
    lines = [
        money.a_credit(f"-{debit.amount}", end_to_end_id=debit.end_to_end_id, return_code="MS02"),
        money.a_credit(str(debit.amount), remittance=f"PRLV {order.number}"),
    ]
    money.bank_lines(company, lines)
    assert run(company) == Outcome(matched=2, proposed=0, left=0)
    assert (again(debit).status, debit.return_code) == ("RETURNED", "MS02")
    assert again(invoice).status == InvoiceStatus.ISSUED


def test_a_return_typed_by_hand_is_found_again_by_its_line(company, collected, invoice):
    act(return_debit, debit=collected, code="AM04", returned_on=TODAY)
    a_line(company, -collected.amount, end_to_end_id=collected.end_to_end_id, return_code="AM04")
    assert run(company).matched == 1
    assert (Refund.objects.count(), again(invoice).balance) == (1, collected.amount)
    # the line found the return, and does not take it along
    act(undo_match, match=Match.objects.get(line__amount__lt=0), reason="Erreur", at=story.AT + timedelta(hours=1))
    assert again(collected).status == "RETURNED"


def test_a_return_typed_by_mistake_is_undone(company, collected, invoice):
    act(return_debit, debit=collected, code="AM04", returned_on=TODAY)
    act(undo_return, debit=collected)
    assert (again(collected).status, again(invoice).status) == ("COLLECTED", InvoiceStatus.PAID)
    act(return_debit, debit=collected, code="AM04", returned_on=TODAY)
    act(cancel_refund, refund=Refund.objects.get(cancelled_at=None), reason="Erreur")
    assert again(collected).status == "COLLECTED"


def test_a_refusal_typed_by_mistake_waits_for_the_bank_again(company, debit, order):
    act(return_debit, debit=again(debit), code="AM04", returned_on=TODAY)
    act(undo_return, debit=debit)
    a_line(company, debit.amount, end_to_end_id=debit.end_to_end_id)
    assert run(company).matched == 1


def test_what_comes_back_of_a_debit_that_became_credit_takes_the_credit(company, customer, debit, order, invoice):
    act(open_dispute, invoice=invoice, reason="Abîmé")
    money.a_payment(customer, str(invoice.balance), [(invoice, str(invoice.balance))])
    a_line(company, debit.amount, end_to_end_id=debit.end_to_end_id)
    run(company)
    a_line(company, -debit.amount, end_to_end_id=debit.end_to_end_id, return_code="MD06")
    assert run(company).matched == 1
    assert again(invoice).status == InvoiceStatus.PAID
    assert again(debit).payment.unallocated == 0
