"""The account of a person who left is emptied (GDPR, art. 17); what they did stays in the chain of each company.

The row itself stays: approvals, receipts and the trail name it. Nobody signs in with it any more.
"""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, Q

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.models import (
    AccountMail,
    AccountMailStatus,
    AuditEvent,
    Company,
    DefaultView,
    Invitation,
    InvitationStatus,
    SavedView,
    User,
)
from config.kernel.scope import across_companies

NOBODY = "effacee-{}@personne.invalid"  # RFC 2606: no such host will ever be


class StillMember(DomainError):
    code = "still_member"
    message = (
        "Cette personne est encore membre d’une société de cette installation, ou l’administre : retirez-la d’abord."
    )


def who_left(company: Company, email: str) -> User | None:
    """The account at the address, where the company's trail or its invitations know it. Raises StillMember."""
    user = User.objects.filter(email__iexact=email, is_partner=False).first()
    if user is None or not _known(company, user):
        return None
    if user.memberships.exists() or user.is_staff:
        raise StillMember
    return user


def _known(company: Company, user: User) -> bool:
    acted = AuditEvent.everywhere.filter(company=company, actor_user_id=user.pk)
    named = AuditEvent.everywhere.filter(company=company, tag="kernel.member.removed", data__name=user.email)
    joined = Invitation.everywhere.filter(company=company, accepted_by=user)
    return acted.exists() or named.exists() or joined.exists()


@transaction.atomic
def erase_account(*, user: User, company: Company, actor: Actor, at: datetime) -> None:
    """Empty the account of a person who left; it is not undone. Raises StillMember."""
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if row.memberships.exists() or row.is_staff:
        raise StillMember
    email = row.email
    audit.record("kernel.member.erased", subject=company, actor=actor, at=at, data={"user": row.pk})
    for session in UserSession.objects.filter(user=row):
        session.end()
    # an invitation is of a company, the address of all of them
    with across_companies():
        own = Invitation.objects.filter(Q(email__iexact=email) | Q(accepted_by=row))
        own.exclude(status=InvitationStatus.PENDING).update(email=NOBODY.format(row.pk))
        SavedView.objects.filter(owner=row).delete()
        DefaultView.objects.filter(user=row).delete()
    AccountMail.everywhere.filter(to__iexact=email).exclude(status=AccountMailStatus.WAITING).update(
        to=NOBODY.format(row.pk), context_cipher="", last_error=""
    )
    for kind in (EmailAddress, Authenticator, LogEntry):
        kind.objects.filter(user=row).delete()
    User.objects.filter(pk=row.pk).update(
        email=NOBODY.format(row.pk), first_name="", last_name="", password=make_password(None), is_active=False,
        muted_notices=[], token_version=F("token_version") + 1,
    )  # fmt: skip
