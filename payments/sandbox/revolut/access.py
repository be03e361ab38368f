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
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from config.sandbox.models import SandboxRecord
from payments.sandbox import calls

SERVICE = "revolut"
AUDIENCE = "https://revolut.com"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_SECONDS = 2399
CODE_SECONDS = 120
MOST_CALLS = 60  # a minute and business; SANDBOX_REVOLUT_MINUTE is another number
# the codes of its error bodies
BAD_PARAMETER, BAD_TOKEN, NOT_FOUND, SLOW_DOWN, FORBIDDEN, BROKEN = 2101, 1000, 3006, 3162, 9002, 5000
_TOKEN_FORM = {"grant_type", "client_id", "client_assertion_type", "client_assertion", "code", "refresh_token"}
_SALT = "payments.sandbox.revolut"

View = Callable[..., HttpResponse]


def problem(status: int, code: int, message: str, *, retry_after: str = "") -> JsonResponse:
    """Revolut's error body."""
    headers = {"Retry-After": retry_after} if retry_after else None
    return JsonResponse({"code": code, "message": message}, status=status, headers=headers)


def client_of(client_id: str) -> SandboxRecord | None:
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
    row = client_of(client_id)
    is_known = row is not None and urlsplit(back).hostname == row.facts["issuer"]
    if not is_known or request.GET.get("response_type") != "code" or request.GET.get("scope") != "READ":
        return problem(400, BAD_PARAMETER, "Unknown client, redirect_uri or scope")
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
    if unknown := request.POST.keys() - _TOKEN_FORM:
        return JsonResponse({"error": "invalid_request", "error_description": ", ".join(sorted(unknown))}, status=400)
    grant = request.POST.get("grant_type", "")
    answer: dict[str, object] = {"token_type": "bearer", "expires_in": TOKEN_SECONDS}
    if grant == "authorization_code":
        code = request.POST.get("code", "")
        if _client_of("code", code) != client_id or not _spend(code, client_id):
            return JsonResponse({"error": "invalid_grant", "error_description": "Unknown code"}, status=400)
        answer["refresh_token"] = _signed("refresh", client_id, 90 * 86400)
        _consent(client_id)
    elif grant != "refresh_token":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    elif _client_of("refresh", request.POST.get("refresh_token", "")) != client_id or _is_revoked(client_id):
        return JsonResponse({"error": "invalid_grant", "error_description": "Unknown refresh token"}, status=400)
    answer["access_token"] = _signed("access", client_id, TOKEN_SECONDS)
    calls.write_down(SERVICE, client_id, f"token {grant}")
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _wrong_assertion(request: HttpRequest, client_id: str) -> str:
    """Why the assertion proves nothing; '' when it does."""
    row = client_of(client_id)
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
    return "" if (claims["sub"], claims["aud"]) == (client_id, AUDIENCE) else "sub, aud"


def _consent(client_id: str) -> None:
    """Only the first consent opens what is older than ninety days."""
    row = client_of(client_id)
    if row is not None:
        row.facts.setdefault("consented_at", timezone.now().isoformat())
        row.save(update_fields=["facts"])


def _spend(code: str, client_id: str) -> bool:
    """A code serves once."""
    _row, is_new = SandboxRecord.objects.get_or_create(
        service=SERVICE, kind="code", key=code[-100:], client_id=client_id
    )
    return is_new


def _is_revoked(client_id: str) -> bool:
    row = client_of(client_id)
    return row is None or bool(row.facts.get("revoked"))


def called(operation: str, *parameters: str) -> Callable[[View], View]:
    """View decorator: the access token, reading alone, the quota, the failures of this call, the parameters it knows.

    Every call is written down.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            client_id = _client_of("access", given) if scheme.lower() == "bearer" else ""
            if not client_id or _is_revoked(client_id):
                return problem(401, BAD_TOKEN, "Access token is invalid or has expired.")
            calls.write_down(SERVICE, client_id, request.path.rpartition("/")[2])
            if refused := _too_fast(client_id):
                return refused
            if request.method != "GET":  # the scope READ opens no more
                return problem(403, FORBIDDEN, "This action is forbidden")
            failures = faults.of(request, operation=operation, client_id=client_id)
            if "latency" in failures:
                time.sleep(failures.seconds("latency", 1.0))
            if unknown := request.GET.keys() - set(parameters):
                return problem(400, BAD_PARAMETER, f"Unknown query parameter: {', '.join(sorted(unknown))}")
            return _failure(failures) or view(request, client_id, *args, **kwargs)

        return csrf_exempt(guarded)

    return decorate


def _too_fast(client_id: str) -> HttpResponse | None:
    number, seconds = calls.used(SERVICE, client_id)
    if number <= getattr(settings, "SANDBOX_REVOLUT_MINUTE", MOST_CALLS):
        return None
    words = f"Request rate limit has been reached. Try again after {seconds} seconds."
    return problem(429, SLOW_DOWN, words, retry_after=str(seconds))


def _failure(failures: faults.Faults) -> HttpResponse | None:
    if "expired-token" in failures:
        return problem(401, BAD_TOKEN, "Access token is invalid or has expired.")
    if "429" in failures:
        words = "Request rate limit has been reached. Try again later."
        return problem(429, SLOW_DOWN, words, retry_after=failures.value("429") or "2")
    if "503" in failures:
        return problem(503, BROKEN, "Service unavailable", retry_after=failures.value("503") or "2")
    return problem(500, BROKEN, "An unexpected error occurred") if "500" in failures else None
