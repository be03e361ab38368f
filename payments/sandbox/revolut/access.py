"""Who may call the simulated Revolut: assertions signed with the uploaded certificate's key, tokens of forty minutes.

A business is known by its client id; its certificate, its codes and its refresh tokens are records of the sandbox.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography import x509
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from config.sandbox.models import SandboxRecord

SERVICE = "revolut"
AUDIENCE = "https://revolut.com"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_SECONDS = 2399
CODE_SECONDS = 120
_SALT = "payments.sandbox.revolut"

View = Callable[..., HttpResponse]


def problem(status: int, message: str, **headers: str) -> JsonResponse:
    """Revolut's error body."""
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse({"code": status * 10, "message": message}, status=status, headers=shown)


def _client(client_id: str) -> SandboxRecord | None:
    row: SandboxRecord | None = SandboxRecord.objects.filter(service=SERVICE, kind="client", key=client_id).first()
    return row


def _signed(purpose: str, client_id: str, seconds: float) -> str:
    claims = {"purpose": purpose, "client": client_id, "until": time.time() + seconds, "id": uuid.uuid4().hex}
    return f"oa_sandbox_{signing.dumps(claims, salt=_SALT)}"


def _client_of(purpose: str, given: str) -> str:
    """Whose code or token it is; '' when it is forged, of another sort, or too old."""
    try:
        claims = signing.loads(given.removeprefix("oa_sandbox_"), salt=_SALT)
    except signing.BadSignature:
        return ""
    return str(claims["client"]) if claims["purpose"] == purpose and claims["until"] > time.time() else ""


@require_GET
def app_confirm(request: HttpRequest) -> HttpResponse:
    """The page on which a person consents; here they always do."""
    client_id, back = request.GET.get("client_id", ""), request.GET.get("redirect_uri", "")
    row = _client(client_id)
    is_known = row is not None and urlsplit(back).hostname == row.facts["issuer"]
    if not is_known or request.GET.get("response_type") != "code" or request.GET.get("scope") != "READ":
        return problem(400, "Unknown client, redirect_uri or scope")
    answer = {"code": _signed("code", client_id, CODE_SECONDS), "state": request.GET.get("state", "")}
    return HttpResponseRedirect(f"{back}?{urlencode(answer)}")


@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """POST /auth/token: an authorization code once, or a refresh token again and again."""
    client_id = request.POST.get("client_id", "")
    failures = faults.of(request, operation=faults.TOKEN, client_id=client_id)
    if "latency" in failures:
        time.sleep(failures.seconds("latency", 1.0))
    if wrong := _wrong_assertion(request, client_id):
        return JsonResponse({"error": "invalid_client", "error_description": wrong}, status=401)
    grant = request.POST.get("grant_type", "")
    answer: dict[str, object] = {"token_type": "bearer", "expires_in": TOKEN_SECONDS}
    if grant == "authorization_code":
        code = request.POST.get("code", "")
        if _client_of("code", code) != client_id or not _spend(code, client_id):
            return JsonResponse({"error": "invalid_grant", "error_description": "Unknown code"}, status=400)
        answer["refresh_token"] = _signed("refresh", client_id, 90 * 86400)
    elif grant != "refresh_token":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    elif _client_of("refresh", request.POST.get("refresh_token", "")) != client_id or _is_revoked(client_id):
        return JsonResponse({"error": "invalid_grant", "error_description": "Unknown refresh token"}, status=400)
    answer["access_token"] = _signed("access", client_id, TOKEN_SECONDS)
    _write_down(client_id, f"token {grant}")
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _wrong_assertion(request: HttpRequest, client_id: str) -> str:
    """Why the assertion proves nothing; '' when it does."""
    row = _client(client_id)
    if row is None or request.POST.get("client_assertion_type") != ASSERTION_TYPE:
        return "Unknown client"
    key = x509.load_pem_x509_certificate(row.facts["certificate"].encode()).public_key()
    try:
        claims = jwt.decode(
            request.POST.get("client_assertion", ""),
            key,  # type: ignore[arg-type]  # RSA, as RS256 makes sure
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=row.facts["issuer"],
            options={"require": ["exp", "iss", "sub", "aud"]},
        )
    except jwt.InvalidTokenError as error:
        return str(error)
    return "" if claims["sub"] == client_id else "sub"


def _spend(code: str, client_id: str) -> bool:
    """A code serves once."""
    _row, is_new = SandboxRecord.objects.get_or_create(
        service=SERVICE, kind="code", key=code[-100:], client_id=client_id
    )
    return is_new


def _is_revoked(client_id: str) -> bool:
    row = _client(client_id)
    return row is None or bool(row.facts.get("revoked"))


def _write_down(client_id: str, call: str) -> None:
    SandboxRecord.objects.create(
        service=SERVICE, kind="call", key=uuid.uuid4().hex, client_id=client_id, facts={"call": call}
    )


def called(operation: str) -> Callable[[View], View]:
    """View decorator: GET alone, the access token, then the failures of this call; every call is written down."""

    def decorate(view: View) -> View:
        @require_GET
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            client_id = _client_of("access", given) if scheme.lower() == "bearer" else ""
            if not client_id or _is_revoked(client_id):
                return problem(401, "The request should be authorized.")
            _write_down(client_id, f"{request.path.rpartition('/')[2]}")
            failures = faults.of(request, operation=operation, client_id=client_id)
            if "latency" in failures:
                time.sleep(failures.seconds("latency", 1.0))
            return _failure(failures) or view(request, client_id, *args, **kwargs)

        return guarded

    return decorate


def _failure(failures: faults.Faults) -> HttpResponse | None:
    if "expired-token" in failures:
        return problem(401, "The request should be authorized.")
    if "429" in failures:
        return problem(429, "Too many requests", retry_after=failures.value("429") or "2")
    if "503" in failures:
        return problem(503, "Service unavailable", retry_after=failures.value("503") or "2")
    return problem(500, "Internal error") if "500" in failures else None
