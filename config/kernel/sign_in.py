"""Signing in, with a limit that grows: on the page, in the admin and by the API, since all ask this backend.

A try is counted before its password is looked at, so that no number of tries at once goes past. During a pause even the
right password is refused, and an address nobody has is answered like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext

from config.kernel.addresses import address_of
from config.kernel.models import SignInTries, User

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=12)
# tries before the first pause: by one person from one address, by anybody for one person, from one address
OF_BOTH, OF_PERSON, OF_ADDRESS = 5, 50, 30


def _keys(username: str, request: HttpRequest | None) -> Iterator[tuple[str, int]]:
    """In one order, so that two tries never wait for each other in a ring."""
    person = username.strip().lower()
    address = address_of(request) if request is not None else ""
    if address:
        yield _digest("address", address), OF_ADDRESS
        yield _digest("both", f"{person} {address}"), OF_BOTH
    yield _digest("person", person), OF_PERSON


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}:{text}".encode(errors="replace")).hexdigest()


def pause_of(username: str, request: HttpRequest | None, *, at: datetime) -> timedelta:
    """How long this person must wait before another try from here; zero when none must be waited for."""
    keys = [key for key, _limit in _keys(username, request)]
    rows = SignInTries.objects.filter(key__in=keys, paused_until__gt=at)
    return max((row.paused_until - at for row in rows if row.paused_until), default=timedelta(0))


@transaction.atomic
def _count(key: str, limit: int, *, at: datetime) -> bool:
    """Whether one more try may be made now; it is counted."""
    row, _is_new = SignInTries.objects.select_for_update(no_key=True).get_or_create(key=key, defaults={"tried_at": at})
    if row.paused_until and row.paused_until > at:
        return False
    row.tries = 1 if row.tried_at < at - FORGOTTEN_AFTER else row.tries + 1
    row.tried_at = at
    if row.tries >= limit:
        row.paused_until = at + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(row.tries - limit, 20))
    row.save(update_fields=["tries", "tried_at", "paused_until"])
    return True


class LimitedBackend(ModelBackend):
    """Django's own, behind the pause."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> User | None:
        name, at = str(username or more.get(User.USERNAME_FIELD) or ""), timezone.now()
        keys = list(_keys(name, request))
        counted = [_count(key, limit, at=at) for key, limit in keys]
        if not all(counted):
            return None
        user = super().authenticate(request, username=username, password=password, **more)
        if user is not None:
            # the address keeps its count: whoever has one password must not buy tries at others with it
            SignInTries.objects.filter(key__in=[key for key, _limit in keys[-2:]]).delete()
        return user


def wait_sentence(pause: timedelta) -> str:
    """What to tell who must wait, in whole seconds or minutes."""
    seconds = max(1, round(pause.total_seconds()))
    if seconds < 90:
        words = ngettext(
            "Trop d’essais de connexion. Attendez %(count)s seconde avant de recommencer.",
            "Trop d’essais de connexion. Attendez %(count)s secondes avant de recommencer.",
            seconds,
        )
        return words % {"count": seconds}
    minutes = -(-seconds // 60)
    words = ngettext(
        "Trop d’essais de connexion. Attendez %(count)s minute avant de recommencer.",
        "Trop d’essais de connexion. Attendez %(count)s minutes avant de recommencer.",
        minutes,
    )
    return words % {"count": minutes}


class SignInForm(AuthenticationForm):
    """Tells who must wait that, and how long."""

    def clean(self) -> dict[str, Any]:
        pause = pause_of(str(self.cleaned_data.get("username", "")), self.request, at=timezone.now())
        if pause:
            raise ValidationError(wait_sentence(pause), code="paused")
        return dict(super().clean())


class AdminSignInForm(SignInForm, AdminAuthenticationForm):
    """The same for superusers."""
