"""Signing in, with a limit that grows: on the page, in the admin and by the API, since all ask this backend.

A try is counted before its password is looked at, so that no number of tries at once goes past, and is given back when
the password was right: only wrong ones make one wait. During a pause even the right password is refused, and an
address nobody has is answered like any other.

Wrong passwords must not shut a person out who is elsewhere: an address or a browser from which the person once signed
in is known, and counts its own tries alone. Strange places share one count for each person, whose pauses stay short.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import user_logged_in
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import ngettext

from config.kernel.addresses import address_of, network_of
from config.kernel.models import KnownPlace, SignInTries, User, login_of

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
LONGEST_OF_STRANGERS = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=12)
# tries before the first pause: by one person from one place, from all strange places for one person, from one address
OF_BOTH, OF_STRANGERS, OF_ADDRESS = 5, 50, 30
DEVICE = "device"  # the cookie
KNOWN_FOR = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted under one key."""

    key: str
    tries: int
    longest: timedelta = LONGEST_PAUSE


def limits_of(username: str, request: HttpRequest | None) -> list[Limit]:
    """What a try of this person counts for. A known browser stands for itself, whoever else is at its address."""
    person = login_of(username)
    device, address = _places(request)
    known = KnownPlace.objects.filter(key__in=[digest("place", person, place) for place in (device, address)])
    known_keys = set(known.values_list("key", flat=True))
    if device and digest("place", person, device) in known_keys:
        return [Limit(digest("both", person, device), OF_BOTH)]
    limits = []
    if address:
        limits = [Limit(digest("address", address), OF_ADDRESS), Limit(digest("both", person, address), OF_BOTH)]
    if digest("place", person, address) not in known_keys:
        limits.append(Limit(digest("person", person), OF_STRANGERS, LONGEST_OF_STRANGERS))
    return limits


def _places(request: HttpRequest | None) -> tuple[str, str]:
    """The browser, by its cookie, and the address; '' for what is not there."""
    if request is None:
        return "", ""
    return request.COOKIES.get(DEVICE, "")[:100], network_of(address_of(request))


def digest(*parts: str) -> str:
    """The key of what is counted."""
    # the table holds digests alone: it would otherwise list who signs in, and from where
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()


def remember(username: str, place: str, *, at: datetime) -> None:
    """From now on the person is known at this place."""
    if place:
        key = digest("place", login_of(username), place)
        KnownPlace.objects.update_or_create(key=key, defaults={"seen_at": at})


def is_known_device(username: str, request: HttpRequest) -> bool:
    """True where the person signed in with this browser before."""
    device, _address = _places(request)
    return bool(device) and KnownPlace.objects.filter(key=digest("place", login_of(username), device)).exists()


def forget(*, at: datetime) -> int:
    """Delete the places where nobody came again, and the tries of long ago; how many places."""
    SignInTries.objects.filter(tried_at__lt=at - FORGOTTEN_AFTER).delete()
    return KnownPlace.objects.filter(seen_at__lt=at - KNOWN_FOR).delete()[0]


def pause_of(username: str, request: HttpRequest | None, *, at: datetime) -> timedelta:
    """How long this person must wait before another try from here; zero when none must be waited for."""
    keys = [limit.key for limit in limits_of(username, request)]
    rows = SignInTries.objects.filter(key__in=keys, paused_until__gt=at)
    return max((row.paused_until - at for row in rows if row.paused_until), default=timedelta(0))


@transaction.atomic
def count_try(limit: Limit, *, at: datetime) -> datetime | None:
    """Count one more try; when the last before it was made. None when none may be made now."""
    tries = SignInTries.objects.select_for_update(no_key=True)
    # get_or_create outlives two first tries at once; the lock makes the next ones count one after the other
    row, _is_new = tries.get_or_create(key=limit.key, defaults={"tried_at": at})
    if row.paused_until and row.paused_until > at:
        return None
    before = row.tried_at
    # a dozen wrong tries of last week must not make today's first slip expensive
    row.tries = 1 if before < at - FORGOTTEN_AFTER else row.tries + 1
    row.tried_at = at
    if row.tries >= limit.tries:
        row.paused_until = at + min(limit.longest, FIRST_PAUSE * 2 ** min(row.tries - limit.tries, 20))
    row.save(update_fields=["tries", "tried_at", "paused_until"])
    return before


@transaction.atomic
def give_back(limit: Limit, before: datetime, *, at: datetime) -> None:
    """The try counted at this instant was no wrong one: neither it nor its pause stands. Those of others do."""
    row = SignInTries.objects.select_for_update(no_key=True).filter(key=limit.key).first()
    if row is None:
        return
    row.tries = max(row.tries - 1, 0)
    # another try may have been counted since; then its moment and its pause are not ours to undo
    is_last = row.tried_at == at
    if is_last:
        row.tried_at = before
    if is_last or row.tries < limit.tries:
        row.paused_until = None
    row.save(update_fields=["tries", "tried_at", "paused_until"])


def forgive(limit: Limit, before: datetime, *, at: datetime) -> None:
    """The try was a good one: all that were counted under this key are forgotten."""
    give_back(limit, before, at=at)
    SignInTries.objects.filter(key=limit.key).update(tries=0, paused_until=None)


def pause_until(limit: Limit, *, at: datetime) -> timedelta:
    """How long no try under this key is taken."""
    row = SignInTries.objects.filter(key=limit.key, paused_until__gt=at).first()
    return row.paused_until - at if row and row.paused_until else timedelta(0)


class LimitedBackend(ModelBackend):
    """Django's own, behind the pause."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> User | None:
        name, at = str(username or more.get(User.USERNAME_FIELD) or ""), timezone.now()
        limits = limits_of(name, request)
        counted = {limit: before for limit in limits if (before := count_try(limit, at=at))}
        is_refused = len(counted) < len(limits)
        user = None if is_refused else super().authenticate(request, username=username, password=password, **more)
        if is_refused or user is not None:
            for limit, before in counted.items():
                give_back(limit, before, at=at)
        if user is not None:
            # wrong tries at others stand: whoever has one password must not buy tries at others with it
            # (emptied, not deleted: another try may be about to lock the row)
            keys = [digest("both", login_of(name), place) for place in _places(request)]
            SignInTries.objects.filter(key__in=keys).update(tries=0, paused_until=None)
            remember(name, _places(request)[1], at=at)
        return user


class DeviceMiddleware:
    """A browser in which a person signs in gets a cookie by which it is known: random, and nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "signed_in", False):
            response.set_cookie(
                DEVICE,
                request.COOKIES[DEVICE],
                max_age=KNOWN_FOR,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
            remember_choices(response, request.user)
        return response


def remember_choices(response: HttpResponse, user: Any) -> HttpResponse:
    """The answer, with which the browser shows the language and the theme of the person; what is not chosen stays."""
    for name, value in ((settings.LANGUAGE_COOKIE_NAME, user.language), ("theme", user.theme)):
        if value:
            response.set_cookie(name, value, max_age=KNOWN_FOR, samesite="Lax", httponly=name != "theme")
    return response


@receiver(user_logged_in)
def remember_device(request: HttpRequest, user: User, **_more: Any) -> None:
    """The browser of whoever has just signed in is known from now on, by a cookie that is new where it had none."""
    request.COOKIES[DEVICE] = request.COOKIES.get(DEVICE) or secrets.token_urlsafe(32)
    remember(user.email, _places(request)[0], at=timezone.now())
    request.signed_in = True  # type: ignore[attr-defined]  # read by DeviceMiddleware


def wait_sentence(pause: timedelta) -> str:
    """What to tell who must wait, in whole seconds or minutes."""
    seconds = max(1, round(pause.total_seconds()))
    if seconds < 90:
        sentence = ngettext(
            "Trop d’essais de connexion. Attendez %(count)s seconde avant de recommencer.",
            "Trop d’essais de connexion. Attendez %(count)s secondes avant de recommencer.",
            seconds,
        )
        return sentence % {"count": seconds}
    minutes = -(-seconds // 60)
    sentence = ngettext(
        "Trop d’essais de connexion. Attendez %(count)s minute avant de recommencer.",
        "Trop d’essais de connexion. Attendez %(count)s minutes avant de recommencer.",
        minutes,
    )
    return sentence % {"count": minutes}


class SignInForm(AuthenticationForm):
    """Tells who must wait that, and how long."""

    def clean(self) -> dict[str, Any]:
        pause = pause_of(str(self.cleaned_data.get("username", "")), self.request, at=timezone.now())
        if pause:
            raise ValidationError(wait_sentence(pause), code="paused")
        return dict(super().clean())
