"""OAuth 2 client credentials (RFC 6749 §4.4): one token per account, kept in memory until shortly before its end.

For the adapters of platforms that give such tokens (AFNOR, Chorus Pro behind PISTE).
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError, Session
from einvoicing.platforms.base import PlatformSettings

MARGIN = 30.0  # seconds: a token is replaced this long before its end
_DEFAULT_LIFE = 300.0


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    good_until: float  # time.monotonic()


_tokens: dict[str, _Token] = {}
_asking: dict[str, threading.Lock] = {}
_guard = threading.Lock()


def _key(settings: PlatformSettings, scope: str) -> str:
    # the secret is part of the key: a corrected one asks for a new token at once
    account = "\0".join((settings.token_url, settings.client_id, settings.client_secret, scope))
    return hashlib.sha256(account.encode()).hexdigest()


def token(
    settings: PlatformSettings, session: Session, *, refused: str = "", scope: str = "", margin: float = MARGIN
) -> str:
    """A bearer token; `refused` is one the service just turned down, so that it is not given again.

    Threads of one process ask once: the others wait and share the answer.
    """
    key = _key(settings, scope)
    # a lock per account under a lock of all: asking for one account must not hold up the others
    with _guard:
        lock = _asking.setdefault(key, threading.Lock())
    with lock:
        held = _tokens.get(key)
        if held and held.value != refused and time.monotonic() < held.good_until:
            return held.value
        fresh = _ask(settings, session, scope, margin)
        _tokens[key] = fresh
        return fresh.value


def _ask(settings: PlatformSettings, session: Session, scope: str, margin: float) -> _Token:
    client = BackendApplicationClient(client_id=settings.client_id, scope=[scope] if scope else None)
    body = client.prepare_request_body(include_client_id=True, client_secret=settings.client_secret)
    # before the exchange: the token's life began, at the latest, when the service wrote it
    asked_at = time.monotonic()
    try:
        response = session.post(
            settings.token_url,
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            reads_only=True,
        )
        # a service may grant a narrower scope than was asked for: it then refuses by itself
        found = client.parse_request_body_response(response.body.decode("utf-8", "replace"), scope=None)
    except AnsweredError as error:
        if error.response.status in {400, 401, 403}:
            raise _wrong_credentials() from error
        raise
    except (OAuth2Error, ValueError, Warning):
        raise RemoteError(
            "Le service d’authentification de la plateforme a donné une réponse illisible.",
            retryable=True,
            code="unreadable_token",
        ) from None
    life = max(1.0, float(found.get("expires_in") or _DEFAULT_LIFE))
    # a token that lives less than the margin is used for half its life
    return _Token(str(found["access_token"]), asked_at + max(life - margin, life / 2))


def _wrong_credentials() -> RemoteError:
    return RemoteError(
        "La plateforme refuse les identifiants de connexion. Vérifiez l’identifiant client et le secret.",
        retryable=False,
        code="invalid_client",
    )
