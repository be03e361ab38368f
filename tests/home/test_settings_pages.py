"""The settings: the owner changes them, everybody reads them, the secret is never shown, and each change is written."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from config.kernel.models import AuditEvent
from config.kernel.roles import Role
from einvoicing.models import PlatformAccount
from einvoicing.services.routing import settings_of
from payments.models import BankAccount
from tests.einvoicing.platforms.conftest import sandbox  # noqa: F401 - the simulated platform, on a real port
from tests.factories.people import read, signed_in
from tests.factories.story import a_company

pytestmark = pytest.mark.django_db
SECRET = "s3cret-de-la-plateforme"
THIRD_IBAN = "FR1420041010050500013M02606"
OTHER_IBAN = "FR76 3000 1007 9412 3456 7890 185"


SLUGS = ("superpdp", "tiime", "sage", "afnor", "chorus_pro", "pennylane")
FORM, TEST = "/settings/platform/afnor/", "/settings/platform/afnor/test/"


def typed(client, **changes):
    """The company's form as the page shows it, with some fields typed anew."""
    form = client.get(reverse("company-settings")).context["form"]
    values = {name: form[name].value() for name in form.fields}
    values = {name: value for name, value in values.items() if value is not False}
    return {**{name: "on" if value is True else value for name, value in values.items()}, **changes}


def a_platform(**changes):
    values = {
        "name": "Ma plateforme",
        "base_url": "https://api.plateforme.example",
        "token_url": "https://api.plateforme.example/oauth/token",
        "client_id": "verone",
        "client_secret": SECRET,
        "environment": "production",
        "service_name": "flow-service",
        "directory_name": "directory-service",
        "default_format": "Factur-X",
        "is_enabled": "on",
    }
    return {**values, **changes}


def test_receipts_are_written_at_abby_where_its_account_says_so_and_nowhere_else(company):
    client = signed_in(company)
    page = client.get(reverse("platform-edit", args=["abby"]))
    assert "appel non publié" in page.text
    assert "appel non publié" not in client.get(reverse("platform-edit", args=["pennylane"])).text
    sent = {"name": "Abby", "environment": "production", "client_secret": SECRET, "is_enabled": "on"}
    client.post(reverse("platform-edit", args=["abby"]), sent)
    assert PlatformAccount.everywhere.get(company=company).writes_receipts is False
    client.post(reverse("platform-edit", args=["abby"]), sent | {"writes_receipts": "on"})
    assert PlatformAccount.everywhere.get(company=company).writes_receipts is True


def test_saving_what_is_shown_changes_nothing_and_writes_nothing(company):
    client = signed_in(company)
    before = {field.name: getattr(company, field.name) for field in company._meta.fields}
    page = client.post(reverse("company-settings"), typed(client))
    assert page.status_code == 302
    company.refresh_from_db()
    assert {field.name: getattr(company, field.name) for field in company._meta.fields} == before
    assert not AuditEvent.everywhere.filter(company=company, tag="kernel.company.changed").exists()


def test_a_change_is_kept_and_written_with_what_it_was_before(company):
    client = signed_in(company)
    client.post(reverse("company-settings"), typed(client, city="Lyon", iban=OTHER_IBAN))
    company.refresh_from_db()
    assert (company.city, company.iban) == ("Lyon", OTHER_IBAN.replace(" ", ""))
    event = AuditEvent.everywhere.get(company=company, tag="kernel.company.changed")
    assert event.data["changes"]["city"] == ["Paris", "Lyon"]
    assert "Réglages de la société modifiés" in client.get(reverse("company-settings")).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iban", "FR00 3000 1007 9412 3456 7890 185"),
        ("siret", "73282932000074"),
        ("vat_number", ""),
        ("electronic_address", "732829320"),
        ("name", ""),
        ("email", "nobody"),
        ("firm_after_days", "3"),
        ("final_after_days", "-1"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_written(company, field, value):
    client = signed_in(company)
    page = client.post(reverse("company-settings"), typed(client, city="Lyon", **{field: value}))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert 'value="Lyon"' in page.text
    company.refresh_from_db()
    assert company.city == "Paris"


OTHERS = {
    Role.ACCOUNTANT: ["/settings/platform/", "/settings/bank/", "/settings/trail/", "/settings/operations/"],
    Role.SALES: ["/settings/platform/"],
    Role.VIEWER: ["/settings/platform/", "/settings/bank/", "/settings/operations/"],
}


@pytest.mark.parametrize("role", OTHERS)
def test_the_others_see_what_the_api_tells_them_and_change_nothing(company, role):
    client = signed_in(company, role)
    for url in ("/settings/", FORM, "/settings/bank/", "/settings/platform/"):
        page = client.get(url)
        assert page.status_code == (200 if url in OTHERS[role] else 403)
        assert page.status_code == 403 or [tab["url"] for tab in page.context["tabs"]] == OTHERS[role]
    for url in ("/settings/", FORM, "/settings/bank/"):
        assert client.post(url, {"name": "Pirate"}).status_code == 403
    company.refresh_from_db()
    assert company.name == "Atelier Verone"
    assert not BankAccount.everywhere.filter(company=company).exists()
    assert not PlatformAccount.everywhere.filter(company=company).exists()


def test_the_secret_is_kept_encrypted_and_never_shown_again(company):
    client = signed_in(company)
    assert client.post(FORM, a_platform()).status_code == 302
    account = PlatformAccount.everywhere.get(company=company)
    assert account.client_secret() == SECRET
    assert SECRET not in account.client_secret_cipher
    assert SECRET not in client.get(FORM).text
    event = AuditEvent.everywhere.get(company=company, tag="einvoicing.account.created")
    assert SECRET not in str(event.data)


def test_an_empty_secret_keeps_the_one_there_is(company):
    client = signed_in(company)
    client.post(FORM, a_platform())
    client.post(FORM, a_platform(client_secret="", name="Autre nom"))
    account = PlatformAccount.everywhere.get(company=company)
    assert (account.name, account.client_secret()) == ("Autre nom", SECRET)


def test_another_address_forgets_what_was_read_at_the_old_one(company):
    client = signed_in(company)
    client.post(FORM, a_platform())
    PlatformAccount.everywhere.filter(company=company).update(cursor="2026-11-01T00:00:00Z")
    client.post(FORM, a_platform(name="Renommée"))
    assert PlatformAccount.everywhere.get(company=company).cursor
    client.post(FORM, a_platform(base_url="https://autre.example"))
    assert PlatformAccount.everywhere.get(company=company).cursor == ""


@pytest.mark.parametrize(
    "address", ["http://api.plateforme.example", "ftp://x.example", "https://me:pw@x.example", "x"]
)
def test_only_a_safe_address_is_accepted(company, address):
    page = signed_in(company).post(FORM, a_platform(base_url=address))
    assert page.status_code == 422
    assert "base_url" in page.context["form"].errors
    assert SECRET not in page.text
    assert not PlatformAccount.everywhere.filter(company=company).exists()


def test_a_first_account_needs_its_secret(company):
    page = signed_in(company).post(FORM, a_platform(client_secret=""))
    assert page.status_code == 422
    assert "client_secret" in page.context["form"].errors


@pytest.mark.django_db(transaction=True)
def test_the_connection_is_tried_and_the_answer_said(company, sandbox):  # noqa: F811 – the fixture imported above
    client = signed_in(company)
    good = a_platform(base_url=sandbox, token_url=f"{sandbox}/oauth/token")
    good |= {"client_id": f"demo-{company.siren}", "client_secret": "sandbox-secret"}
    client.post(FORM, good)
    page = client.post(TEST, follow=True)
    assert "répond et nous reconnaît" in page.text
    client.post(FORM, {**good, "client_secret": "not the secret"})
    page = client.post(TEST, follow=True)
    assert "ne nous reconnaît pas" in page.text
    assert PlatformAccount.everywhere.get(company=company).last_error


def test_a_platform_that_is_not_there_is_said(company):
    client = signed_in(company)
    nowhere = "http://127.0.0.1:9"
    client.post(FORM, a_platform(base_url=nowhere, token_url=f"{nowhere}/token"))
    assert "ne nous reconnaît pas" in client.post(TEST, follow=True).text


def test_only_the_owner_tries_the_connection(company):
    assert signed_in(company, Role.ACCOUNTANT).post(TEST).status_code == 403


def test_a_bank_account_is_added_once(company):
    client = signed_in(company)
    values = {"name": "Livret", "iban": OTHER_IBAN, "bic": ""}
    assert client.post(reverse("bank-settings"), values).status_code == 302
    page = client.post(reverse("bank-settings"), values)
    assert page.status_code == 422
    assert "iban" in page.context["form"].errors
    assert BankAccount.everywhere.filter(company=company).count() == 1
    assert "Livret" in page.text


def test_a_bank_account_is_booked_on_a_sub_account_of_its_own(company):
    client = signed_in(company)
    values = {"name": "Livret", "iban": OTHER_IBAN, "bic": "", "ledger_account": "512 300"}
    assert client.post(reverse("bank-settings"), values).status_code == 302
    account = BankAccount.everywhere.get(company=company)
    assert account.ledger_account == "512300"
    address = reverse("bank-account-edit", args=[account.pk])
    assert address in client.get(reverse("bank-settings")).text
    for wrong in ("", "512", "51230", "511000", "512A00", "51200000000"):
        page = client.post(address, {"name": "Livret", "ledger_account": wrong})
        assert page.status_code == 422
        assert "ledger_account" in page.context["form"].errors
    assert client.post(address, {"name": "Épargne", "ledger_account": "5124001"}).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.ledger_account) == ("Épargne", "5124001")
    assert "Compte bancaire Épargne modifié" in client.get(address).text


def test_two_bank_accounts_share_no_sub_account(company):
    client = signed_in(company)
    for name, iban, asked in (("Courant", OTHER_IBAN, ""), ("Livret", THIRD_IBAN, "512000")):
        values = {"name": name, "iban": iban, "bic": "", "ledger_account": asked}
        page = client.post(reverse("bank-settings"), values)
    assert page.status_code == 422
    assert "512000 est déjà le compte comptable de « Courant »" in read(page)
    assert 'value="512100"' in client.get(reverse("bank-settings")).text
    assert client.post(reverse("bank-settings"), {**values, "ledger_account": ""}).status_code == 302
    livret = BankAccount.everywhere.get(company=company, name="Livret")
    assert livret.ledger_account == "512100"
    address = reverse("bank-account-edit", args=[livret.pk])
    assert client.post(address, {"name": "Livret", "ledger_account": "512000"}).status_code == 422
    with pytest.raises(IntegrityError, match="one_bank_per_ledger_account"), transaction.atomic():
        BankAccount.everywhere.filter(pk=livret.pk).update(ledger_account="512000")
    with pytest.raises(IntegrityError, match="a_bank_is_booked_on_512"):
        BankAccount.everywhere.filter(pk=livret.pk).update(ledger_account="411000")


def test_the_neighbours_account_is_not_shown(company):
    client = signed_in(company)
    signed_in(a_company()).post(FORM, a_platform(name="Celle du voisin"))
    assert client.get(FORM).context["account"] is None


def test_each_platform_asks_for_what_it_needs_and_its_usual_address_need_not_be_typed(company):
    client = signed_in(company)
    asked = {slug: set(client.get(f"/settings/platform/{slug}/").context["form"].fields) for slug in SLUGS}
    assert {"login", "password", "token_url", "client_id"} <= asked["chorus_pro"]
    assert {"service_name", "directory_name", "organization_id"} <= asked["superpdp"]
    assert not {"client_id", "token_url", "login"} & asked["pennylane"]
    typed_ = {"name": "Pennylane", "environment": "production", "client_secret": SECRET, "default_format": "Factur-X"}
    assert client.post("/settings/platform/pennylane/", typed_).status_code == 302
    account = PlatformAccount.everywhere.get(company=company)
    assert (account.kind, account.base_url) == ("pennylane", "https://app.pennylane.com/api/external/v2")
    page = client.get(reverse("platform-settings")).text
    assert "/settings/platform/chorus_pro/" in page
    assert page.count("/settings/platform/pennylane/") == 1, "it is in the list, no more among those to add"


def test_chorus_pro_takes_the_installation_s_own_application_where_the_account_gives_none(company, settings):
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "client_id": "piste", "client_secret": SECRET}
    account = PlatformAccount(company=company, kind="chorus_pro", name="Chorus Pro", login="TECH_1@cpro.fr")
    account.set_password("the account's own")
    reached = settings_of(account)
    assert (reached.client_id, reached.client_secret, reached.password) == ("piste", SECRET, "the account's own")
    assert SECRET not in repr(reached)
    assert "the account's own" not in repr(reached)


def test_chorus_pro_is_not_connected_without_its_technical_account(company):
    typed_ = {
        "name": "Chorus Pro", "environment": "qualification", "client_id": "piste", "client_secret": SECRET,
        "login": "", "password": "its own", "default_format": "Factur-X", "is_enabled": "on",
    }  # fmt: skip
    refused = signed_in(company).post("/settings/platform/chorus_pro/", typed_)
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"login"})
    assert not PlatformAccount.everywhere.filter(company=company).exists()


def test_an_unknown_platform_does_not_exist(company):
    assert signed_in(company).get("/settings/platform/nobody/").status_code == 404


def test_switched_off_e_invoicing_has_no_settings(company, settings):
    settings.ENABLE_EINVOICING = False
    assert "/settings/platform/" not in signed_in(company).get("/settings/").text


def test_an_owner_types_only_the_technical_account_where_the_installation_has_its_piste_application(company, settings):
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "client_id": "piste", "client_secret": SECRET}
    typed_ = {
        "name": "Chorus Pro",
        "environment": "qualification",
        "login": "TECH_1@cpro.fr",
        "password": "its own",
        "default_format": "Factur-X",
        "is_enabled": "on",
    }
    assert signed_in(company).post("/settings/platform/chorus_pro/", typed_).status_code == 302
    account = PlatformAccount.everywhere.get(company=company)
    assert account.base_url == "https://sandbox-api.piste.gouv.fr"
    assert settings_of(account).client_secret == SECRET
