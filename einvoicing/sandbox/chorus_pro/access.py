"""The two doors of Chorus Pro: PISTE's token for the application, `cpro-account` for the structure.

An application reaches the APIs it is subscribed to alone (403).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.sandbox import faults
from config.sandbox.accounts import CLIENT_PREFIX, CLIENT_SECRET
from einvoicing.sandbox.chorus_pro import published, quotas

ACCOUNT_PREFIX = "TECH_"
ACCOUNT_PASSWORD = "sandbox-password"  # noqa: S105 - published, worth nothing elsewhere
SUCCESS = {"factures": "GCU_MSG_01_000"}  # the other services say TRA_MSG_00.000
_SALT = "einvoicing.sandbox.piste"

# codeRetour of a request that the method cannot accept
BAD_PARAMETER, UNKNOWN, TOO_LARGE, UNATTACHED = 20001, 20002, 20003, 20004

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call: who calls, what was sent, and the failures it is to have."""

    request: HttpRequest
    client_id: str
    account: str
    facts: dict[str, Any]
    injected: faults.Faults


def answered(code: int, label: str, *, status: int = 200, retry_after: str = "", **facts: Any) -> JsonResponse:
    """The envelope of every method."""
    headers = {"Retry-After": retry_after} if retry_after else None
    return JsonResponse({"codeRetour": code, "libelle": label, **facts}, status=status, headers=headers)


def done(service: str, **facts: Any) -> JsonResponse:
    return answered(0, SUCCESS.get(service, "TRA_MSG_00.000"), **facts)


def token_life() -> int:
    return int(getattr(settings, "SANDBOX_TOKEN_SECONDS", 3600))


def token(request: HttpRequest) -> HttpResponse:
    """POST /api/oauth/token, form-encoded, the secret in the body."""
    if request.method != "POST":
        return HttpResponse(status=405)
    client_id, secret = request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    injected = faults.of(request, operation=faults.TOKEN, client_id=client_id)
    if "latency" in injected:
        time.sleep(injected.seconds("latency", 1.0))
    if request.POST.get("grant_type") != "client_credentials":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    genuine = hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode())
    if not client_id.startswith(CLIENT_PREFIX) or not genuine:
        refused = {"error": "invalid_client", "error_description": "Invalid client or client credentials."}
        return JsonResponse(refused, status=400)
    claims = {"client": client_id, "until": time.time() + token_life(), "id": uuid.uuid4().hex}
    return JsonResponse(
        {
            "access_token": signing.dumps(claims, salt=_SALT),
            "token_type": "Bearer",
            "expires_in": token_life(),
            "scope": "openid",
        },
        headers={"Cache-Control": "no-store"},
    )


def _client_of(request: HttpRequest) -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return ""
    try:
        claims = signing.loads(given, salt=_SALT)
    except signing.BadSignature:
        return ""
    return str(claims["client"]) if claims["until"] > time.time() else ""


def _account_of(request: HttpRequest) -> str:
    """The login of the technical account, when its password is right."""
    try:
        given = base64.b64decode(request.headers.get("cpro-account", ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    login, _, password = given.partition(":")
    genuine = hmac.compare_digest(password.encode(), ACCOUNT_PASSWORD.encode())
    return login if genuine and login.startswith(ACCOUNT_PREFIX) else ""


def called(operation: str, *, method: str = "POST") -> Callable[[View], View]:
    """View decorator: the method, both credentials, the quota, the failures to have, then the fields of the JSON body.

    The view gets a Call.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            if request.method != method:
                return answered(405, "Method Not Allowed", status=405)
            client_id, account = _client_of(request), _account_of(request)
            if not client_id or not account:
                return answered(401, "Unauthorized", status=401)
            if (wait := quotas.wait(client_id)) is not None:
                return _slow_down(wait if quotas.says_when() else "")
            injected = faults.of(request, operation=operation, client_id=client_id)
            if "latency" in injected:
                time.sleep(injected.seconds("latency", 1.0))
            facts = _body(request) if method == "POST" else {}
            if facts is None:
                return answered(BAD_PARAMETER, "Le corps de la requête n’est pas un objet JSON", status=400)
            if (failure := _failure(request, injected)) is not None:
                return failure
            if stranger := published.stranger(request.path, facts):
                return answered(BAD_PARAMETER, f"Champ inconnu : {stranger[:100]}", status=400)
            return view(Call(request, client_id, account, facts, injected))

        return guarded

    return decorate


def _body(request: HttpRequest) -> dict[str, Any] | None:
    if request.content_type != "application/json":
        return None
    try:
        found = json.loads(request.read())  # a flow in base64 is beyond what Django holds as a form
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _failure(request: HttpRequest, injected: faults.Faults) -> HttpResponse | None:
    """The failures that happen before anything is done: the gateway's own, without the envelope."""
    if request.path.split("/")[2] in injected.value("unsubscribed").split("+"):
        return answered(403, "Forbidden", status=403)
    if "expired-password" in injected:
        return answered(401, "Le mot de passe du compte technique a expiré", status=401)
    if "expired-token" in injected:
        return HttpResponse(status=401)
    if "429" in injected:
        value = injected.value("429") or "2"
        return _slow_down("" if value == "silent" else value)
    if "503" in injected:
        return HttpResponse(
            status=503, headers={"Retry-After": injected.value("503")} if injected.value("503") else None
        )
    if "500" in injected:
        return answered(500, "Erreur technique", status=500)
    return None


def _slow_down(wait: str) -> HttpResponse:
    """The gateway's 429, which may say when to come back."""
    return HttpResponse(status=429, headers={"Retry-After": wait} if wait else None)


def unknown_route(_request: HttpRequest, path: str) -> HttpResponse:
    """The gateway's answer for an API or a method it does not have."""
    return answered(403, f"Forbidden: {path[:100]}", status=403)
