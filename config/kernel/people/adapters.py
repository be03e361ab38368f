"""How django-allauth is fitted in: what it asks of the house, and what of it is switched off."""

from __future__ import annotations

import ipaddress
from typing import Any, cast
from urllib.parse import urlsplit

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.kernel import secrets
from config.kernel.addresses import address_of
from config.kernel.models import User
from config.kernel.people.places import tell_of_new_place

PRODUCT = "Quittance"
SEALED_AS = "authenticator"
MESSAGES = {
    "mfa/messages/totp_activated.txt": _("L’application d’authentification est activée."),
    "mfa/messages/totp_deactivated.txt": _("L’application d’authentification est retirée."),
    "mfa/messages/webauthn_added.txt": _("La clé d’accès est ajoutée."),
    "mfa/messages/webauthn_removed.txt": _("La clé d’accès est retirée."),
    "mfa/messages/recovery_codes_generated.txt": _("De nouveaux codes de secours sont prêts. Gardez-les hors ligne."),
    "usersessions/messages/sessions_logged_out.txt": _("Les autres sessions sont fermées."),
}
WRONG_PASSWORD = _("Ce mot de passe n’est pas le vôtre.")
WRONG_PROOF = _("Cette clé d’accès n’a pas été reconnue. Recommencez.")


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up, no mail leaves from a request, and only the second factor stands between password and page."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_password": WRONG_PASSWORD,
        "too_many_login_attempts": _("Trop d’essais de connexion."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"]

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or "0.0.0.0"  # noqa: S104 – said of a caller whose address nobody knows

    def login(self, request: HttpRequest, user: Any) -> None:
        tell_of_new_place(cast(User, user), request, at=timezone.now())
        super().login(request, user)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        # a passkey opens a closed account as little as a password does
        messages.error(request, str(WRONG_PROOF))
        return redirect("login")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        sentence = message or MESSAGES.get(message_template or "")
        if sentence:
            messages.add_message(request, level, str(sentence), extra_tags=extra_tags)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        raise NotImplementedError("mails about accounts are queued: config.kernel.people.mails")

    def send_notification_mail(self, *_arguments: Any, **_options: Any) -> None:
        """What happens to authenticators is told by `config.kernel.people.receivers`."""


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are encrypted with the house's keys; keys belong to the name under which the house is known."""

    error_messages = {**DefaultMFAAdapter.error_messages, "incorrect_code": WRONG_PROOF}

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text, context=SEALED_AS)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(encrypted_text, context=SEALED_AS)

    def _get_site_name(self) -> str:
        return PRODUCT

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002 - allauth's
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return gettext("Clé %(number)s") % {"number": count + 1}

    def build_totp_svg(self, url: str) -> str:
        return str(segno.make(url, error="m").svg_inline(scale=4, border=4, light="#fff", dark="#000"))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        # the Host that a caller writes decides nothing
        return {"id": key_domain(), "name": PRODUCT}


def key_domain() -> str:
    """The name to which passkeys are bound, that of PUBLIC_URL; '' where it is an address, which has none."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""
