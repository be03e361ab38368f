"""A sign-in from a browser where the person never was is told to them by e-mail."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from config.kernel import typography
from config.kernel.addresses import address_of
from config.kernel.models import User
from config.kernel.people.own_acts import tell_person
from config.kernel.sign_in import is_known_device

LONGEST_NAME = 120


def tell_of_new_place(user: User, request: HttpRequest, *, at: datetime) -> None:
    """Queue the warning, before the browser is remembered. The very first sign-in of a person is news to nobody."""
    if user.last_login is None or is_known_device(user.email, request):
        return
    browser = request.headers.get("User-Agent", "")[:LONGEST_NAME] or "–"
    tell_person(user, "new_place", at=at, moment=typography.moment(at), browser=browser, address=address_of(request))
