"""Who may call the simulated platform: OAuth 2 client credentials (RFC 6749 §4.4, §5.2) and bearer tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
import time
import uuid
from collections.abc import Callable
from functools import wraps
from urllib.parse import unquote

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from config.sandbox import faults
from config.sandbox.accounts import CLIENT_PREFIX, CLIENT_SECRET

_SALT = "einvoicing.sandbox.token"

View = Callable[..., HttpResponse]


def error(status: int, code: str, message: str | None = None, *, retry_after: str = "") -> JsonResponse:
    """The standard's error body."""
    body = {"errorCode": code, "errorMessage": message, "type": "about:blank"}
    headers = {"Retry-After": retry_after} if retry_after else None
    return JsonResponse(body, status=status, headers=headers)


def token_life() -> int:
    return int(getattr(settings, "SANDBOX_TOKEN_SECONDS", 1800))


@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """POST /oauth/token: secret in the body or by Basic authentication."""
    client_id, secret = _credentials(request)
    injected = faults.of(request, operation=faults.TOKEN, client_id=client_id)
    if "latency" in injected:
        time.sleep(injected.seconds("latency", 1.0))
    if request.POST.get("grant_type") != "client_credentials":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    genuine = hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode())
    if not client_id.startswith(CLIENT_PREFIX) or not genuine:
        return JsonResponse(
            {"error": "invalid_client", "error_description": "Unknown client or wrong secret"},
            status=401,
            headers={"WWW-Authenticate": 'Basic realm="sandbox"'},
        )
    value = signing.dumps(
        {"client": client_id, "until": time.time() + token_life(), "id": uuid.uuid4().hex}, salt=_SALT
    )
    return JsonResponse(
        {"access_token": value, "token_type": "Bearer", "expires_in": token_life()},
        headers={"Cache-Control": "no-store"},
    )


def _credentials(request: HttpRequest) -> tuple[str, str]:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return unquote(name), unquote(secret)
    return request.POST.get("client_id", ""), request.POST.get("client_secret", "")


def client_of(request: HttpRequest) -> str:
    """The client whose token this request carries; '' when it is absent, forged or too old."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return ""
    try:
        claims = signing.loads(given, salt=_SALT)
    except signing.BadSignature:
        return ""
    return str(claims["client"]) if claims["until"] > time.time() else ""


def called(operation: str) -> Callable[[View], View]:
    """View decorator: the token first, then the failures this request is to have; the view gets both."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            client_id = client_of(request)
            if not client_id:
                return error(401, "MISSING_TOKEN")
            injected = faults.of(request, operation=operation, client_id=client_id)
            if "latency" in injected:
                time.sleep(injected.seconds("latency", 1.0))
            return _failure(injected) or view(request, client_id, injected, *args, **kwargs)

        return guarded

    return decorate


def _failure(injected: faults.Faults) -> HttpResponse | None:
    """The failures that happen before anything is done."""
    if "expired-token" in injected:
        return error(401, "EXPIRED_TOKEN", "The access token expired")
    if "429" in injected:
        return error(
            429, "TOO_MANY_REQUESTS", "The client emitted too many requests", retry_after=injected.value("429") or "2"
        )
    if "503" in injected:
        return error(503, "RESOURCE_ERROR", retry_after=injected.value("503"))
    if "500" in injected:
        return error(500, "INTERNAL_ERROR")
    return None
