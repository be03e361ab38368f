"""Direct debits: announced, asked of the bank in a valid file, collected, returned; crossed with other acts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from lxml import etree
from sepaxml.validation import try_valid_xml

from billing.models import Email, EmailStatus, Invoice
from billing.services.invoices import open_dispute
from billing.tasks import INVOICE_EMAILS
from config.kernel.clock import local_day
from config.kernel.errors import Stale
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.debits import announcing, orders, target_days
from payments.debits.announcing import NoMandate, NotAnnounced, NotDebitable, announce_debit, cancel_debit, debitable
from payments.debits.collecting import UnknownReturnCode, return_debit
from payments.debits.mandates import (
    HasPendingDebits,
    MandateNotOpen,
    MandateRefused,
    lapse_days,
    revoke_mandate,
    sign_mandate,
)
from payments.debits.orders import DebitRefused, NoCreditorIdentifier, NothingToOrder, OrderTooLate, cancel_order
from payments.debits.reasons import REASONS
from payments.debits.standing import NotOrdered
from payments.dunning.planning import plan
from payments.models import DebitOrder, DirectDebit, Mandate, Payment
from payments.services.credits import use_credit
from tests.factories import money, story
from tests.factories.debits import IBAN, a_mandate, an_announced_debit, an_order, settings
from tests.factories.money import credit_invoice
from tests.factories.people import read, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]
TODAY = local_day(story.AT)
SPACES = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"}


def act(service, **given):
    return service(**{"actor": story.ACTOR, "at": story.AT, **given})


@pytest.fixture
def mandate(customer):
    return a_mandate(customer)


@pytest.fixture
def invoice(customer):
    return story.an_issued_invoice(customer)


@pytest.fixture
def debit(mandate, invoice):
    return an_announced_debit(mandate, invoice)


def plain(page):
    return " ".join(page.split())


def again(row):
    row.refresh_from_db()
    return row


# -- days --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "settles"),
    [
        (date(2026, 12, 25), False),
        (date(2026, 12, 26), False),  # a Saturday too
        (date(2026, 12, 28), True),
        (date(2027, 1, 1), False),
        (date(2026, 4, 3), False),  # Good Friday
        (date(2026, 4, 6), False),  # Easter Monday
        (date(2026, 5, 1), False),
        (date(2026, 7, 14), True),  # French, not TARGET
        (date(2026, 11, 14), False),  # a Saturday
    ],
)
def test_banks_settle_on_the_days_of_target(day, settles):
    assert target_days.is_target_day(day) is settles


def test_the_lead_time_jumps_over_weekends_and_holidays():
    assert target_days.after(date(2026, 12, 24), 1) == date(2026, 12, 28)
    assert target_days.after(date(2026, 11, 13), 1) == date(2026, 11, 16)


def test_a_debit_waits_for_its_notice_and_for_a_day_of_settlement(mandate, invoice):
    early = an_announced_debit(mandate, invoice, collected_on=TODAY + timedelta(days=1))
    assert early.collected_on >= max(invoice.due_date, TODAY + timedelta(days=14))
    assert target_days.is_target_day(early.collected_on)


def test_the_notice_that_was_agreed_is_shorter(customer, invoice):
    mandate = a_mandate(customer, notice_days=2)
    assert announcing.notice_days(mandate) == 2
    assert announcing.notice_days(Mandate(company_id=customer.company_id)) == 14


# -- mandates ----------------------------------------------------------------------------------------------------


def test_a_mandate_is_signed_once_then_says_for_ever_what_was_signed(customer):
    mandate = a_mandate(customer, signed_on=None)
    act(sign_mandate, mandate=mandate, signed_on=TODAY)
    with pytest.raises(MandateNotOpen):
        act(sign_mandate, mandate=mandate, signed_on=TODAY)
    assert lapse_days([mandate])[mandate.pk] == date(TODAY.year + 3, TODAY.month, TODAY.day)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("iban", {"iban": "FR7630006000011234567890188"}),
        ("bic", {"bic": "RIEN"}),
        ("reference", {"reference": "deux mots"}),
        ("debtor_name", {"debtor_name": " "}),
        ("signed_on", {"signed_on": TODAY + timedelta(days=1)}),
    ],
)
def test_a_mandate_that_a_bank_would_refuse_is_refused_at_its_field(customer, field, values):
    with pytest.raises(MandateRefused) as refused:
        a_mandate(customer, **values)
    assert set(refused.value.fields) == {field}


def test_a_reference_is_unique_in_its_company_alone(customer):
    a_mandate(customer, reference="RUM-1")
    with pytest.raises(MandateRefused):
        a_mandate(customer, reference="RUM-1")
    stranger = story.a_company()
    with company_scope(stranger):
        a_mandate(story.a_customer(stranger), reference="RUM-1")


def test_a_revoked_unsigned_or_lapsed_mandate_debits_nothing(company, customer, invoice):
    unsigned = a_mandate(customer, signed_on=None)
    assert list(debitable(company)) == []
    act(revoke_mandate, mandate=unsigned, reason="Jamais signé")
    lapsed = a_mandate(customer, signed_on=date(2023, 11, 15))
    with pytest.raises(NoMandate):
        an_announced_debit(lapsed, invoice)


def test_a_mandate_in_use_is_not_revoked(mandate, debit):
    with pytest.raises(HasPendingDebits):
        act(revoke_mandate, mandate=mandate, reason="Client parti")


# -- announcing --------------------------------------------------------------------------------------------------


def test_the_notice_names_amount_day_mandate_and_creditor(debit):
    email = Email.objects.get(pk=debit.notice_id)
    assert email.status == EmailStatus.QUEUED
    text = email.body.replace("\u202f", " ").replace("\xa0", " ")
    for word in (debit.mandate.reference, "FR72ZZZ123456", debit.invoice.number, "…0189"):
        assert word in text
    assert f"{debit.collected_on:%d/%m/%Y}" in email.subject_line


def test_an_invoice_is_debited_once_at_a_time(company, debit, invoice, monkeypatch):
    with pytest.raises(NotDebitable):
        act(announce_debit, invoice=invoice)
    # both have found it free: the database keeps the first
    monkeypatch.setattr(announcing, "debitable", lambda _company: Invoice.objects.filter(pk=invoice.pk))
    with pytest.raises(Stale):
        act(announce_debit, invoice=invoice)


def test_a_cancelled_debit_withdraws_its_notice_and_gives_the_invoice_back(company, debit, invoice):
    act(cancel_debit, debit=debit, reason="Il paiera par virement")
    assert again(debit.notice).status == EmailStatus.CANCELLED
    assert [row.pk for row in debitable(company)] == [invoice.pk]
    with pytest.raises(NotAnnounced):
        act(cancel_debit, debit=debit, reason="Encore")


# -- the file ----------------------------------------------------------------------------------------------------


def test_the_file_is_valid_and_says_what_is_asked_with_a_structured_address(company, customer, mandate, debit):
    other = an_announced_debit(mandate, story.an_issued_invoice(customer))
    order = an_order([debit, other])
    data = order.xml.encode()
    try_valid_xml(data, "pain.008.001.08")
    root = etree.fromstring(data)

    def texts(path):
        return [node.text for node in root.iterfind(f".//{path}", SPACES)]

    assert texts("p:GrpHdr/p:MsgId") == [order.number]
    assert texts("p:PmtInf/p:PmtInfId") == [f"{order.number}-1"]
    assert texts("p:GrpHdr/p:NbOfTxs") == ["2"]
    assert texts("p:GrpHdr/p:CtrlSum") == [f"{order.total:.2f}"]
    assert texts("p:EndToEndId") == [row.end_to_end_id for row in order.debits.order_by("pk")]
    assert texts("p:Dbtr/p:PstlAdr/p:TwnNm")
    assert texts("p:PstlAdr/p:AdrLine") == []
    assert set(texts("p:SeqTp")) == {"RCUR"}
    assert (order.debit_count, order.total) == (2, debit.amount + other.amount)


def test_the_first_of_a_mandate_is_marked_where_the_company_wants_it(customer, invoice):
    mandate = a_mandate(customer)
    settings(customer.company, first_is_recurrent=False)
    first = an_announced_debit(mandate, invoice)
    second = an_announced_debit(mandate, story.an_issued_invoice(customer))
    assert [first.sequence, second.sequence] == ["FRST", "RCUR"]
    other = story.a_customer(customer.company)
    once = a_mandate(other, is_one_off=True)
    assert an_announced_debit(once, story.an_issued_invoice(other)).sequence == "OOFF"
    with pytest.raises(NoMandate):
        an_announced_debit(once, story.an_issued_invoice(other))


def test_a_file_needs_the_identifier_and_announced_debits(company, debit):
    settings(company, creditor_identifier="")
    with pytest.raises(NoCreditorIdentifier):
        an_order([debit])
    settings(company)
    order = an_order([debit])
    with pytest.raises(DebitRefused):
        an_order([debit])
    ordered = order.debits.get()
    stranger = story.a_company()
    with company_scope(stranger):
        settings(stranger)
        with pytest.raises(NothingToOrder):
            an_order([ordered], company=stranger)


def test_what_was_paid_disputed_or_credited_since_the_notice_is_refused_and_a_part_asks_for_the_rest(
    customer, mandate, invoice, debit
):
    money.a_payment(customer, "40.00", [(invoice, "40.00")])
    (prepared,) = orders.prepare([DirectDebit.objects.get(pk=debit.pk)], at=story.AT)
    assert prepared.amount == debit.amount - 40
    paid, credited, disputed = (story.an_issued_invoice(customer) for _one in range(3))
    waiting = [an_announced_debit(mandate, one) for one in (paid, credited, disputed)]
    money.a_payment(customer, str(paid.balance), [(paid, str(paid.balance))])
    credit_invoice(invoice=credited, parts=None, reason="Retour", actor=story.ACTOR, at=story.AT)
    act(open_dispute, invoice=disputed, reason="Marchandise abîmée")
    for one in waiting:
        with pytest.raises(DebitRefused):
            an_order([one])
    assert not DebitOrder.objects.exists()


def test_credit_used_since_the_notice_is_not_collected_again(customer, invoice, debit):
    money.a_payment(customer, "30.00")
    act(use_credit, invoice=invoice)
    (prepared,) = orders.prepare([DirectDebit.objects.get(pk=debit.pk)], at=story.AT)
    assert prepared.amount == debit.amount - 30
    assert an_order([again(debit)]).total == debit.amount - 30


def test_an_order_cancelled_before_its_day_gives_its_invoices_back_and_never_after(debit):
    order = an_order([debit])
    late = story.AT + timedelta(days=(order.first_collected_on - TODAY).days)
    with pytest.raises(OrderTooLate):
        act(cancel_order, order=order, reason="Trop tard", at=late)
    act(cancel_order, order=order, reason="Erreur")
    assert (again(debit).status, debit.order) == ("ANNOUNCED", None)
    assert an_order([debit]).number == "PRL-2026-00002"


# -- what a person says of it --------------------------------------------------------------------------------------


def test_a_refusal_before_any_credit_moves_no_money(debit):
    an_order([debit])
    with pytest.raises(UnknownReturnCode):
        act(return_debit, debit=debit, code="ZZZZ", returned_on=TODAY)
    act(return_debit, debit=debit, code="MD01", returned_on=TODAY)
    assert not Payment.objects.exists()
    assert REASONS["MD01"].is_final
    with pytest.raises(NotOrdered):
        act(return_debit, debit=debit, code="MD01", returned_on=TODAY)


def test_nobody_is_reminded_of_an_invoice_that_will_be_debited(company, customer, mandate):
    late = story.an_issued_invoice(customer)
    debit = an_announced_debit(mandate, late)
    after = story.AT + timedelta(days=(late.due_date - TODAY).days + 20)
    (planned,) = plan(company=company, at=after, invoices=[again(late)])
    assert planned.decision.reason == "debit_pending"
    act(cancel_debit, debit=debit, reason="Virement")
    (planned,) = plan(company=company, at=after, invoices=[again(late)])
    assert planned.decision.reason != "debit_pending"


# -- pages -------------------------------------------------------------------------------------------------------


def test_a_person_goes_from_the_mandate_to_the_file(company, customer, invoice):
    settings(company)
    money.a_bank_account(company)
    client = signed_in(company, Role.ACCOUNTANT)
    new = reverse("payments:mandate-new", args=[customer.pk])
    typed = {"debtor_name": "Maison", "iban": IBAN, "scheme": "CORE", "language": "fr", "signed_on": "05/01/2026"}
    assert client.post(new, {**typed, "iban": "FR00"}).status_code == 422
    client.post(new, typed)
    mandate = Mandate.objects.get()
    assert client.get(reverse("payments:mandate-form", args=[mandate.pk])).content.startswith(b"%PDF")
    assert mandate.reference in read(client.get(mandate.get_absolute_url()))
    page = client.get(reverse("payments:debit-list"))
    assert invoice.number in read(page)
    client.post(reverse("payments:debit-list"), {"chosen": [invoice.pk]})
    debit = DirectDebit.objects.get()
    announced = f"Prélèvement de 1 440,00 € prévu le {debit.collected_on:%d/%m/%Y}"
    assert announced in plain(read(client.get(invoice.get_absolute_url())))
    assert mandate.reference in read(client.get(customer.get_absolute_url()))
    account = money.a_bank_account(company)
    order = {"scheme": "CORE", "chosen": [debit.pk], "bank_account": account.pk}
    assert "son avis n’est pas encore parti" in read(client.get(reverse("payments:debit-list")))
    INVOICE_EMAILS.sweep()
    done = client.post(reverse("payments:debit-order-new"), order, follow=True)
    assert DebitOrder.objects.get().sha256 in read(done)


def test_another_companys_mandate_does_not_exist_and_a_seller_sees_nothing(company, debit):
    stranger = signed_in(story.a_company())
    assert stranger.get(debit.mandate.get_absolute_url()).status_code == 404
    seller = signed_in(company, Role.SALES)
    for name in ("payments:debit-list", "payments:mandate-list", "payments:debit-order-list", "payments:debit-returns"):
        assert seller.get(reverse(name)).status_code == 403
