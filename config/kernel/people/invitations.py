"""Inviting somebody by e-mail: a link of 72 hours that opens once, for the invited address alone.

Nobody reads a link twice: the row keeps its digest, the mail is encrypted until it left. One link may open several
companies; each has a row of its own, which its own owners resend and withdraw.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import override

from config.kernel import audit, characters, states, typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid, NotAllowed
from config.kernel.models import Company, Invitation, InvitationStatus, Membership, User, login_of
from config.kernel.people.mails import queue_mail
from config.kernel.roles import Role, may
from config.kernel.scope import across_companies, company_scope

LIFE = timedelta(hours=72)
MOST_PENDING = 100  # of one company: an address book is no list of colleagues


class AlreadyMember(Invalid):
    code = "already_member"
    message = "%(email)s travaille déjà dans %(company)s."


class AlreadyInvited(Invalid):
    code = "already_invited"
    message = "%(email)s est déjà invité dans %(company)s : renvoyez l’invitation, ou retirez-la."


class TooManyInvitations(DomainError):
    code = "too_many_invitations"
    message = "%(company)s a déjà %(most)s invitations en attente : retirez celles qui ne servent plus."


class InvitationClosed(DomainError):
    """Used, withdrawn, expired or unknown: a stranger is not told which."""

    code = "invitation_closed"
    message = "Cette invitation ne vaut plus : demandez-en une autre à qui vous a invité."


class ForAnotherAddress(DomainError):
    code = "invitation_for_another_address"
    message = "Cette invitation est pour %(email)s : connectez-vous avec cette adresse pour l’accepter."
    status = 403


class AccountExists(DomainError):
    code = "account_exists"
    message = "Un compte existe déjà pour cette adresse : connectez-vous pour accepter l’invitation."


class OwnersInvite(NotAllowed):
    message = "Un gérant est nommé par une personne, pas par une clé."


def digest_of(token: str) -> str:
    # 256 random bits need no slow hash
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


@transaction.atomic
def invite(
    *, email: str, role: str, companies: Sequence[Company], actor: Actor, language: str, at: datetime
) -> list[Invitation]:
    """Keep a place in each company for the address, and queue the mail with the one link that opens them all.

    Raises NotAllowed where the actor may not, in each of them; Invalid, AlreadyMember, AlreadyInvited at `email`;
    TooManyInvitations.
    """
    address = _address(email)
    if role not in Role.values or not companies:
        raise Invalid(fields={"role" if companies else "companies": Invalid.message})
    token = secrets.token_urlsafe(32)
    # in one order: two invitations into the same companies cannot wait for one another in a circle
    ordered = sorted(companies, key=lambda company: company.pk)
    rows = [_keep_place(company, address, role, token, actor, at) for company in ordered]
    _write_to(rows, ordered, token, actor, language, at)
    return rows


def _address(email: str) -> str:
    address = login_of(email)
    try:
        validate_email(address)
    except ValidationError as error:
        sentence = "Saisissez une adresse e-mail valable, par exemple claire@exemple.fr."
        raise Invalid(fields={"email": sentence}) from error
    return address


def check_may_invite(company: Company, *, actor: Actor, role: str) -> None:
    """Raises NotAllowed: of people the company's owners alone invite; its keys may, but name no owner."""
    if actor.kind == "PARTNER" and actor.user_id is None:
        if role == Role.OWNER:
            raise OwnersInvite
        return
    own = Membership.objects.filter(company=company, user=actor.user_id or 0, user__is_active=True).first()
    if own is None or not may(own.role, "settings.edit"):
        raise NotAllowed


def _keep_place(company: Company, email: str, role: str, token: str, actor: Actor, at: datetime) -> Invitation:
    check_may_invite(company, actor=actor, role=role)
    # locked: the address is looked for among members and invitations that cannot change meanwhile
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    with company_scope(company):
        pending = Invitation.objects.filter(status=InvitationStatus.PENDING)
        if Membership.objects.filter(company=company, user__email=email).exists():
            raise AlreadyMember(fields={"email": AlreadyMember(email=email, company=company.name).sentence})
        if pending.filter(email=email).exists():
            raise AlreadyInvited(fields={"email": AlreadyInvited(email=email, company=company.name).sentence})
        if pending.count() >= MOST_PENDING:
            raise TooManyInvitations(company=company.name, most=MOST_PENDING)
        row: Invitation = Invitation.objects.create(
            company=company,
            email=email,
            role=role,
            digest=digest_of(token),
            invited_by_id=actor.user_id,
            invited_at=at,
            expires_at=at + LIFE,
        )
        audit.record("kernel.invitation.sent", subject=row, actor=actor, at=at, data={"name": email, "role": role})
    return row


def _write_to(
    rows: Sequence[Invitation],
    companies: Sequence[Company],
    token: str,
    actor: Actor,
    language: str,
    at: datetime,
) -> None:
    with override(language):
        context = {
            "link": f"{settings.PUBLIC_URL.rstrip('/')}{reverse('invitation', args=[token])}",
            "inviter": actor.name,
            "companies": ", ".join(company.name for company in companies),
            "role": str(Role(rows[0].role).label),
            "until": typography.moment(rows[0].expires_at),
        }
    queue_mail(kind="invitation", to=rows[0].email, language=language, context=context, at=at)


@transaction.atomic
def resend_invitation(*, invitation: Invitation, actor: Actor, language: str, at: datetime) -> Invitation:
    """A new link, for 72 hours, into this company; the one before opens it no longer. Raises InvitationClosed."""
    row = _locked(invitation)
    check_may_invite(row.company, actor=actor, role=row.role)
    token = secrets.token_urlsafe(32)
    row.digest, row.invited_at, row.expires_at = digest_of(token), at, at + LIFE
    row.save(update_fields=["digest", "invited_at", "expires_at"])
    audit.record("kernel.invitation.resent", subject=row, actor=actor, at=at, data={"name": row.email})
    _write_to([row], [row.company], token, actor, language, at)
    return row


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, actor: Actor, at: datetime) -> None:
    """Its link opens this company no longer. Raises InvitationClosed."""
    _close(_locked(invitation), InvitationStatus.WITHDRAWN, "kernel.invitation.withdrawn", actor=actor, at=at)


def withdraw_those_of(user: User, company: Company, *, actor: Actor, at: datetime) -> int:
    """Withdraw what somebody sent who may invite no longer, within the caller's transaction. Returns how many."""
    pending = Invitation.objects.filter(company=company, invited_by=user, status=InvitationStatus.PENDING)
    rows = list(pending.select_for_update(no_key=True).order_by("pk"))
    for row in rows:
        _close(row, InvitationStatus.WITHDRAWN, "kernel.invitation.withdrawn", actor=actor, at=at)
    return len(rows)


def _locked(invitation: Invitation) -> Invitation:
    rows = Invitation.objects.select_for_update(no_key=True, of=("self",)).select_related("company")
    row = rows.filter(pk=invitation.pk, status=InvitationStatus.PENDING).first()
    if row is None:
        raise InvitationClosed
    found: Invitation = row
    return found


def _close(
    row: Invitation, to: InvitationStatus, tag: str, *, actor: Actor, at: datetime, by: User | None = None
) -> None:
    data = {"name": row.email, "role": row.role}
    states.move(row, to, tag=tag, actor=actor, at=at, data=data, closed_at=at, accepted_by=by)


def open_invitations(token: str, *, at: datetime) -> list[Invitation]:
    """What the link opens now, each with its company; none where it is unknown, used, withdrawn or expired."""
    # whoever holds the link is in no company yet: the rows it names say which
    with across_companies():
        return list(_opened_by(token, at).select_related("company", "invited_by"))


def _opened_by(token: str, at: datetime) -> Any:
    rows = Invitation.everywhere.filter(digest=digest_of(token), status=InvitationStatus.PENDING, expires_at__gt=at)
    return rows.order_by("pk")


@transaction.atomic
def accept_invitations(*, token: str, user: User, at: datetime) -> list[Company]:
    """Let the person into each company that the link opens. Raises InvitationClosed, ForAnotherAddress.

    The rows are locked first: of two who accept at once, the second finds nothing open. A membership that was given
    meanwhile stays as it is.
    """
    # whoever accepts is in no company yet: the rows say which, and each is written in the scope of its own
    with across_companies():
        rows = list(_opened_by(token, at).select_for_update(no_key=True, of=("self",)).select_related("company"))
    if not rows:
        raise InvitationClosed
    if user.email != rows[0].email or not user.is_active:
        raise ForAnotherAddress(email=rows[0].email)
    for row in rows:
        with company_scope(row.company_id):
            _join(row, user, at)
    return [row.company for row in rows]


def _join(row: Invitation, user: User, at: datetime) -> None:
    actor = Actor.user(user)
    _close(row, InvitationStatus.ACCEPTED, "kernel.invitation.accepted", actor=actor, at=at, by=user)
    member, is_new = Membership.objects.get_or_create(user=user, company=row.company, defaults={"role": row.role})
    if is_new:
        data = {"name": user.email, "role": member.role}
        audit.record("kernel.member.added", subject=row.company, actor=actor, at=at, data=data)


@transaction.atomic
def accept_as_new_person(
    *, token: str, first_name: str, last_name: str, password: str, at: datetime
) -> tuple[User, list[Company]]:
    """Make the invited address an account, and let it in. Raises what `accept_invitations` does, and AccountExists;
    Invalid at `password`.
    """
    found = open_invitations(token, at=at)
    if not found:
        raise InvitationClosed
    names = {"first_name": characters.clean(first_name)[:150], "last_name": characters.clean(last_name)[:150]}
    user = User(email=found[0].email, **names)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(fields={"password": " ".join(error.messages)}) from error
    user.set_password(password)
    try:
        # a savepoint: whoever made the account a moment before is told so, and nothing else is undone
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise AccountExists from error
    return user, accept_invitations(token=token, user=user, at=at)


def has_account(email: str) -> bool:
    return User.objects.filter(email=email).exists()
