"""The company's rules of approval and who stands in for whom: kept, changed, ended; none is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from billing.purchases.models import ApprovalRule, Delegation, PurchaseSettings, RuleApprover
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.models import Company, Membership, User
from config.kernel.roles import ACTIONS
from config.kernel.rows import edit, lock


@transaction.atomic
def save_approval_rule(
    *,
    rule: ApprovalRule | None,
    company: Company,
    values: Mapping[str, Any],
    approvers: Sequence[User],
    actor: Actor,
    at: datetime,
) -> ApprovalRule:
    """Keep a rule (name, above, supplier, account, separate_above) with who may approve under it. Raises Invalid."""
    if not approvers:
        raise Invalid(fields={"approvers": "Choisissez au moins une personne."})
    _check_members(company, approvers, field="approvers")
    row = lock(rule) if rule else ApprovalRule(company=company)
    edit(row, values)
    RuleApprover.everywhere.filter(rule=row).delete()
    RuleApprover.everywhere.bulk_create(
        RuleApprover(company=company, rule=row, user=user) for user in dict.fromkeys(approvers)
    )
    data = {"name": row.name, "above": row.above, "approvers": [user.display_name for user in approvers]}
    audit.record("billing.approval_rule.saved", subject=company, actor=actor, at=at, data=data)
    return row


@transaction.atomic
def end_approval_rule(*, rule: ApprovalRule, actor: Actor, at: datetime) -> ApprovalRule:
    """The rule asks for nothing any more; what was approved under it stays."""
    row = lock(rule)
    if row.ended_at is None:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
        audit.record("billing.approval_rule.ended", subject=row.company, actor=actor, at=at, data={"name": row.name})
    return row


@transaction.atomic
def delegate_approval(
    *, company: Company, approver: User, delegate: User, starts_on: date, ends_on: date, actor: Actor, at: datetime
) -> Delegation:
    """Between two days, both included, `delegate` may approve in the place of `approver`. Raises Invalid."""
    if ends_on < starts_on:
        raise Invalid(fields={"ends_on": "La fin précède le début."})
    if approver == delegate:
        raise Invalid(fields={"delegate": "Choisissez une autre personne que celle qui délègue."})
    _check_members(company, [delegate], field="delegate")
    row: Delegation = Delegation.everywhere.create(
        company=company, approver=approver, delegate=delegate, starts_on=starts_on, ends_on=ends_on
    )
    data = {"approver": approver.display_name, "delegate": delegate.display_name, "from": starts_on, "to": ends_on}
    audit.record("billing.delegation.given", subject=company, actor=actor, at=at, data=data)
    return row


@transaction.atomic
def end_delegation(*, delegation: Delegation, actor: Actor, at: datetime) -> Delegation:
    row = lock(delegation)
    if row.ended_at is None:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
        data = {"approver": row.approver.display_name, "delegate": row.delegate.display_name}
        audit.record("billing.delegation.ended", subject=row.company, actor=actor, at=at, data=data)
    return row


@transaction.atomic
def save_purchase_settings(
    *, company: Company, values: Mapping[str, Any], actor: Actor, at: datetime
) -> PurchaseSettings:
    """The company's tolerances, and from which amount on a person always looks."""
    stored = PurchaseSettings.everywhere.select_for_update(no_key=True).filter(company=company).first()
    row = stored or PurchaseSettings(company=company)
    changed = edit(row, values)
    audit.record("billing.purchases.settings_saved", subject=company, actor=actor, at=at, data={"changed": changed})
    return row


def _check_members(company: Company, users: Sequence[User], *, field: str) -> None:
    """Raises Invalid for who is no member of the company, or whose role does not include approving."""
    roles = dict(Membership.objects.filter(company=company, user__in=users).values_list("user_id", "role"))
    wrong = [user.display_name for user in users if roles.get(user.pk) not in ACTIONS["purchases.approve"]]
    if wrong:
        raise Invalid(fields={field: "Le rôle de cette personne ne permet pas de donner le bon à payer."})
