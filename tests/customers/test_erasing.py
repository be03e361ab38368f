"""A person is erased where no law keeps them; what is kept is said, with its term; what still runs holds it up."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from billing.models import NO_ADDRESS, Email, Invoice
from billing.retention import passed_term
from billing.services.emails import MessageErased, resend_email
from config.kernel import chain
from config.kernel.errors import Stale
from config.kernel.models import AuditEvent, Company, User
from config.kernel.people.erasing import StillMember, who_left
from config.kernel.people.members import remove_member
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.erasing import (
    NAME,
    Plan,
    StillNeeded,
    contact_person,
    erase_again,
    erase_person,
    individual,
    persons_at,
    plan_of,
)
from customers.merging import merge_customers, shown_of
from customers.models import Address, Contact, Customer, CustomerKind
from customers.services import PersonErased, restore_customer, save_contact
from payments.debits.mandates import revoke_mandate
from payments.dunning.models import Reminder, ReminderSettings
from payments.models import Mandate
from tests.factories import debits, money, story
from tests.factories.people import a_person, read, signed_in
from tests.trust.conftest import run, settle

pytestmark = pytest.mark.django_db
EMAIL = "ada@lovelace.example"
LONG_AGO = datetime(2024, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def somebody(company: Company, **values: Any) -> Customer:
    given = {"kind": CustomerKind.INDIVIDUAL, "email": EMAIL, "phone": "0601020304", "notes": "sonner deux fois"}
    return story.a_customer(company, **given | values)


def a_settled_invoice(customer: Customer) -> Invoice:
    invoice = story.an_issued_invoice(customer)
    money.a_payment(customer, str(invoice.total_gross), [(invoice, str(invoice.total_gross))], notes="payé par sa sœur")
    return invoice


def a_message(invoice: Invoice, recipient: str = EMAIL, status: str = "SENT") -> Email:
    return Email.objects.create(
        company=invoice.company, kind="INVOICE", invoice=invoice, recipient=recipient, subject_line="Pour Ada",
        body="Chère Ada", status=status, next_attempt_at=story.AT, created_at=story.AT,
    )  # fmt: skip


def erase(customer: Customer) -> Plan:
    person = individual(customer)
    return erase_person(person=person, shown=plan_of(person, at=story.AT).shown, actor=story.ACTOR, at=story.AT)


def refusal(customer: Customer) -> str:
    with pytest.raises(StillNeeded) as caught, transaction.atomic():
        erase(customer)
    return str(caught.value)


def test_what_no_law_keeps_goes_and_what_it_keeps_stays_to_the_last_byte(company: Company) -> None:
    customer = somebody(company)
    Address.objects.create(company=company, customer=customer, kind="DELIVERY", **story.LYON)
    save_contact(contact=None, customer=customer, values={"name": "Sa sœur"}, actor=story.ACTOR, at=story.AT)
    invoice = a_settled_invoice(customer)
    email = a_message(invoice)
    Invoice.objects.filter(pk=invoice.pk).update(internal_notes="Ada rappelle")
    settle()
    before = Invoice.objects.filter(pk=invoice.pk).values("buyer", "number", "total_gross", "buyer_name").get()

    plan = erase(customer)
    customer.refresh_from_db()
    email.refresh_from_db()
    told = (customer.name, customer.first_name, customer.email, customer.phone, customer.notes)
    assert told == (NAME, "", "", "", "")
    assert [(row.line, row.kind) for row in Address.objects.filter(customer=customer)] == [("", "BILLING")]
    assert not customer.contacts.exists()
    assert (email.recipient, email.body) == (NO_ADDRESS, "")
    assert Invoice.objects.get(pk=invoice.pk).internal_notes == ""
    assert Invoice.objects.filter(pk=invoice.pk).values(*before).get() == before
    settle()
    assert chain.verify(company) == []
    terms = {str(one.label): one.until for one in plan.kept}
    assert terms["Factures et avoirs émis, et leurs fichiers"] == date(2036, 12, 31)
    event = AuditEvent.objects.get(tag="customers.person.erased")
    assert "ovelace" not in str(event.data)
    assert plan_of(individual(customer), at=story.AT).erased == []


def test_what_still_runs_holds_an_erasure_up_and_says_what_to_do(company: Company) -> None:
    customer = somebody(company)
    invoice = story.an_issued_invoice(customer)
    Reminder.objects.create(
        company=company, invoice=invoice, level=1, status="DRAFTED", balance=invoice.balance, created_at=story.AT
    )
    mandate = debits.a_mandate(customer)
    a_message(invoice, status="QUEUED")
    story.a_draft(customer)
    words = refusal(customer)
    for expected in ("pas soldée", "relance attend", "mandat de prélèvement est en vigueur", "brouillon", "message"):
        assert expected in words
    revoke_mandate(mandate=mandate, reason="parti", actor=story.ACTOR, at=story.AT)
    assert "mandat" not in refusal(customer)
    assert Customer.objects.get(pk=customer.pk).name == "Ada Lovelace"


def test_a_mandate_gives_its_account_up_once_its_debits_can_be_contested_no_more(company: Company) -> None:
    old, recent = somebody(company), somebody(company, last_name="Byron")
    for customer, at in ((old, LONG_AGO), (recent, datetime.now(UTC))):
        mandate = debits.a_mandate(customer, signed_on=LONG_AGO.date(), at=LONG_AGO)
        revoke_mandate(mandate=mandate, reason="", actor=story.ACTOR, at=at)
        erase(customer)
    assert Mandate.objects.get(customer=old).iban == ""
    kept = Mandate.objects.get(customer=recent)
    assert kept.iban == debits.IBAN
    (why,) = [one for one in plan_of(individual(recent), at=story.AT).kept if "Mandat" in str(one.label)]
    assert why.until > date(2026, 12, 1)
    # PostgreSQL itself: neither too early, nor another account, nor something else with it
    for pk, change in (
        (kept.pk, "iban = '', bic = '', debtor_name = ''"),
        (Mandate.objects.get(customer=old).pk, "iban = 'FR76'"),
        (Mandate.objects.get(customer=old).pk, "iban = '', bic = '', debtor_name = '', reference = 'Z'"),
    ):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            run(f"UPDATE payments_mandate SET {change} WHERE id = {pk}")


def test_what_is_confirmed_is_what_was_shown(company: Company) -> None:
    customer = somebody(company)
    shown = plan_of(individual(customer), at=story.AT).shown
    a_message(a_settled_invoice(customer))
    with pytest.raises(Stale), transaction.atomic():
        erase_person(person=individual(customer), shown=shown, actor=story.ACTOR, at=story.AT)
    assert Customer.objects.get(pk=customer.pk).email == EMAIL


def test_an_erased_person_is_never_written_again(company: Company) -> None:
    customer = somebody(company)
    email = a_message(a_settled_invoice(customer), status="FAILED")
    erase(customer)
    customer.refresh_from_db()
    with pytest.raises(PersonErased):
        restore_customer(customer=customer, actor=story.ACTOR, at=story.AT)
    with pytest.raises(PersonErased):
        save_contact(contact=None, customer=customer, values={"name": "X"}, actor=story.ACTOR, at=story.AT)
    email.refresh_from_db()
    with pytest.raises(MessageErased):
        resend_email(email=email, actor=story.ACTOR, at=story.AT)
    with pytest.raises(IntegrityError, match="an_erased_person_is_not_told"), transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(email=EMAIL)


def test_a_contact_goes_alone_and_the_messages_to_others_stay(company: Company) -> None:
    customer = story.a_customer(company)
    contact = Contact.objects.create(company=company, customer=customer, name="Jeanne", email="Jeanne@client.example")
    ReminderSettings.objects.create(company=company, customer=customer, contact=contact)
    invoice = story.an_issued_invoice(customer)  # owed by the organisation, which stays
    mine, other = a_message(invoice, "jeanne@client.example"), a_message(invoice, "compta@client.example")
    person = contact_person(contact)
    erase_person(person=person, shown=plan_of(person, at=story.AT).shown, actor=story.ACTOR, at=story.AT)
    assert not Contact.objects.exists()
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.recipient, other.recipient) == (NO_ADDRESS, "compta@client.example")
    assert ReminderSettings.objects.get(customer=customer).contact is None


def test_all_records_that_were_merged_go_together(company: Company) -> None:
    kept, absorbed = somebody(company), somebody(company, first_name="A.", email="autre@lovelace.example")
    a_message(a_settled_invoice(absorbed), "autre@lovelace.example")
    merge_customers(
        kept=kept, absorbed=absorbed, chosen=[], shown=shown_of(kept, absorbed), actor=story.ACTOR, at=story.AT
    )
    absorbed.refresh_from_db()
    erase(absorbed)
    assert set(Customer.objects.values_list("name", "email")) == {(NAME, "")}
    assert Email.objects.get().recipient == NO_ADDRESS


def test_another_company_keeps_its_own_record_of_the_same_person(company: Company) -> None:
    other = story.a_company()
    with company_scope(other):
        theirs = somebody(other)
    mine = somebody(company)
    out = io.StringIO()
    call_command("erase_person", "--company", company.siren, "--email", EMAIL.upper(), stdout=out)
    assert "nothing was written" in out.getvalue()
    assert Customer.objects.get(pk=mine.pk).email == EMAIL
    call_command("erase_person", "--company", company.siren, "--email", EMAIL, "--yes", stdout=out)
    with company_scope(other):
        assert Customer.objects.get(pk=theirs.pk).email == EMAIL
    assert Customer.objects.get(pk=mine.pk).name == NAME
    with pytest.raises(CommandError, match="nobody"):
        call_command("erase_person", "--company", company.siren, "--email", EMAIL, "--yes", stdout=out)


def test_an_account_is_emptied_once_its_person_left_every_company(company: Company) -> None:
    a_person(company)
    user, other = a_person(company, Role.SALES), story.a_company()
    user.memberships.create(company=other, role=Role.SALES)
    remove_member(membership=user.memberships.get(company=company), actor=story.ACTOR, at=story.AT)
    with pytest.raises(StillMember):
        who_left(company, user.email)
    assert who_left(story.a_company(), user.email) is None, "another company knows nothing of this person"
    user.memberships.all().delete()
    call_command("erase_person", "--company", company.siren, "--email", user.email, "--yes", stdout=io.StringIO())
    emptied = User.objects.get(pk=user.pk)
    assert emptied.email.endswith(".invalid")
    assert (emptied.is_active, emptied.has_usable_password(), emptied.get_full_name()) == (False, False, "")


def test_only_an_owner_sees_the_page_which_lists_both_columns_before_it_acts(company: Company) -> None:
    customer = somebody(company)
    a_message(a_settled_invoice(customer))
    address = reverse("customers:customer-personal-data", args=[customer.pk])
    assert signed_in(company, Role.ACCOUNTANT).get(address).status_code == 403
    client = signed_in(company)
    page = client.get(address)
    assert "Adresses et textes des messages" in read(page)
    assert "Factures et avoirs émis" in read(page)
    assert "31/12/2036" in read(page)
    assert Customer.objects.get(pk=customer.pk).email == EMAIL
    client.post(address, {"shown": page.context["plan"].shown})
    assert Customer.objects.get(pk=customer.pk).erased_at is not None
    detail = client.get(customer.get_absolute_url())
    assert NAME in read(detail)
    assert "ovelace" not in read(client.get(f"{reverse('customers:customer-list')}?archived=1"))
    assert "tout l’a été" in read(client.get(address))


def test_nobody_is_erased_whom_a_copy_still_needs_twice(company: Company) -> None:
    customer = somebody(company)
    story.an_issued_invoice(customer)
    assert erase_again(person=individual(customer), actor=story.ACTOR, at=story.AT), "decided elsewhere: it is redone"
    customer.refresh_from_db()
    assert not erase_again(person=individual(customer), actor=story.ACTOR, at=story.AT)
    assert persons_at(company.pk, EMAIL) == []


def test_a_fiscal_year_that_passed_its_term_is_listed_and_goes_on_being_refused(company: Company) -> None:
    invoice = a_settled_invoice(somebody(company))
    assert passed_term(company.pk, today=date(2036, 12, 31)) == []
    (year,) = passed_term(company.pk, today=date(2037, 1, 1))
    assert (year.ends_on, year.since, year.invoices) == (date(2026, 12, 31), date(2036, 12, 31), 1)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        run(f"DELETE FROM billing_invoice WHERE id = {invoice.pk}")
    assert "Aucun exercice" in read(signed_in(company).get(reverse("safekeeping")))
