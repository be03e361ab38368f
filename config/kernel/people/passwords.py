"""Passwords: chosen, changed, and reset by a link that is told apart from nothing.

Who asks for a link gets the same answer in the same time whether or not anybody has the address: the request writes one
row, and the worker that sends it finds out. A link opens for half an hour, once, and dies with a sign-in, with the
password and with the account (Django's own generator, which seals all three).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

from config.kernel.addresses import address_of, network_of
from config.kernel.models import AccountMail, User, login_of
from config.kernel.people.mails import addressed_by, queue_mail
from config.kernel.people.own_acts import lock_person, record_own_act, tell_person
from config.kernel.sign_in import Limit, count_try, digest

RESET = "password_reset"
# asks before the first pause: about one address, and from one place
OF_PERSON, OF_PLACE = 3, 20
WEAKEST = 3  # of zxcvbn's 0 to 4: beyond 10^8 guesses
LONGEST_JUDGED = 72  # characters: the time that judging takes grows with their square


class GuessableValidator:
    """Refuses what a list of breached passwords, a name, a date or a row of keys would find (zxcvbn)."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when the password is guessed within 10^8 tries."""
        own = " ".join(getattr(user, name, "") or "" for name in ("email", "first_name", "last_name"))
        known = [part for part in re.split(r"[\W_]+", own) if len(part) > 2]
        if zxcvbn(password[:LONGEST_JUDGED], user_inputs=[*known, "quittance"])["score"] < WEAKEST:
            raise ValidationError(
                _("Ce mot de passe se devine trop vite. Prenez plusieurs mots sans rapport entre eux."),
                code="guessable",
            )

    def get_help_text(self) -> str:
        return _("Plusieurs mots sans rapport entre eux valent mieux qu’un mot compliqué.")


@transaction.atomic
def change_password(*, user: User, password: str, at: datetime, tag: str = "kernel.person.password_changed") -> User:
    """Set another password, which ends the other sessions and the API tokens of the person."""
    person = lock_person(user)
    person.set_password(password)
    person.save(update_fields=["password"])
    record_own_act(tag, user=person, at=at)
    tell_person(person, "password_changed", at=at)
    return person


def ask_reset(email: str, request: HttpRequest, *, language: str, at: datetime) -> None:
    """Queue a link for whoever has the address, if anybody has. Too many asks are dropped without a word."""
    address = login_of(email)
    limits = (
        Limit(digest("reset", address), OF_PERSON),
        Limit(digest("reset from", network_of(address_of(request))), OF_PLACE),
    )
    counted = [count_try(limit, at=at) for limit in limits]
    if None not in counted:
        queue_mail(kind=RESET, to=address, language=language, context={}, at=at)


@addressed_by(RESET)
def reset_link(mail: AccountMail, _at: datetime) -> dict[str, str] | None:
    """What fills the mail: the link, made as it leaves; None where nobody may have one."""
    user = User.objects.filter(email=mail.to, is_active=True, is_partner=False).first()
    if user is None:
        return None
    key = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("password-reset", args=[key, default_token_generator.make_token(user)])
    return {"link": f"{settings.PUBLIC_URL.rstrip('/')}{path}"}
