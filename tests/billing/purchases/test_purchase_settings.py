"""« Réglages › Achats »: tolerances, rules of approval and delegations, kept by the owner alone."""

from __future__ import annotations

import pytest
from django.urls import reverse

from billing.purchases.models import ApprovalRule, Delegation, PurchaseSettings
from config.kernel.roles import Role
from tests.factories.people import a_person, read, signed_in
from tests.factories.purchases import a_supplier

pytestmark = pytest.mark.django_db

CHECKS = {"person_above": "5 000", "price_tolerance_percent": "2,5", "price_tolerance_amount": "0,05"}


def test_an_owner_keeps_the_tolerances_and_an_accountant_does_not(company):
    page = reverse("purchase-settings")
    sent = {**CHECKS, "quantity_tolerance_percent": "0", "requires_receipt": "on"}
    assert signed_in(company, Role.ACCOUNTANT).post(page, sent).status_code == 403
    assert signed_in(company).post(page, sent).status_code == 302
    row = PurchaseSettings.everywhere.get()
    assert (str(row.person_above), str(row.price_tolerance_percent)) == ("5000.00", "2.50")


def test_a_rule_is_made_changed_and_ended(company):
    seller, viewer = a_person(company, Role.SALES), a_person(company, Role.VIEWER)
    a_supplier(company, name="Imprimerie Nord")
    client = signed_in(company)
    sent = {"name": "Imprimés", "above": "1 000", "supplier": "imprimerie nord", "account": "623"}
    wrong = client.post(reverse("approval-rule-new"), {**sent, "supplier": "Inconnu", "approvers": [viewer.pk]})
    assert set(wrong.context["form"].errors) == {"supplier", "approvers"}
    client.post(reverse("approval-rule-new"), {**sent, "approvers": [seller.pk]})
    rule = ApprovalRule.everywhere.get()
    assert (rule.supplier.name, str(rule.above)) == ("Imprimerie Nord", "1000.00")
    shown = read(client.get(reverse("purchase-settings")))
    assert seller.display_name in shown
    assert "comptes 623" in shown
    edited = {**sent, "above": "2 000", "approvers": [seller.pk]}
    client.post(reverse("approval-rule-edit", args=[rule.pk]), edited)
    client.post(reverse("approval-rule-end", args=[rule.pk]))
    rule.refresh_from_db()
    assert str(rule.above) == "2000.00"
    assert rule.ended_at is not None
    assert "Imprimés" not in read(client.get(reverse("purchase-settings")))


def test_who_is_away_is_stood_in_for_until_that_is_ended(company):
    first, second = a_person(company, Role.SALES), a_person(company, Role.ACCOUNTANT)
    client = signed_in(company)
    sent = {"approver": first.pk, "delegate": second.pk, "starts_on": "1/12/2026", "ends_on": "+30j"}
    same = client.post(reverse("delegation-new"), {**sent, "delegate": first.pk})
    assert same.status_code == 422
    client.post(reverse("delegation-new"), sent)
    row = Delegation.everywhere.get()
    client.post(reverse("delegation-end", args=[row.pk]))
    row.refresh_from_db()
    assert row.ended_at is not None
