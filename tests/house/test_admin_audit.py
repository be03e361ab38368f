"""What a superuser changes in the admin stands in the trail of each company concerned, column by column."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection, models
from django.test import Client, RequestFactory
from django.urls import reverse
from lxml import html

from billing.models import Product
from billing.services.products import save_product
from config.kernel import chain
from config.kernel.admin_audit import AuditedAdmin
from config.kernel.facts import FACTS
from config.kernel.models import AuditEvent, Company, KnownPlace, Membership, SignInTries, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.kernel.timeline import timeline_of
from config.sandbox.models import SandboxFault, SandboxRecord
from customers.models import Address, Contact, Customer, Individual, Organisation, PaymentTerms
from customers.services import save_contact
from einvoicing.models import ApplicationCalls, PlatformAccount
from einvoicing.sandbox.models import SandboxFlow
from payments.models import BankAccount, Feed
from tests.factories import platforms, story
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db
IBAN, OTHER_IBAN = story.IBAN, "FR1420041010050500013M02606"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@example.org", "a-long-password")


@pytest.fixture
def client(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def a_customer_of(model: type[Customer]) -> Callable[[Company], Any]:
    kind = "INDIVIDUAL" if model is Individual else "ORGANISATION"
    return lambda company: model.everywhere.get(pk=story.a_customer(company, kind=kind).pk)


def a_contact(company: Company) -> Contact:
    with company_scope(company):
        return save_contact(
            contact=None, customer=story.a_customer(company), values={"name": "Ada"}, actor=story.ACTOR, at=story.AT
        )


def a_product(company: Company) -> Product:
    with company_scope(company):
        return save_product(
            product=None,
            company_id=company.pk,
            values={"reference": "CH", "name": "Chaise", "unit_price": 120},
            actor=story.ACTOR,
            at=story.AT,
        )


def a_feed(company: Company) -> Feed:
    return Feed.everywhere.create(company=company, kind="revolut", base_url="https://a.example", created_at=story.AT)


# a row of every model that the admin changes, and one of its columns with another value
CHANGED: dict[type[models.Model], tuple[Callable[[Company], Any], dict[str, Any]]] = {
    Company: (lambda company: company, {"iban": OTHER_IBAN}),
    Membership: (lambda company: a_person(company, Role.SALES).memberships.get(), {"role": Role.VIEWER}),
    User: (lambda company: a_person(company, Role.SALES), {"is_superuser": "on"}),
    Customer: (a_customer_of(Customer), {"email": "autre@client.example"}),
    Organisation: (a_customer_of(Organisation), {"email": "autre@client.example"}),
    Individual: (a_customer_of(Individual), {"email": "autre@client.example"}),
    PaymentTerms: (lambda company: PaymentTerms.everywhere.filter(company=company).first(), {"days": "17"}),
    Address: (
        lambda company: story.a_customer(company).addresses.model.everywhere.get(company=company),
        {"city": "Nice"},
    ),
    Contact: (a_contact, {"email": "ada@client.example"}),
    Product: (a_product, {"unit_price": "90.50"}),
    BankAccount: (
        lambda company: BankAccount.everywhere.create(company=company, name="Courant", iban=IBAN),
        {"iban": OTHER_IBAN},
    ),
    Feed: (a_feed, {"is_enabled": None}),
    PlatformAccount: (
        lambda company: platforms.a_platform_account(company, "https://pa.example"),
        {"base_url": "https://autre.example"},
    ),
}
# rows of no company: Django's own log tells what changed
WITHOUT_COMPANY = {
    Group: (lambda _company: Group.objects.create(name="Équipe"), {"name": "Autres"}),
    SandboxFault: (
        lambda _company: SandboxFault.objects.create(kind="timeout", value="x", remaining=1),
        {"remaining": "4"},
    ),
}

ONLY_DELETED = {
    ApplicationCalls,
    Authenticator,
    KnownPlace,
    SignInTries,
    SandboxFlow,
    SandboxRecord,
}  # of no company either


def changing_pages() -> list[type[models.Model]]:
    """The models whose rows the admin lets a superuser change, found in its registry."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    pages = admin.site._registry.items()
    may = ("has_add_permission", "has_change_permission", "has_delete_permission")
    found = [model for model, page in pages if any(getattr(page, one)(request) for one in may)]
    return sorted(found, key=lambda model: model._meta.label)


def address(row: models.Model, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def submit(client: Client, row: models.Model, values: dict[str, Any]) -> None:
    """Fill in the real form, and send it; None unticks a box."""
    page = html.fromstring(client.get(address(row)).text)
    form = page.get_element_by_id(f"{row._meta.model_name}_form")
    typed = dict(form.form_values()) | values
    answer = client.post(address(row), {name: value for name, value in typed.items() if value is not None})
    problems = answer.context["errors"] if answer.status_code == 200 else ""
    assert answer.status_code == 302, problems


def last_event(company: Company) -> AuditEvent:
    return AuditEvent.everywhere.filter(company=company).latest("id")


def test_every_page_that_changes_something_writes_it_down():
    pages = set(changing_pages())
    assert {model for model in pages if not isinstance(admin.site._registry[model], AuditedAdmin)} == set()
    assert pages == CHANGED.keys() | WITHOUT_COMPANY.keys() | ONLY_DELETED


@pytest.mark.parametrize("model", CHANGED, ids=lambda model: model.__name__)
def test_a_change_is_told_with_its_actor_and_its_columns(client, root, company, model):
    make, values = CHANGED[model]
    row = make(company)
    submit(client, row, values)
    event = last_event(company)
    assert (event.actor_kind, event.actor_user_id) == ("USER", root.pk)
    assert event.tag in FACTS
    name = next(iter(values))
    old, new = event.data["changes"][name]
    assert old != new
    assert list(event.data["changes"]) == [name]
    assert IBAN not in json.dumps(event.data)
    assert OTHER_IBAN not in json.dumps(event.data)
    with company_scope(company):
        subject = event.subjects[0].partition(":")[0]
        shown = timeline_of(
            next(one for one in (row, company, getattr(row, "customer", None)) if one_is(one, subject)), Role.OWNER
        )
    assert shown[0].title != event.tag, "the sentence misses a word"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert list(chain.verify(company)) == []


def one_is(row: Any, subject: str) -> bool:
    return row is not None and row._meta.label_lower == subject


@pytest.mark.parametrize("model", CHANGED, ids=lambda model: model.__name__)
@pytest.mark.parametrize("many", [True, False])
def test_a_deletion_is_told_before_the_row_goes(client, root, company, model, many, rf):
    rf_request = rf.get("/")
    rf_request.user = root
    if not admin.site._registry[model].has_delete_permission(rf_request):
        return
    row = CHANGED[model][0](company)
    if model is PaymentTerms:
        row = PaymentTerms.everywhere.create(company=company, name="À part", days=3)
    before = AuditEvent.everywhere.filter(company=company).count()
    if many:
        where = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        client.post(where, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    else:
        client.post(address(row, "delete"), {"post": "yes"})
    assert not model._base_manager.filter(pk=row.pk).exists()
    event = last_event(company)
    assert AuditEvent.everywhere.filter(company=company).count() == before + 1
    assert (event.actor_user_id, event.tag in FACTS) == (root.pk, True)


@pytest.mark.parametrize("model", WITHOUT_COMPANY, ids=lambda model: model.__name__)
def test_what_belongs_to_no_company_is_told_in_djangos_log(client, root, company, model):
    make, values = WITHOUT_COMPANY[model]
    submit(client, make(company), values)
    entry = LogEntry.objects.latest("pk")
    assert entry.user_id == root.pk
    [(name, value)] = values.items()
    assert str(json.loads(entry.change_message)[0]["changed"]["values"][name][1]) == value
    assert entry.get_change_message()


def test_the_members_on_a_companys_page_are_told_one_by_one(client, root, company):
    stays, goes = a_person(company), a_person(company, Role.SALES)
    rows = list(company.memberships.order_by("pk"))
    places = {row.user_id: f"memberships-{index}" for index, row in enumerate(company.memberships.all())}
    comes = User.objects.create_user("neuf@verone.example", "a-long-password")
    versions = {user.pk: User.objects.get(pk=user.pk).token_version for user in (stays, goes)}
    extra = f"memberships-{len(rows)}"
    submit(
        client,
        company,
        {
            f"{places[stays.pk]}-role": Role.ACCOUNTANT,
            f"{places[goes.pk]}-DELETE": "on",
            f"{extra}-user": comes.pk,
            f"{extra}-role": Role.OWNER,
        },
    )
    events = AuditEvent.everywhere.filter(company=company, actor_user_id=root.pk).order_by("id")
    facts = {event.tag: event.data for event in events}
    assert facts.keys() == {"kernel.member.added", "kernel.member.changed", "kernel.member.removed"}
    assert facts["kernel.member.changed"]["changes"] == {"role": ["OWNER", "ACCOUNTANT"]}
    assert facts["kernel.member.changed"]["name"] == stays.email
    assert (facts["kernel.member.removed"]["name"], facts["kernel.member.added"]["name"]) == (goes.email, comes.email)
    for user in (stays, goes):
        assert User.objects.get(pk=user.pk).token_version > versions[user.pk], "its tokens ended"


@pytest.mark.parametrize("values", [{"is_active": None}, {"is_superuser": "on"}])
def test_rights_of_a_person_changed_here_end_the_persons_tokens(client, company, values):
    person = a_person(company, Role.SALES)
    submit(client, person, values)
    assert User.objects.get(pk=person.pk).token_version == person.token_version + 1


def test_a_password_given_by_a_superuser_is_told_and_not_shown(client, root, company):
    person = a_person(company)
    new = "encore une phrase longue"
    where = reverse("admin:auth_user_password_change", args=[person.pk])
    client.post(where, {"usable_password": "true", "password1": new, "password2": new})
    person.refresh_from_db()
    assert person.check_password(new)
    assert person.token_version == 1
    event = last_event(company)
    assert (event.tag, event.actor_user_id) == ("kernel.person.changed", root.pk)
    assert event.data["changes"] == {"password": "[redacted]"}


def test_a_member_moved_to_another_company_is_told_in_both(client, root, company):
    other = story.a_company()
    submit(client, a_person(company, Role.SALES).memberships.get(), {"company": other.pk})
    assert {last_event(one).actor_user_id for one in (company, other)} == {root.pk}


@pytest.mark.parametrize("typed", [{"iban": "FR76 0000"}, {"siret": "12345678901234"}, {"firm_after_days": "1"}])
def test_the_admin_is_no_back_door_for_a_companys_settings(client, company, typed):
    with pytest.raises(AssertionError, match="302"):
        submit(client, company, typed)
    company.refresh_from_db()
    assert company.iban == IBAN


def test_every_action_goes_through_a_service_that_tells_who():
    for page in admin.site._registry.values():
        for action in page.actions or ():
            source = textwrap.dedent(inspect.getsource(getattr(page, action)))
            called = {
                getattr(call.func, "id", "") for call in ast.walk(ast.parse(source)) if isinstance(call, ast.Call)
            }
            assert "for_each" in called, action
