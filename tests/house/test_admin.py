"""The admin shows every model, changes no fact, and acts through the services."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from billing.models import Invoice
from config.kernel.models import User
from tests.factories import story
from tests.trust.at_once import a_share

HOUSE = ("kernel", "customers", "billing", "payments", "einvoicing", "sandbox", "einvoicing_sandbox")
MODELS = [model for label in HOUSE for model in apps.get_app_config(label).get_models()]


@pytest.fixture
def superuser(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.org", "a-long-password"))
    return client


def test_every_model_is_in_the_admin() -> None:
    missing = [model.__name__ for model in MODELS if model not in admin.site._registry]
    assert missing == []


def test_every_model_has_a_name_that_can_be_translated() -> None:
    assert [
        model for model in MODELS if not model._meta.proxy and "verbose_name" not in model._meta.original_attrs
    ] == []


@pytest.mark.trust
@pytest.mark.parametrize("model", a_share(MODELS, 3), ids=lambda model: model.__name__)
def test_every_list_opens(superuser: Client, model: type) -> None:
    options = model._meta
    answer = superuser.get(reverse(f"admin:{options.app_label}_{options.model_name}_changelist"))
    assert answer.status_code == 200


def test_an_issued_invoice_can_be_read_and_not_changed(superuser: Client) -> None:
    invoice = story.an_issued_invoice(story.a_customer(story.a_company()))
    address = reverse("admin:billing_invoice_change", args=[invoice.pk])
    page = superuser.get(address)
    assert page.status_code == 200
    assert invoice.number in page.content.decode()
    assert superuser.post(address, {"buyer_name": "Autre"}).status_code == 403
    removal = reverse("admin:billing_invoice_delete", args=[invoice.pk])
    assert superuser.post(removal, {"post": "yes"}).status_code == 403


def test_the_issue_action_issues_through_the_service(superuser: Client) -> None:
    draft = story.a_draft(story.a_customer(story.a_company()))
    answer = superuser.post(
        reverse("admin:billing_invoice_changelist"), {"action": "issue", "_selected_action": [draft.pk]}
    )
    assert answer.status_code == 302
    assert Invoice.everywhere.get(pk=draft.pk).number == "FAC-2026-00001"


def test_the_admin_is_no_back_door_for_a_wrong_siret(superuser: Client) -> None:
    customer = story.a_customer(story.a_company())
    address = reverse("admin:customers_customer_change", args=[customer.pk])
    form = superuser.get(address).context["adminform"].form
    typed = {name: form.initial.get(name) or "" for name in form.fields}
    inlines = {
        f"{prefix}-{name}": "0"
        for prefix in ("addresses", "contacts")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
    answer = superuser.post(address, {**typed, **inlines, "siret": "12345678901234"})
    assert answer.status_code == 200
    customer.refresh_from_db()
    assert customer.siret != "12345678901234"
