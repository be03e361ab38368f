"""Two records of one customer become one: what will be billed follows, what was issued stays to the last byte."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.forms.books.third_parties import ThirdPartyField
from billing.ledger.opening import recognise
from billing.ledger.opening_rows import read_opening
from billing.models import Invoice, JournalLine, OrderStatus, SalesOrder
from billing.purchases.models import SupplierIban
from billing.purchases.suppliers import find_supplier
from billing.services.crediting import draft_credit_note
from billing.services.orders import save_order
from config.kernel.errors import DomainError
from config.kernel.models import AuditEvent, Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.merging import merge_customers, shown_of
from customers.models import Address, Contact, Customer
from customers.services import save_contact
from einvoicing.services.sending import recipients
from payments.dunning.models import ReminderLevel, ReminderSettings, ReminderText
from payments.dunning.planning import plan
from payments.dunning.practice import practice_of
from payments.dunning.schedule import due_for_reminder, overdue
from payments.dunning.texts import wording_of
from payments.models import Mandate
from tests.factories import story
from tests.factories.people import signed_in
from tests.payments.dunning.test_reminders import late
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db


def twins(company: Company) -> tuple[Customer, Customer]:
    kept = story.a_customer(company, name="Garage Dupont", siret="", siren="", email="", phone="")
    absorbed = story.a_customer(company, name="SARL Garage Dupont", email="garage@dupont.example", phone="0102030405")
    return kept, absorbed


def page_of(client: Client, kept: Customer, absorbed: Customer) -> Any:
    return client.get(reverse("customers:customer-merge", args=[kept.pk]), {"customer": absorbed.pk})


def merge(client: Client, kept: Customer, absorbed: Customer, **typed: str) -> Any:
    page = page_of(client, kept, absorbed)
    address = f"{reverse('customers:customer-merge', args=[kept.pk])}?customer={absorbed.pk}"
    return client.post(address, {"shown": page.context["shown"], **typed})


def frozen(invoice: Invoice) -> tuple[Any, ...]:
    rows = Invoice.everywhere.filter(pk=invoice.pk).values_list()[0]
    lines = JournalLine.everywhere.filter(entry__source=invoice.subject).order_by("pk").values_list()
    return rows, list(lines)


@pytest.mark.usefixtures("rules_say_yes")
def test_what_will_be_billed_follows_and_what_was_issued_stays(company: Company) -> None:
    kept, absorbed = twins(company)
    issued, draft = story.an_issued_invoice(absorbed), story.a_draft(absorbed)
    with company_scope(company):
        values = {"name": "Anne", "email": "anne@dupont.example"}
        save_contact(contact=None, customer=absorbed, values=values, actor=story.ACTOR, at=story.AT)
        SupplierIban.objects.create(
            company=company, supplier=absorbed, iban="FR7630006000011234567890189", seen_at=story.AT
        )
        ReminderSettings.objects.create(company=company, customer=absorbed)
    before = frozen(issued)
    client = signed_in(company)
    siret = absorbed.siret
    assert merge(client, kept, absorbed, siret="absorbed", email="absorbed", address="absorbed").status_code == 302
    kept.refresh_from_db()
    absorbed.refresh_from_db()
    assert (kept.name, kept.siret, kept.email, kept.phone) == ("Garage Dupont", siret, "garage@dupont.example", "")
    assert (absorbed.merged_into_id, absorbed.siret) == (kept.pk, "")
    assert absorbed.archived_at
    assert frozen(issued) == before
    draft.refresh_from_db()
    assert draft.customer_id == kept.pk
    for model, column in ((Contact, "customer"), (SupplierIban, "supplier"), (ReminderSettings, "customer")):
        assert model.everywhere.filter(**{column: kept}).count() == 1
    event = AuditEvent.objects.get(tag="customers.customer.merged")
    assert event.data["moved"] == {"contacts": 1, "drafts": 1, "ibans": 1, "reminder_settings": 1}
    assert client.get(absorbed.get_absolute_url()).status_code == 200
    # again: there is nothing to merge any more
    assert page_of(client, kept, absorbed).status_code == 422


@pytest.mark.usefixtures("rules_say_yes")
def test_what_was_billed_before_is_still_credited_under_its_own_record(company: Company) -> None:
    kept, absorbed = twins(company)
    issued = story.an_issued_invoice(absorbed)
    merge(signed_in(company), kept, absorbed)
    with company_scope(company):
        note = draft_credit_note(
            invoice=issued, parts=story.a_return(issued, 1), reason="retour", actor=story.ACTOR, at=story.AT
        )
    assert note.customer_id == absorbed.pk


def test_who_is_recognised_by_what_the_absorbed_record_says_is_the_one_that_goes_on(company: Company) -> None:
    kept, absorbed = twins(company)
    siren = absorbed.siren
    merge(signed_in(company), kept, absorbed)
    with company_scope(company):
        found = find_supplier(company_id=company.pk, siren=siren)
        assert found.supplier == kept
        Customer.objects.filter(pk=absorbed.pk).update(name=kept.name)
        rows, _wrong = read_opening("411;Garage Dupont;F1;;;10,00;;\n101;;;;;;10,00;")
        assert recognise(company.pk, rows).customers[0] == kept
        assert ThirdPartyField().clean("Garage Dupont") == kept


def test_a_merge_is_refused_while_something_is_in_flight(company: Company) -> None:
    kept, absorbed = twins(company)
    with company_scope(company):
        order = save_order(
            order=None, customer=absorbed, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT
        )
        SalesOrder.objects.filter(pk=order.pk).update(status=OrderStatus.PENDING)
    client = signed_in(company)
    page = page_of(client, kept, absorbed)
    assert page.status_code == 422
    assert "commande confirmée" in page.text
    assert merge(client, kept, absorbed).status_code == 422
    absorbed.refresh_from_db()
    assert absorbed.merged_into_id is None


def test_what_cannot_be_one_is_refused(company: Company) -> None:
    kept, absorbed = twins(company)
    client = signed_in(company)
    person = story.a_customer(company, kind="INDIVIDUAL")
    assert page_of(client, kept, person).status_code == 422
    assert page_of(client, kept, kept).status_code == 422
    foreign = story.a_customer(story.a_company())
    assert page_of(client, kept, foreign).status_code == 404
    assert page_of(signed_in(story.a_company()), kept, absorbed).status_code == 404
    assert page_of(signed_in(company, Role.VIEWER), kept, absorbed).status_code == 403
    # changed since it was shown
    with company_scope(company):
        shown = shown_of(kept, absorbed)
        Customer.objects.filter(pk=absorbed.pk).update(phone="0600000000")
    address = f"{reverse('customers:customer-merge', args=[kept.pk])}?customer={absorbed.pk}"
    assert client.post(address, {"shown": shown}).status_code == 422


def test_a_signed_mandate_serves_the_record_that_absorbed_its_own(company: Company) -> None:
    from payments.debits.mandates import usable_mandates

    kept, absorbed = twins(company)
    with company_scope(company):
        mandate = Mandate.objects.create(
            company=company, customer=absorbed, reference="RUM1", debtor_name="Dupont", language="fr",
            iban="FR7630006000011234567890189", signed_on=timezone.localdate(), created_at=timezone.now(),
        )  # fmt: skip
        assert usable_mandates([kept.pk], timezone.localdate()) == {}
        merge(signed_in(company), kept, absorbed)
        assert usable_mandates([kept.pk], timezone.localdate()) == {kept.pk: mandate}


def test_what_is_unpaid_under_the_absorbed_record_is_reminded_as_the_one_that_goes_on(company: Company) -> None:
    kept, absorbed = twins(company)
    with company_scope(company):
        invoice = late(absorbed, 20)
        values = {"name": "Anne", "email": "anne@dupont.example"}
        save_contact(contact=None, customer=absorbed, values=values, actor=story.ACTOR, at=story.AT)
        ReminderSettings.objects.create(company=company, customer=absorbed, language="en")
        ReminderText.objects.create(
            company=company, customer=absorbed, level=ReminderLevel.FRIENDLY, language="en", subject_line="Dear Anne",
            body="Pay",
        )  # fmt: skip
        merge(signed_in(company), kept, absorbed)
        absorbed.refresh_from_db()
        (planned,) = plan(company=company, at=story.AT)
        assert (planned.decision.level, planned.address) == ("FRIENDLY", "anne@dupont.example")
        assert recipients(absorbed) == ["anne@dupont.example"]
        assert wording_of(company, absorbed.pk, ReminderLevel.FRIENDLY, "en").subject_line == "Dear Anne"
        assert practice_of(company, absorbed.pk).language == "en"
        Customer.objects.filter(pk=kept.pk).update(reminders_paused_until=timezone.localdate(story.AT))
        assert plan(company=company, at=story.AT)[0].decision.reason == "paused"
        assert not due_for_reminder(overdue(company, story.AT), company=company, at=story.AT).exists()
        Customer.objects.filter(pk=kept.pk).update(reminders_paused_until=None)
        Customer.objects.filter(pk=absorbed.pk).update(email="")
        assert due_for_reminder(overdue(company, story.AT), company=company, at=story.AT).get() == invoice
        ReminderSettings.objects.update(never=True)
        assert plan(company=company, at=story.AT)[0].decision.level is None
        assert not due_for_reminder(overdue(company, story.AT), company=company, at=story.AT).exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_the_same_two_the_other_way_round_do_it_once(company: Company) -> None:
    kept, absorbed = twins(company)
    with company_scope(company):
        prints = {pair: shown_of(*pair) for pair in ((kept, absorbed), (absorbed, kept))}

    def one_of_them(place: int) -> bool:
        (mine, other), shown = list(prints.items())[place]
        with company_scope(company):
            try:
                merge_customers(kept=mine, absorbed=other, chosen=[], shown=shown, actor=story.ACTOR, at=story.AT)
            except DomainError:
                return False
        return True

    assert sorted(at_once(2, one_of_them)) == [False, True]
    assert Customer.everywhere.filter(company=company, merged_into__isnull=False).count() == 1
    assert Address.everywhere.filter(customer__company=company).count() == 2
