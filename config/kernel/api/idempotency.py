"""A call that can be repeated: its answer is written in the transaction of its effects, or neither is.

So a crash leaves nothing and the repeat does the work; a repeat after success is given the first answer again, byte for
byte. A refusal (4xx) changed nothing and is not kept: repeating it asks again
(draft-ietf-httpapi-idempotency-key-header-07, and Stripe's manners).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.http import HttpResponse

from config.kernel import outside
from config.kernel.api.caller import Caller
from config.kernel.api.json import dumps
from config.kernel.errors import DomainError
from config.kernel.models import IdempotentCall

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT_FOR = timedelta(days=7)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class KeyMissing(DomainError):
    code = "idempotency_key_required"
    message = (
        "Cet appel déplace de l’argent ou un numéro légal : donnez-lui un en-tête Idempotency-Key unique, "
        "et le même s’il faut le répéter."
    )
    status = 400


class KeyMalformed(DomainError):
    code = "idempotency_key_malformed"
    message = "Un Idempotency-Key compte de 1 à 255 signes visibles ASCII."
    status = 400


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    message = "Cet Idempotency-Key a déjà servi à un autre appel. Employez une clé nouvelle."
    status = 422


class KeyInFlight(DomainError):
    code = "idempotency_key_in_flight"
    message = "Le même appel est en cours. Répétez-le dans un instant : vous recevrez sa réponse."


def checked(key: str) -> str:
    """The key without the quotes of a structured header. Raises KeyMalformed."""
    text = key[1:-1] if len(key) > 2 and key[0] == key[-1] == '"' else key
    if not _KEY.fullmatch(text):
        raise KeyMalformed
    return text


def fingerprint(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join([method.encode(), path.encode(), body])).hexdigest()


@outside.atomic
def once(*, caller: Caller, key: str, method: str, path: str, body: bytes, at: datetime, run: Callable[[], Any]) -> Any:
    """The answer of `run`, or the one kept under this key. Raises KeyInFlight, KeyReused, and whatever `run` raises."""
    if not _alone(caller.company.pk, key):
        raise KeyInFlight
    wanted = fingerprint(method, path, body)
    kept = IdempotentCall.objects.filter(key=key).first()
    if kept is not None:
        if kept.fingerprint != wanted or kept.caller != caller.name:
            raise KeyReused
        return _replayed(kept)
    response = run()
    IdempotentCall.objects.create(
        company=caller.company,
        key=key,
        caller=caller.name,
        method=method,
        path=path[:300],
        fingerprint=wanted,
        status=response.status_code,
        location=response.headers.get("Location", ""),
        body=dumps(response.data).decode(),
        created_at=at,
    )
    return response


def _alone(company_id: int, key: str) -> bool:
    """Take the key until the transaction ends, without waiting. False when another call holds it."""
    # the lock takes 64 bits: two keys that fall on the same ones refuse each other for a moment, and mix up nothing
    digest = hashlib.blake2b(f"idempotency:{company_id}:{key}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        # without waiting: a caller that repeats in haste is told so, and holds no connection behind the first call
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest, "big", signed=True)])
        return bool(cursor.fetchone()[0])


def _replayed(kept: IdempotentCall) -> HttpResponse:
    response = HttpResponse(kept.body, status=kept.status, content_type="application/json")
    response[REPLAYED] = "true"
    if kept.location:
        response["Location"] = kept.location
    return response


def forget(*, at: datetime) -> int:
    """Delete the answers older than a week; how many went."""
    count, _ = IdempotentCall.everywhere.filter(created_at__lt=at - KEPT_FOR).delete()
    return count
