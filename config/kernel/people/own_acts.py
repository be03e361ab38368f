"""What people change of their own accounts is told to each company that they work in, and to themselves by e-mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.models import Company, User
from config.kernel.people.mails import queue_mail
from config.kernel.scope import company_scope


def lock_person(user: User) -> User:
    """The person as they are now, locked until the transaction ends."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def record_own_act(tag: str, *, user: User, at: datetime, data: dict[str, Any] | None = None) -> None:
    """Write in the trail of each of the person's companies what they did with their account."""
    for company in Company.objects.filter(memberships__user=user).order_by("pk"):
        with company_scope(company):
            data = {"name": user.email, **(data or {})}
            audit.record(tag, subject=company, actor=Actor.user(user), at=at, data=data)


def tell_person(user: User, kind: str, *, at: datetime, **context: str) -> None:
    """Queue the mail of this kind to the person, in their language."""
    queue_mail(kind=kind, to=user.email, language=user.language or "fr", context=context, at=at)
