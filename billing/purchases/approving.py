"""« Bon à payer »: who must say yes to a purchase by the company's rules, who may say it, and what follows.

Each rule that a purchase falls under wants one of its approvers, or who stands in for them that day. Where the last one
is given, or where no rule applies, the purchase is approved and booked in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from billing.models import PurchaseInvoice
from billing.purchases.booking import book_purchase
from billing.purchases.events import purchase_approved
from billing.purchases.ibans import check_person
from billing.purchases.models import ApprovalRule, Delegation, PurchaseApproval, PurchaseStatus, RuleApprover
from billing.purchases.settling import lock_with_corrected
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, NotAllowed
from config.kernel.models import AuditEvent, Membership, User
from config.kernel.roles import ACTIONS, Role

MAY_APPROVE = ACTIONS["purchases.approve"]
# who wrote what is to be approved
WRITTEN = ("billing.purchase.recorded", "billing.purchase.changed")


class NotTheApprover(NotAllowed):
    code = "not_the_approver"
    message = "%(reference)s attend le bon à payer de %(names)s."


class RecorderMayNotApprove(NotAllowed):
    code = "recorder_may_not_approve"
    message = "Vous avez saisi ou corrigé %(reference)s : à ce montant, la règle « %(rule)s » veut une autre personne."


class PurchaseDisputed(DomainError):
    code = "purchase_disputed"
    message = "%(reference)s est en litige : réglez d’abord le litige, puis donnez le bon à payer."


@dataclass(frozen=True, slots=True)
class Awaited:
    """A rule that no one has said yes to, and who may."""

    rule: ApprovalRule
    approvers: tuple[User, ...]


def rules_of(purchase: PurchaseInvoice) -> list[ApprovalRule]:
    """The rules under which the purchase falls: by its amount, its supplier and the accounts of its lines."""
    of_supplier = Q(supplier=None) | Q(supplier_id=purchase.supplier_id)
    rows = ApprovalRule.everywhere.filter(
        of_supplier, company_id=purchase.company_id, ended_at=None, above__lte=purchase.total_gross
    )
    accounts = {line.account for line in purchase.lines.all()}
    return [
        rule
        for rule in rows.order_by("above", "id")
        if not rule.account or any(account.startswith(rule.account) for account in accounts)
    ]


def awaited_of(purchase: PurchaseInvoice) -> list[Awaited]:
    """The rules that still want a yes, each with those who may say it, without their stand-ins."""
    given = set(
        PurchaseApproval.everywhere.filter(purchase=purchase, withdrawn_at=None).values_list("rule_id", flat=True)
    )
    waiting = [rule for rule in rules_of(purchase) if rule.pk not in given]
    members = _members(purchase.company_id) if waiting else {}
    owners = tuple(user for user, role in members.values() if role == Role.OWNER)
    named: dict[int, list[User]] = {}
    for row in RuleApprover.everywhere.filter(rule__in=waiting).order_by("pk") if waiting else ():
        if row.user_id in members:
            named.setdefault(row.rule_id, []).append(members[row.user_id][0])
    # where none of the approvers is there any more, an owner decides: nothing waits for nobody
    return [Awaited(rule, tuple(named.get(rule.pk, ())) or owners) for rule in waiting]


def _members(company_id: int) -> dict[int, tuple[User, str]]:
    rows = Membership.objects.filter(company_id=company_id, role__in=MAY_APPROVE, user__is_active=True)
    return {row.user_id: (row.user, row.role) for row in rows.select_related("user").order_by("pk")}


def places_of(user_id: int, *, company_id: int, on: date) -> dict[int, int | None]:
    """In whose place the person may approve on a day: their own (None), and those of who delegated to them."""
    rows = Delegation.everywhere.filter(company_id=company_id, delegate_id=user_id).in_force(on=on)
    return {user_id: None} | dict.fromkeys(rows.order_by("pk").values_list("approver_id", flat=True), 0)


def may_approve(purchase: PurchaseInvoice, user_id: int, *, on: date) -> bool:
    """Whether the person's yes would count now: for the buttons of a page."""
    if purchase.status != PurchaseStatus.TO_APPROVE or purchase.disputed_at is not None:
        return False
    awaited = awaited_of(purchase)
    return not awaited or bool(_allowed(purchase, awaited, user_id, on)[0])


@transaction.atomic
def approve_purchase(*, purchase: PurchaseInvoice, actor: Actor, at: datetime) -> PurchaseInvoice:
    """Give the person's yes to every rule for which it counts; with the last one the purchase is approved and booked.

    One in another currency stays approved, since only euros are booked. Raises TransitionRefused, PersonNeeded,
    NotTheApprover, RecorderMayNotApprove, PurchaseDisputed, and what `book_purchase` does.
    """
    check_person(actor)
    row = lock_with_corrected(purchase)
    _check_waits(row)
    if actor.user_id is None or actor.user_id not in _members(row.company_id):
        raise NotAllowed
    awaited = awaited_of(row)
    allowed, barred = _allowed(row, awaited, actor.user_id, local_day(at))
    if awaited and not allowed:
        if barred:
            raise RecorderMayNotApprove(reference=row.reference, rule=barred[0].name)
        names = {user.display_name for one in awaited for user in one.approvers}
        raise NotTheApprover(reference=row.reference, names=", ".join(sorted(names)))
    PurchaseApproval.everywhere.bulk_create(
        PurchaseApproval(
            company_id=row.company_id, purchase=row, rule=rule, user_id=actor.user_id, on_behalf_of_id=behalf, at=at
        )
        for rule, behalf in allowed
    )
    if len(allowed) < len(awaited):
        data = {"reference": row.reference, "rules": [rule.name for rule, _behalf in allowed]}
        tag = "billing.purchase.approval_given"
        audit.record(tag, subject=row, actor=actor, at=at, also=[row.supplier], data=data)
        return row
    return _approve(row, actor, at)


def approve_where_no_rule_applies(locked: PurchaseInvoice, *, actor: Actor, at: datetime) -> PurchaseInvoice:
    """Nobody has to say yes to a complete purchase that falls under no rule; one in dispute waits all the same."""
    if locked.status == PurchaseStatus.TO_APPROVE and locked.disputed_at is None and not rules_of(locked):
        return _approve(locked, actor, at)
    return locked


@transaction.atomic
def withdraw_approval(*, purchase: PurchaseInvoice, reason: str, actor: Actor, at: datetime) -> PurchaseInvoice:
    """Take back what was approved of a purchase that is not booked yet; it waits for its approvers again.

    Raises PersonNeeded, TransitionRefused.
    """
    check_person(actor)
    row = lock_with_corrected(purchase)
    given = take_back_approvals(row, at=at)
    data = {"reference": row.reference, "reason": reason[:300]}
    tag = "billing.purchase.approval_withdrawn"
    if row.status == PurchaseStatus.APPROVED:
        to = PurchaseStatus.TO_APPROVE
        states.move(row, to, tag=tag, actor=actor, at=at, also=[row.supplier], data=data, approved_at=None)
    elif row.status == PurchaseStatus.TO_APPROVE and given:
        audit.record(tag, subject=row, actor=actor, at=at, also=[row.supplier], data=data)
    else:
        raise states.TransitionRefused(state=row.get_status_display())
    return row


def take_back_approvals(locked: PurchaseInvoice, *, at: datetime) -> int:
    """Whatever was given for a purchase counts no more: it is corrected, refused or withdrawn; how many."""
    return int(PurchaseApproval.everywhere.filter(purchase=locked, withdrawn_at=None).update(withdrawn_at=at))


def _check_waits(row: PurchaseInvoice) -> None:
    if row.status != PurchaseStatus.TO_APPROVE:
        raise states.TransitionRefused(state=row.get_status_display())
    if row.disputed_at is not None:
        raise PurchaseDisputed(reference=row.reference)


def _allowed(
    purchase: PurchaseInvoice, awaited: Iterable[Awaited], user_id: int, on: date
) -> tuple[list[tuple[ApprovalRule, int | None]], list[ApprovalRule]]:
    """The rules for which the person's yes counts, with in whose place; and those that bar them as its author."""
    places = places_of(user_id, company_id=purchase.company_id, on=on)
    wrote = _wrote(purchase, user_id)
    allowed: list[tuple[ApprovalRule, int | None]] = []
    barred = []
    for one in awaited:
        named = [user.pk for user in one.approvers if user.pk in places]
        limit = one.rule.separate_above
        if named and wrote and limit is not None and purchase.total_gross >= limit:
            barred.append(one.rule)
        elif named:
            allowed.append((one.rule, None if user_id in named else named[0]))
    return allowed, barred


def _wrote(purchase: PurchaseInvoice, user_id: int) -> bool:
    """Whether the person recorded or corrected the purchase: the trail says so, which nobody can change."""
    events = AuditEvent.everywhere.filter(company_id=purchase.company_id, subjects__contains=[purchase.subject])
    return bool(events.filter(tag__in=WRITTEN, actor_user_id=user_id).exists())


def _approve(row: PurchaseInvoice, actor: Actor, at: datetime) -> PurchaseInvoice:
    data = {"reference": row.reference, "number": row.number, "supplier": row.supplier.name, "total": row.total_gross}
    states.move(
        row,
        PurchaseStatus.APPROVED,
        tag="billing.purchase.approved",
        actor=actor,
        at=at,
        also=[row.supplier],
        data=data,
        approved_at=at,
    )
    purchase_approved.send(sender=PurchaseInvoice, purchase=row, actor=actor, at=at)
    if row.currency != row.company.currency:
        return row
    return book_purchase(purchase=row, on=local_day(at), actor=actor, at=at)


def approvals_of(purchase: PurchaseInvoice) -> Sequence[PurchaseApproval]:
    """What was given for a purchase and holds, the first one first."""
    rows = PurchaseApproval.everywhere.filter(purchase=purchase, withdrawn_at=None)
    return list(rows.select_related("rule", "user", "on_behalf_of").order_by("at", "pk"))
