"""Which purchases wait for the « bon à payer » of a person, also in the place of others that day."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q

from billing.purchases.approving import may_approve, places_of
from billing.purchases.models import (
    ApprovalRule,
    PurchaseApproval,
    PurchaseInvoice,
    PurchaseLine,
    PurchaseQuerySet,
    PurchaseStatus,
    RuleApprover,
)
from config.kernel.roles import Role


def awaiting(rows: PurchaseQuerySet, *, user_id: int, role: str, company_id: int, on: date) -> PurchaseQuerySet:
    """Those under a rule that still wants a yes and names the person, or that fall under none; disputed ones wait.

    An owner sees all that wait: nothing waits for nobody. Whether a yes would count, `may_approve` decides.
    """
    waiting: PurchaseQuerySet = rows.filter(status=PurchaseStatus.TO_APPROVE, disputed_at=None)
    if role == Role.OWNER:
        return waiting
    places = places_of(user_id, company_id=company_id, on=on)
    purchase = OuterRef(OuterRef("pk"))
    given = PurchaseApproval.objects.filter(purchase=purchase, rule=OuterRef("pk"), withdrawn_at=None)
    lines = PurchaseLine.objects.filter(purchase=purchase, account__startswith=OuterRef("account"))
    mine = RuleApprover.objects.filter(rule=OuterRef("pk"), user_id__in=list(places))
    rules = (
        ApprovalRule.objects.filter(ended_at=None, above__lte=OuterRef("total_gross"))
        .filter(Q(supplier=None) | Q(supplier_id=OuterRef("supplier_id")))
        .filter(Q(account="") | Exists(lines))
        .exclude(Exists(given))
    )
    found: PurchaseQuerySet = waiting.filter(Exists(rules.filter(Exists(mine))) | ~Exists(rules))
    return found


def next_for(rows: PurchaseQuerySet, *, user_id: int, on: date, most: int = 200) -> PurchaseInvoice | None:
    """The first of the rows for which the person's yes would count now, among the first `most`."""
    return next((row for row in rows[:most] if may_approve(row, user_id, on=on)), None)
