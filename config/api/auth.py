"""Tokens: given for a password, renewed once each, revoked at once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from config.kernel.addresses import address_of
from config.kernel.api import limits, tokens
from config.kernel.api.circumstances import public, without_transaction
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body
from config.kernel.api.operation import operation
from config.kernel.api.statuses import no_content
from config.kernel.api.view import ApiView, Call
from config.kernel.models import User


class Credentials(Body):
    email = serializers.EmailField()
    password = serializers.CharField(max_length=500, trim_whitespace=False)
    code = serializers.CharField(
        max_length=20,
        required=False,
        help_text="Of a person with a second factor: the code of the application, or a recovery code.",
    )


class RefreshText(Body):
    refresh = serializers.CharField(max_length=2000)


class TokenPair(serializers.Serializer):
    access = serializers.CharField(help_text="Good for ten minutes: Authorization: Bearer …")
    refresh = serializers.CharField(help_text="Good for a day, once.")


class Token(ApiView):
    authentication_classes = ()

    @operation(body=Credentials, answer=TokenPair)
    @public
    @without_transaction
    @documented(
        id="token_obtain",
        errors=(401,),
        examples=[sent({"email": "partenaire@verone.example", "password": "a long password"})],
    )
    def post(self, request: Call) -> Any:
        """Exchange an e-mail address and a password for a pair of tokens.

        A person with a second factor sends `code` as well; without it: 401 `mfa_required`.
        """
        limits.spend("logins_from", settings.API_ADDRESS_LIMIT, address_of(request))
        limits.spend("logins", settings.API_LOGIN_LIMIT, f"{address_of(request)}:{request.values['email'].lower()}")
        return tokens.obtain(**request.values, request=request._request)  # noqa: SLF001 - what authenticate() wants


class TokenRefresh(ApiView):
    authentication_classes = ()

    @operation(body=RefreshText, answer=TokenPair)
    @public
    @without_transaction
    @documented(id="token_refresh", errors=(401,))
    def post(self, request: Call) -> Any:
        """Exchange a refresh token for a new pair. A token shown twice revokes every token of the person."""
        return tokens.renew(request.values["refresh"])


class TokenRevoke(ApiView):
    area = "company"

    @operation()
    @no_content
    @documented(id="token_revoke")
    def post(self, request: Call) -> None:
        """Refuse from now on every token of the person who calls. An API key is revoked on the settings page."""
        if isinstance(request.user, User):
            tokens.revoke_all(request.user)
