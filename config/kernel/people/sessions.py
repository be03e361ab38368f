"""Ending what is open in a person's name."""

from __future__ import annotations

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F

from config.kernel.models import User
from config.kernel.people.own_acts import record_own_act


def forget(*, at: datetime) -> int:
    """Delete what is kept of sessions that ended. Returns how many."""
    Session.objects.filter(expire_date__lt=at).delete()
    return UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()[0]


@transaction.atomic
def end_other_sessions(*, user: User, session_key: str, at: datetime) -> int:
    """End every session of the person but this one, and every API token. Returns how many sessions."""
    others = list(UserSession.objects.filter(user=user).exclude(session_key=session_key))
    for other in others:
        other.end()
    User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
    record_own_act("kernel.person.sessions_ended", user=user, at=at, data={"count": len(others)})
    return len(others)
