"""Remote systems for tests: they sign their messages as each of them does, and knock."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from django.test import Client
from django.utils import timezone

from billing.models import Invoice
from config.kernel.inbound.sources import create_source
from config.kernel.models import Company, WebhookSource
from einvoicing.models import PlatformAccount, Transmission
from tests.factories import story

SECRET = "a secret of sixteen signs or more"
KEY = base64.b64encode(b"the key AFNOR gives in base64...").decode()


def a_source(company: Company, source: str = "abby", secret: str = SECRET) -> WebhookSource:
    return create_source(company=company, source=source, secret=secret, actor=story.ACTOR, at=timezone.now())


def path_of(source: WebhookSource) -> str:
    return f"/api/webhooks/{source.source}/{source.token}"


def mac(body: bytes, secret: str | bytes = SECRET) -> bytes:
    return hmac.digest(secret if isinstance(secret, bytes) else secret.encode(), body, hashlib.sha256)


def by_abby(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Abby-Signature": mac(body, secret).hex()}


def by_revolut(body: bytes, secret: str = SECRET, *, late: float = 0) -> dict[str, str]:
    stamp = str(round((time.time() - late) * 1000))
    other = "00" * 32
    signature = mac(b"v1." + stamp.encode() + b"." + body, secret).hex()
    return {"Revolut-Signature": f"v1={other},v1={signature}", "Revolut-Request-Timestamp": stamp}


def by_afnor(body: bytes, *, late: float = 0, reading: str = "digest") -> dict[str, str]:
    stamp = str(round(time.time() - late))
    text = body + b"@" + stamp.encode()
    digest = hashlib.sha256(text)
    fed = {"digest": digest.digest(), "hexadecimal digest": digest.hexdigest().encode(), "text": text}[reading]
    signature = base64.b64encode(mac(fed, base64.b64decode(KEY))).decode()
    return {"Afnor-Signature": signature, "Afnor-Signature-Timestamp": stamp}


def event(name: str, copy: str, *, id: str = "", **payment: Any) -> bytes:
    """Abby's message of seed 004."""
    data: dict[str, Any] = {"invoice": {"id": copy, "status": name.partition(".")[2]}}
    if payment:
        data["payment"] = payment
    return json.dumps({"id": id or f"evt_{uuid.uuid4().hex}", "type": name, "data": data}).encode()


def knock(path: str, body: bytes, headers: Mapping[str, str] | None = None, *, method: str = "POST") -> Any:
    http = Client(raise_request_exception=False)
    return http.generic(method, path, body, content_type="application/json", headers=dict(headers or {}))


def a_copy(account: PlatformAccount, invoice: Invoice, key: str) -> Transmission:
    """The transmission that made Abby's copy of the invoice."""
    row: Transmission = Transmission.everywhere.create(
        company_id=invoice.company_id,
        invoice=invoice,
        account=account,
        remote_id=key,
        status="ACCEPTED",
        tracking_id=uuid.uuid4().hex,
        next_attempt_at=story.AT,
        created_at=story.AT,
    )
    return row
