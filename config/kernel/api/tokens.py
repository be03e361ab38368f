"""Tokens of people: ten minutes of access, a day of refresh, each refresh good once, all revoked at once.

A refresh token shown twice has been stolen by somebody: every token of the person is refused from then on
(RFC 9700 §4.14.2).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken
from rest_framework_simplejwt.tokens import RefreshToken, UntypedToken

from config.kernel.errors import DomainError
from config.kernel.models import User
from config.kernel.people.second_factor import companies_of, has_second_factor, must_have_second_factor, use_code
from config.kernel.sign_in import pause_of

VERSION = "ver"


class BadCredentials(DomainError):
    code = "bad_credentials"
    message = "Adresse e-mail ou mot de passe inconnus."
    status = 401


class SignInPaused(DomainError):
    """Too many tries: even the right password waits, `Retry-After` seconds."""

    code = "sign_in_paused"
    message = "Trop d’essais de connexion. Attendez : « Retry-After » dit combien de secondes."
    status = 429

    def __init__(self, pause: timedelta) -> None:
        super().__init__()
        self.retry_after = max(1, round(pause.total_seconds()))


class SecondFactorWanted(DomainError):
    """The password was right; a code of the person's application, or a recovery code, must come with it."""

    code = "mfa_required"
    message = "Ce compte a un second facteur : envoyez aussi « code »."
    status = 401


class SecondFactorMissing(DomainError):
    """A company of the person, or the installation, asks for a second factor that they have not set up."""

    code = "mfa_setup_required"
    message = "Un second facteur est exigé de ce compte : ajoutez-le d’abord sur la page « Mon compte »."
    status = 401


class BadToken(DomainError):
    code = "bad_token"
    message = "Ce jeton n’est plus valable. Demandez-en un autre."
    status = 401


def _pair(user: User) -> dict[str, str]:
    refresh = RefreshToken.for_user(user)
    refresh[VERSION] = user.token_version
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def obtain(*, email: str, password: str, code: str = "", request: HttpRequest) -> dict[str, str]:
    """A pair of tokens. Partner systems are no persons: they have no second factor.

    Raises BadCredentials, the same for an unknown address, a wrong password, a closed account; SignInPaused;
    SecondFactorWanted, SecondFactorMissing, and what a wrong code does.
    """
    if pause := pause_of(email, request, at=timezone.now()):
        raise SignInPaused(pause)
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User) or not user.is_active:
        raise BadCredentials
    if not user.is_partner:
        _ask_second_factor(user, code)
    return _pair(user)


def _ask_second_factor(user: User, code: str) -> None:
    if has_second_factor(user):
        if not code:
            raise SecondFactorWanted
        use_code(user, code, at=timezone.now())
    elif _lacks_second_factor(user):
        raise SecondFactorMissing


def renew(text: str) -> dict[str, str]:
    """A new pair for a refresh token, which is then spent. Raises BadToken; a spent one revokes the whole family."""
    try:
        return _renewed(text)
    # outside of `_renewed`, whose transaction the error has rolled back: the revocation must stay
    except _Reused as reused:
        revoke_all(reused.user)
        raise BadToken from reused


class _Reused(Exception):
    def __init__(self, user: User) -> None:
        self.user = user


@transaction.atomic
def _renewed(text: str) -> dict[str, str]:
    try:
        token = UntypedToken(cast(Any, text))  # signature and dates, without asking whether it is spent
        # one refresh token shown twice at once: the second waits here, and then finds it spent
        user = User.objects.select_for_update(no_key=True).get(pk=token["user_id"], is_active=True)
        if token["token_type"] != RefreshToken.token_type or token[VERSION] != user.token_version:
            raise BadToken
        if BlacklistedToken.objects.filter(token__jti=token["jti"]).exists():
            raise _Reused(user)
        if not user.is_partner and _lacks_second_factor(user):
            raise BadToken
        RefreshToken(cast(Any, text)).blacklist()
    except (TokenError, User.DoesNotExist, KeyError, ValueError) as error:
        raise BadToken from error
    return _pair(user)


def _lacks_second_factor(user: User) -> bool:
    return must_have_second_factor(user, companies_of(user)) and not has_second_factor(user)


def revoke_all(user: User) -> None:
    """Refuse from now on every token given to this person before."""
    User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
