"""Bearer tokens of people and keys of machines, both as `Authorization: Bearer …`."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken

from config.kernel.addresses import address_of
from config.kernel.api import keys
from config.kernel.api.problems import Problem
from config.kernel.api.tokens import VERSION, BadToken
from config.kernel.errors import DomainError
from config.kernel.models import ApiKey, User


class BadKey(DomainError):
    code = "bad_key"
    message = "Cette clé d’API est inconnue, expirée, révoquée ou refusée depuis cette adresse."
    status = 401


class BearerAuthentication(BaseAuthentication):
    """(User, token) or (ApiKey, None); None without any credential."""

    def authenticate(self, request: Any) -> tuple[User | ApiKey, Any] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if len(parts) != 2 or parts[0].lower() != b"bearer":
            raise Problem.of(BadToken())
        # any byte is a character here: a key that is no UTF-8 must be refused in words, not fail
        text = parts[1].decode("latin-1")
        if text.startswith(f"{keys.MARK}_"):
            key = keys.find_key(text, address=address_of(request), at=timezone.now())
            if key is None:
                raise Problem.of(BadKey())
            return key, None
        return self._person(text)

    def _person(self, text: str) -> tuple[User, Any]:
        reader = JWTAuthentication()
        try:
            token = reader.get_validated_token(text.encode("latin-1"))
            user = cast(User, reader.get_user(token))
        except (InvalidToken, AuthenticationFailed, UnicodeError, ValueError) as error:
            raise Problem.of(BadToken()) from error
        # the signature is good until the token ends; the version is what ends it at once
        if token.get(VERSION) != user.token_version:
            raise Problem.of(BadToken())
        return user, token

    def authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="api"'
