"""What happens to our copies at Abby reaches us by reading alone, once each; our invoice stays the truth."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.urls import reverse
from django.utils import translation

from billing.models import Email, Invoice, InvoiceStatus
from billing.pdf import render_pdf
from config.kernel.models import AuditEvent
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing import copies
from einvoicing.models import LifecycleEvent, PlatformAccount, RemoteDocument, Transmission, TransmissionKind
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms.abby.statuses import STATES
from einvoicing.problems.transmissions import problem_of
from einvoicing.problems.waiting import ProblemKind, find_problems
from einvoicing.sandbox.abby.access import KEY_PREFIX
from einvoicing.services import documents
from einvoicing.services.accounts import try_account
from einvoicing.services.polling import poll_account
from einvoicing.services.transmissions import dismiss_transmission, retry_transmission
from payments.models import Payment
from payments.services.payments import reverse_payment
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, platforms, story
from tests.factories.people import signed_in
from tests.factories.queues import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_say_yes")]
AT = story.AT
LATER = AT + timedelta(hours=2)


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch, sheets: list[bytes]) -> None:
    """One sheet serves for all: a copy is made of the XML, and drawing would take half of the time."""

    def draw(invoice: Invoice) -> bytes:
        if not sheets:
            sheets.append(render_pdf(invoice))
        return sheets[0]

    monkeypatch.setattr(documents, "render_pdf", draw)


@pytest.fixture(scope="module")
def sheets() -> list[bytes]:
    return []


@dataclass
class Office:
    """A company that mirrors its invoices to Abby."""

    address: str
    client_id: str
    customer: Customer
    account: PlatformAccount

    def copied(self, **values: Any) -> Transmission:
        """An issued invoice, its copy made and read once."""
        invoice = story.an_issued_invoice(self.customer, **values)
        drain(at=AT)
        self.polls(AT)
        return self.copy_of(invoice)

    def copy_of(self, invoice: Invoice) -> Transmission:
        rows = Transmission.everywhere.select_related("invoice", "account")
        found: Transmission = rows.get(invoice=invoice, account=self.account, kind=TransmissionKind.INVOICE)
        return found

    def polls(self, at: datetime = LATER) -> None:
        poll_account(account=PlatformAccount.everywhere.get(pk=self.account.pk), at=at)

    def acts(self, copy: Transmission, *acts: str, at: datetime = LATER, **more: Any) -> None:
        for act in acts:
            told = {"id": copy.remote_id, "act": act, "at": int(at.timestamp()), **more}
            requests.post(f"{self.address}/sandbox/abby/act", json=told, timeout=5).raise_for_status()

    def ledger(self) -> dict[str, Any]:
        query = {"client_id": self.client_id}
        found: dict[str, Any] = requests.get(f"{self.address}/sandbox/abby/ledger", params=query, timeout=5).json()
        return found

    def fails(self, kind: str, step: str) -> None:
        told = {"kind": kind, "value": step, "operation": "deposit", "client_id": self.client_id}
        requests.post(f"{self.address}/sandbox/faults", json=told, timeout=5).raise_for_status()

    def opens_the_book(self) -> None:
        told = {"client_id": self.client_id}
        requests.post(f"{self.address}/sandbox/abby/unpublished", json=told, timeout=5).raise_for_status()
        PlatformAccount.everywhere.filter(pk=self.account.pk).update(writes_receipts=True)


@pytest.fixture
def office(sandbox: str, settings: Any, tmp_path: Path) -> Office:
    settings.MEDIA_ROOT = str(tmp_path)
    company, client_id = story.a_company(), f"demo-{uuid.uuid4().hex[:12]}"
    secret = f"{KEY_PREFIX}{client_id}"
    account = platforms.a_platform_account(company, sandbox, kind="abby", secret=secret, default_format="CII")
    return Office(sandbox, client_id, story.a_customer(company), account)


def credited(invoice: Invoice) -> Invoice:
    return money.credit_invoice(invoice=invoice, parts=None, reason="Erreur", actor=story.ACTOR, at=LATER)


def plain(text: str) -> str:
    """With the blanks of French typography as plain ones."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


def tags_of(copy: Transmission) -> list[str]:
    events = AuditEvent.everywhere.filter(subjects__contains=[copy.invoice.subject], tag__startswith="einvoicing.copy")
    return [event.tag.removeprefix("einvoicing.copy.") for event in events.order_by("id")]


def fresh(copy: Transmission) -> Transmission:
    found: Transmission = Transmission.everywhere.select_related("invoice", "account").get(pk=copy.pk)
    return found


def test_the_invoice_knows_its_copy_and_can_be_found_by_it(office):
    copy = office.copied()
    assert (copy.status, copy.copy_facts) == (Status.ACCEPTED, {"state": "draft"})
    assert copy.invoice.abby_invoice_id == copy.remote_id
    client = signed_in(office.customer.company)
    assert len(client.get(f"{reverse('billing:invoice-list')}?q={copy.remote_id}").context["rows"]) == 1
    page = client.get(copy.invoice.get_absolute_url()).text
    assert copy.remote_id in page
    assert "Brouillon" in page


def test_a_copy_paid_there_is_paid_here_once_and_on_its_day(office):
    copy = office.copied()
    office.acts(copy, "finalize", "pay", at=AT + timedelta(hours=1))
    office.polls()
    office.polls(LATER + timedelta(hours=2))
    (payment,) = Payment.everywhere.filter(customer=office.customer)
    assert (payment.amount, payment.paid_on) == (copy.invoice.total_gross, date(2026, 11, 16))
    assert payment.notes == "Moyen de paiement non précisé par Abby."
    assert fresh(copy).invoice.status == InvoiceStatus.PAID
    assert LifecycleEvent.everywhere.filter(invoice=copy.invoice).count() == 0, "no legal status came of it"


def test_a_payment_that_is_known_here_is_not_recorded_again_when_the_copy_is_paid(office):
    copy = office.copied()
    money.a_payment(office.customer, "100.00", [(copy.invoice, "100.00")])
    office.acts(copy, "finalize", "pay", at=AT + timedelta(hours=1))
    office.polls()
    amounts = list(Payment.everywhere.filter(customer=office.customer).values_list("amount", flat=True))
    assert sum(amounts) == copy.invoice.total_gross
    payment = Payment.everywhere.get(customer=office.customer, reference__startswith="Abby")
    with company_scope(office.customer.company_id):
        reverse_payment(payment=payment, reason="Erreur", actor=story.ACTOR, at=LATER)
    office.polls(LATER + timedelta(hours=2))
    assert fresh(copy).invoice.amount_paid == Decimal(100), "what a person took back does not come back"


def test_money_received_in_part_is_noted_and_changes_nothing(office):
    copy = office.copied()
    office.acts(copy, "finalize")
    office.acts(copy, "pay", amount=5_000)
    office.polls()
    assert tags_of(copy) == ["finalized", "received"]
    assert fresh(copy).copy_facts["received"] == "50"
    assert not Payment.everywhere.filter(customer=office.customer).exists()


def test_a_copy_cancelled_by_a_credit_note_there_is_not_taken_for_money(office):
    copy = office.copied()
    office.acts(copy, "finalize", "pay", "cancel", at=AT + timedelta(hours=1))
    office.polls()
    assert not Payment.everywhere.filter(customer=office.customer).exists()


def test_a_second_legal_number_is_an_alarm_until_a_person_files_it(office):
    copy = office.copied()
    office.acts(copy, "finalize")
    office.polls()
    copy, number = fresh(copy), f"F-{copy.remote_id}"
    assert copy.invoice.abby_invoice_number == number
    client = signed_in(office.customer.company)
    assert "1 second numéro légal" in plain(client.get("/").text)
    page = client.get(copy.invoice.get_absolute_url()).text
    assert number in page
    assert "second numéro légal" in page
    assert len(client.get(f"{reverse('billing:invoice-list')}?q={number}").context["rows"]) == 1
    with company_scope(office.customer.company_id):
        credited(copy.invoice)
        found = find_problems(Transmission.objects.filter(pk=copy.pk)).get()
        assert found.problem_kind == ProblemKind.DUPLICATED, "credited here, it still has two numbers"
        dismiss_transmission(transmission=copy, reason="Avoir fait chez Abby", actor=story.ACTOR, at=LATER)
        assert not find_problems(Transmission.objects.filter(pk=copy.pk)).exists()
        assert problem_of(fresh(copy)) is None


def test_what_happens_there_is_noted_once_each(office):
    copy = office.copied()
    office.acts(copy, "send", "finalize", "sign", "refuse", "teleported", "cancel")
    for turn in range(3):
        office.polls(LATER + timedelta(hours=2 * turn))
    assert tags_of(copy) == ["finalized", "sent", "cancelled", "unknown"]
    client = signed_in(office.customer.company)
    page = plain(client.get(copy.invoice.get_absolute_url()).text)
    assert "État inconnu « teleported »" in page
    assert "???" not in page


def test_a_copy_late_by_its_own_day_is_told_once(office):
    copy = office.copied(at=AT - timedelta(days=90))
    office.acts(copy, "finalize")
    for turn in range(2):
        office.polls(LATER + timedelta(hours=2 * turn))
    assert tags_of(copy) == ["finalized", "overdue"]
    assert copies.label(fresh(copy).copy_facts) == "Finalisée, en retard"


def test_every_state_of_abby_has_its_words_in_both_languages():
    for language, known in (("fr", "Brouillon"), ("en", "Draft")):
        with translation.override(language):
            words = [copies.label({"state": state}) for state in (*STATES, "deleted")]
            assert len(set(words)) == 6
            assert words[0] == known
            assert "teleported" in copies.label({"state": "teleported"})
    assert copies.label({}) == ""


def test_a_deleted_copy_is_told_asked_about_no_more_and_can_be_made_again(office):
    copy = office.copied()
    office.acts(copy, "delete")
    office.polls()
    gone = fresh(copy)
    assert (gone.status, gone.invoice.abby_invoice_id) == (Status.SKIPPED, "")
    assert tags_of(copy) == ["deleted"]
    assert problem_of(gone) is None
    before = len(office.ledger()["calls"])
    office.polls(LATER + timedelta(hours=2))
    assert len(office.ledger()["calls"]) == before
    with company_scope(office.customer.company_id):
        retry_transmission(transmission=gone, reason="à remettre", actor=story.ACTOR, at=LATER)
    drain(at=LATER)
    again = fresh(copy)
    assert (again.status, again.copy_facts) == (Status.DEPOSITED, {})
    assert again.invoice.abby_invoice_id == again.remote_id != copy.remote_id


def test_a_finalized_copy_that_another_key_does_not_find_keeps_its_alarm(office):
    copy = office.copied()
    office.acts(copy, "finalize")
    office.polls()
    platforms.give_secret(office.account, f"{KEY_PREFIX}demo-another")
    office.polls(LATER + timedelta(hours=2))
    kept = fresh(copy)
    assert (kept.status, kept.invoice.abby_invoice_id) == (Status.ACCEPTED, copy.remote_id)
    assert find_problems(Transmission.everywhere.filter(pk=copy.pk)).get().problem_kind == ProblemKind.DUPLICATED
    assert "autre compte" in RemoteDocument.everywhere.get(remote_id=f"{copy.remote_id}:deleted").problem


def test_a_credit_note_of_a_draft_is_without_object_once_and_alarms_nobody(office):
    copy = office.copied()
    with company_scope(office.customer.company_id):
        note = credited(copy.invoice)
    drain(at=LATER)
    row = office.copy_of(note)
    assert row.status == Status.SKIPPED
    assert "avoir" in row.last_error
    assert problem_of(row) is None
    assert not find_problems(Transmission.everywhere.filter(pk=row.pk)).exists()
    assert not Email.everywhere.filter(kind="NOTICE").exists()
    assert drain(at=LATER + timedelta(days=2)) == 0


def test_a_credit_note_of_a_finalized_copy_is_copied_as_an_asset(office):
    copy = office.copied()
    office.acts(copy, "finalize")
    with company_scope(office.customer.company_id):
        note = credited(copy.invoice)
    drain(at=LATER)
    assert office.copy_of(note).status == Status.DEPOSITED
    assert [one["type"] for one in office.ledger()["copies"]] == ["invoice", "asset"]


def test_a_copy_cut_after_its_making_goes_on_with_the_same_draft(office):
    office.fails("reset-after-accept", "title")
    invoice = story.an_issued_invoice(office.customer)
    drain(at=AT)
    row = office.copy_of(invoice)
    assert row.status == Status.UNKNOWN
    assert row.remote_id == office.ledger()["copies"][0]["id"]
    drain(at=AT + timedelta(hours=1))
    assert office.copy_of(invoice).status == Status.DEPOSITED
    (only,) = office.ledger()["copies"]
    assert only["title"].startswith(invoice.number)


def test_abby_is_tried_again_after_1_2_and_4_minutes_then_given_up(office):
    PlatformAccount.everywhere.filter(pk=office.account.pk).update(base_url=platforms.NOBODY)
    invoice = story.an_issued_invoice(office.customer)
    at, waits = AT, []
    while (row := office.copy_of(invoice)).status != Status.DEAD:
        drain(at=at)
        row = office.copy_of(invoice)
        if row.status == Status.PENDING:
            waits.append(round((row.next_attempt_at - at).total_seconds() / 60))
            at = row.next_attempt_at
    assert waits == [1, 2, 4]
    assert row.attempts == 4


def test_a_connection_that_works_ends_the_suspension(office):
    accounts = PlatformAccount.everywhere.filter(pk=office.account.pk)
    accounts.update(failures=7, open_until=LATER, base_url=platforms.NOBODY)
    assert try_account(account=accounts.get(), at=AT) is not None
    assert accounts.get().open_until == LATER
    accounts.update(base_url=office.address)
    assert try_account(account=accounts.get(), at=AT) is None
    assert (accounts.get().failures, accounts.get().open_until) == (0, None)


# -- the book of receipts ----------------------------------------------------------------------------------------------


def receipts(office: Office) -> list[Transmission]:
    return list(Transmission.everywhere.filter(account=office.account, kind="RECEIPT").order_by("created_at"))


def test_without_being_asked_for_no_receipt_is_queued(office):
    copy = office.copied()
    money.a_payment(office.customer, "100.00", [(copy.invoice, "100.00")])
    assert receipts(office) == []


def test_a_payment_of_two_invoices_is_one_entry_with_its_day_and_means(office):
    office.opens_the_book()
    one, two = office.copied().invoice, office.copied().invoice
    money.a_payment(office.customer, "300.00", [(one, "100.00"), (two, "150.00")], method="CHECK")
    drain(at=AT)
    office.polls()
    assert [row.status for row in receipts(office)] == [Status.ACCEPTED]
    (entry,) = office.ledger()["incomes"]
    assert (entry["priceTotalTax"], entry["vatAmount"]) == (30_000, 4_167), "VAT of what it pays, none of the credit"
    assert set(entry["reference"].split()[:2]) == {one.number, two.number}
    assert (entry["paidAt"][:10], entry["paymentMethodUsed"]) == ("2026-11-16", {"value": 4})


def test_each_partial_payment_is_an_entry_of_its_own(office):
    office.opens_the_book()
    invoice = office.copied().invoice
    for amount in ("40.00", "60.00"):
        money.a_payment(office.customer, amount, [(invoice, amount)])
        drain(at=AT)
    assert [entry["priceTotalTax"] for entry in office.ledger()["incomes"]] == [4_000, 6_000]


@pytest.mark.parametrize("is_written", [False, True])
def test_money_taken_back_is_never_a_negative_entry_and_is_said_once(office, is_written):
    office.opens_the_book()
    invoice = office.copied().invoice
    payment = money.a_payment(office.customer, "100.00", [(invoice, "100.00")])
    if is_written:
        drain(at=AT)
    with company_scope(office.customer.company_id):
        reverse_payment(payment=payment, reason="Impayé", actor=story.ACTOR, at=LATER)
    drain(at=LATER)
    rows = receipts(office)
    assert [row.status for row in rows] == [*([Status.DEPOSITED] if is_written else []), Status.SKIPPED]
    assert len(office.ledger()["incomes"]) == is_written
    assert not find_problems(Transmission.everywhere.filter(account=office.account)).exists()
    expected = "supprimez dans son livre celle de 100,00" if is_written else "annulé avant d’être inscrit"
    assert expected in plain(rows[-1].last_error)


def test_a_receipt_without_a_known_outcome_is_never_sent_again(office):
    office.opens_the_book()
    invoice = office.copied().invoice
    office.fails("reset-after-accept", "income")
    money.a_payment(office.customer, "100.00", [(invoice, "100.00")])
    drain(at=AT)
    drain(at=LATER)
    (row,) = receipts(office)
    assert (row.status, row.can_dismiss) == (Status.DEAD, True)
    assert len(office.ledger()["incomes"]) == 1
