"""« Bon à payer »: by amount, supplier and account, by who may, in whose place, and never twice by the same hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.models import PurchaseApproval, PurchaseStatus
from billing.purchases.approval_rules import (
    delegate_approval,
    end_approval_rule,
    end_delegation,
    save_approval_rule,
    save_purchase_settings,
)
from billing.purchases.approving import (
    NotTheApprover,
    RecorderMayNotApprove,
    approvals_of,
    approve_purchase,
    awaited_of,
    may_approve,
    withdraw_approval,
)
from billing.purchases.checking import save_purchase
from billing.purchases.distrusting import reject_iban
from billing.purchases.ibans import PersonNeeded, confirm_iban, see_iban
from config.kernel.actor import Actor
from config.kernel.errors import Invalid, NotAllowed, TransitionRefused
from config.kernel.models import AuditEvent, Membership
from config.kernel.roles import Role
from tests.factories import people
from tests.factories.purchases import a_checked_purchase, a_purchase, a_supplier, kept
from tests.factories.story import ACTOR, AT, IBAN

pytestmark = pytest.mark.usefixtures("in_scope")

DAY = date(2026, 11, 16)
WHO = {"actor": ACTOR, "at": AT}


@pytest.fixture
def supplier(company):
    return a_supplier(company)


@pytest.fixture
def boss(company):
    return people.a_person(company)


@pytest.fixture
def clerk(company):
    return people.a_person(company, Role.ACCOUNTANT)


def a_rule(company, *approvers, **values):
    given = {"name": "Direction", **values}
    return save_approval_rule(rule=None, company=company, values=given, approvers=approvers, **WHO)


def yes(purchase, person):
    return approve_purchase(purchase=purchase, actor=Actor.user(person), at=AT)


def test_who_is_named_approves_and_the_purchase_is_booked_at_once(company, supplier, boss, clerk):
    a_rule(company, boss, above=Decimal(120))
    small = a_checked_purchase(supplier, [kept("99.99", "607000")])
    large = a_checked_purchase(supplier, [kept("100", "607000")])
    assert (small.status, large.status) == (PurchaseStatus.BOOKED, PurchaseStatus.TO_APPROVE)
    assert (may_approve(large, clerk.pk, on=DAY), may_approve(large, boss.pk, on=DAY)) == (False, True)
    with pytest.raises(PersonNeeded):
        approve_purchase(purchase=large, **WHO)
    with pytest.raises(NotTheApprover, match=rf"attend le bon à payer de {boss.display_name}"):
        yes(large, clerk)
    assert yes(large, boss).status == PurchaseStatus.BOOKED
    with pytest.raises(TransitionRefused):
        yes(large, boss)
    assert [approval.user for approval in approvals_of(large)] == [boss]
    tags = AuditEvent.objects.filter(tag__startswith="billing.purchase.", subjects__contains=[large.subject])
    assert [event.tag.rsplit(".", 1)[1] for event in tags.order_by("id")][-3:] == ["checked", "approved", "booked"]


def test_every_rule_wants_its_yes_by_supplier_and_by_account(company, supplier, boss, clerk):
    a_rule(company, clerk, name="Achats", supplier=supplier)
    a_rule(company, boss, name="Immobilisations", account="2")
    a_rule(company, boss, name="Un autre", supplier=a_supplier(company, name="Garage"))
    purchase = a_checked_purchase(supplier, [kept("1000", "218300", "ASSET")])
    assert {one.rule.name for one in awaited_of(purchase)} == {"Achats", "Immobilisations"}
    assert yes(purchase, clerk).status == PurchaseStatus.TO_APPROVE
    with pytest.raises(NotTheApprover):
        yes(purchase, clerk)
    assert yes(purchase, boss).status == PurchaseStatus.BOOKED


def test_a_stand_in_approves_between_two_days_and_it_is_written_for_whom(company, supplier, boss, clerk):
    a_rule(company, boss)
    purchase = a_checked_purchase(supplier, [kept("100", "607000")])
    days = {"starts_on": DAY, "ends_on": DAY}
    away = delegate_approval(company=company, approver=boss, delegate=clerk, **days, **WHO)
    assert [may_approve(purchase, clerk.pk, on=day) for day in (date(2026, 11, 15), DAY, date(2026, 11, 17))] == [
        False,
        True,
        False,
    ]
    end_delegation(delegation=away, **WHO)
    with pytest.raises(NotTheApprover):
        yes(purchase, clerk)
    delegate_approval(company=company, approver=boss, delegate=clerk, **days, **WHO)
    yes(purchase, clerk)
    approval = PurchaseApproval.objects.get()
    assert (approval.user, approval.on_behalf_of) == (clerk, boss)


def test_who_recorded_or_corrected_does_not_approve_from_the_rule_s_limit_on(company, supplier, boss, clerk):
    a_rule(company, boss, clerk, separate_above=Decimal(120))
    small = a_checked_purchase(supplier, [kept("99", "607000")], actor=Actor.user(boss))
    assert yes(small, boss).status == PurchaseStatus.BOOKED
    large = a_checked_purchase(supplier, [kept("100", "607000")], actor=Actor.user(boss))
    with pytest.raises(RecorderMayNotApprove, match="veut une autre personne"):
        yes(large, boss)
    assert yes(large, clerk).status == PurchaseStatus.BOOKED


def test_what_is_corrected_is_checked_and_approved_again(company, supplier, boss, clerk):
    a_rule(company, boss, name="Une")
    a_rule(company, clerk, name="Deux")
    purchase = a_checked_purchase(supplier, [kept("100", "607000")])
    yes(purchase, boss)
    saved = save_purchase(purchase=purchase, values={"internal_notes": "vu"}, **WHO)
    assert (saved.status, list(approvals_of(saved))) == (PurchaseStatus.TO_CHECK, [])


def test_an_approval_is_withdrawn_until_the_purchase_is_booked(company, supplier, boss, clerk):
    a_rule(company, boss)
    foreign = a_checked_purchase(supplier, [kept("100", "607000")], currency="USD")
    assert yes(foreign, boss).status == PurchaseStatus.APPROVED
    act = {"reason": "Trop tôt", "actor": Actor.user(boss), "at": AT}
    assert withdraw_approval(purchase=foreign, **act).status == PurchaseStatus.TO_APPROVE
    with pytest.raises(TransitionRefused):
        withdraw_approval(purchase=foreign, **act)
    booked = yes(a_checked_purchase(supplier, [kept("50", "607000")]), boss)
    with pytest.raises(TransitionRefused):
        withdraw_approval(purchase=booked, **act)


def test_where_nobody_of_a_rule_is_left_an_owner_decides(company, supplier, boss, clerk):
    a_rule(company, clerk)
    purchase = a_checked_purchase(supplier, [kept("100", "607000")])
    Membership.objects.filter(user=clerk).delete()
    with pytest.raises(NotAllowed):
        yes(purchase, clerk)
    assert yes(purchase, boss).status == PurchaseStatus.BOOKED


def test_a_rule_that_is_ended_asks_for_nothing_and_one_needs_people_who_may(company, supplier, boss):
    rule = a_rule(company, boss)
    purchase = a_checked_purchase(supplier, [kept("100", "607000")])
    end_approval_rule(rule=rule, **WHO)
    assert a_checked_purchase(supplier, [kept("7", "607000")]).status == PurchaseStatus.BOOKED
    assert yes(purchase, boss).status == PurchaseStatus.BOOKED
    for wrong in ((), (people.a_person(company, Role.VIEWER),)):
        with pytest.raises(Invalid):
            a_rule(company, *wrong)
    with pytest.raises(Invalid):
        delegate_approval(company=company, approver=boss, delegate=boss, starts_on=DAY, ends_on=DAY, **WHO)


def test_from_the_company_s_limit_on_a_person_looks(company, supplier):
    save_purchase_settings(company=company, values={"person_above": Decimal(120)}, **WHO)
    assert a_purchase(supplier).doubts == ["large_amount"]


def test_an_account_set_aside_meanwhile_takes_back_what_was_approved_for_it(company, supplier, boss, clerk):
    first, second = a_rule(company, boss, name="Direction"), a_rule(company, clerk, name="Comptable")
    seen = see_iban(supplier=supplier, iban=IBAN, **WHO)
    confirm_iban(iban=seen, actor=Actor.user(boss), at=AT)
    waiting = a_checked_purchase(supplier, [kept("100", "607000")], iban=IBAN)
    other = a_checked_purchase(supplier, [kept("50", "607000")])
    yes(waiting, boss)
    assert [approval.rule for approval in approvals_of(waiting)] == [first]
    reject_iban(iban=seen, actor=Actor.user(clerk), at=AT)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.doubts) == (PurchaseStatus.TO_CHECK, ["iban_changed"])
    assert approvals_of(waiting) == []
    with pytest.raises(TransitionRefused):
        yes(waiting, clerk)
    other.refresh_from_db()
    assert (other.status, second.pk is not None) == (PurchaseStatus.TO_APPROVE, True)
