"""What allauth does to a person's authenticators is written in the trail, told by e-mail, and ends API tokens."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.signals import user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.usersessions import signals
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from config.kernel.models import User
from config.kernel.people.own_acts import record_own_act, tell_person
from config.kernel.people.second_factor import PERIOD, spend

# it looks at each open session of the person; what ended is forgotten at night instead
user_logged_in.disconnect(signals.on_user_logged_in)


@receiver(user_logged_in)
def on_signed_in(request: HttpRequest, **_signal: Any) -> None:
    """The session is listed on « Mon compte › Sessions »."""
    UserSession.objects.create_from_request(request)


@receiver(authenticator_added)
def on_added(user: User, authenticator: Authenticator, **_signal: Any) -> None:
    """A code that was shown to activate the application opens nothing afterwards."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        return  # they come with the first factor, which is told
    if authenticator.type == Authenticator.Type.TOTP:
        spend(authenticator, int(time.time()) // PERIOD)
    _note(user, authenticator, "kernel.person.factor_added", "factor_added")


@receiver(authenticator_removed)
def on_removed(user: User, authenticator: Authenticator, **_signal: Any) -> None:
    """Also of recovery codes that go with the last factor: those are told with it."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        _note(user, authenticator, "kernel.person.factor_removed", "factor_removed")


@receiver(authenticator_reset)
def on_reset(user: User, authenticator: Authenticator, **_signal: Any) -> None:
    """New recovery codes."""
    _note(user, authenticator, "kernel.person.codes_renewed", "codes_renewed")


@transaction.atomic
def _note(user: User, authenticator: Authenticator, tag: str, kind: str) -> None:
    at = timezone.now()
    # what was given on weaker or other proof ends
    User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
    record_own_act(tag, user=user, at=at, data={"factor": authenticator.type})
    tell_person(user, kind, at=at)
