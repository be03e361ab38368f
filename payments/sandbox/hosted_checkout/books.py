"""What the simulated provider remembers: checkouts, where to send messages, and the transfers it has made."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import requests
from django.conf import settings
from django.utils import timezone

from config.sandbox.faults import Faults
from config.sandbox.models import SandboxRecord
from payments.sandbox.hosted_checkout.access import SERVICE

LIFE = 30 * 60  # seconds
FEE_PERCENT, FEE_FIXED = 14, 25  # of a thousand; cents


def find(kind: str, key: str) -> SandboxRecord | None:
    row: SandboxRecord | None = SandboxRecord.objects.filter(service=SERVICE, kind=kind, key=key).first()
    return row


def make_checkout(account: str, body: dict[str, Any], idempotency_key: str) -> SandboxRecord:
    """The first one's checkout for a key that was used."""
    made: SandboxRecord | None = SandboxRecord.objects.filter(
        service=SERVICE, kind="checkout", client_id=account, number=idempotency_key
    ).first()
    if made is not None:
        return made
    key = f"co_{uuid.uuid4().hex}"
    facts = {**body, "status": "open", "created": int(time.time()), "expires_at": int(time.time()) + LIFE}
    row: SandboxRecord = SandboxRecord.objects.create(
        service=SERVICE, kind="checkout", key=key, client_id=account, number=idempotency_key, facts=facts
    )
    return row


def shown(row: SandboxRecord) -> dict[str, Any]:
    facts = row.facts
    return {
        "id": row.key,
        "reference": facts["reference"],
        "status": facts["status"],
        "amount": facts["amount"],
        "currency": facts["currency"],
        "url": f"{settings.SANDBOX_URL.rstrip('/')}/hosted-checkout/pay/{row.key}",
        "expires_at": facts["expires_at"],
        "payment": facts.get("payment"),
    }


def pay(row: SandboxRecord) -> None:
    """A card is charged, once."""
    if row.facts["status"] == "paid":
        return
    amount = row.facts["amount"]
    payment = {
        "id": f"py_{uuid.uuid4().hex}",
        "paid_at": int(time.time()),
        "fee": amount * FEE_PERCENT // 1000 + FEE_FIXED,
        "refunded": 0,
        "disputed": False,
    }
    change(row, status="paid", payment=payment)


def change(row: SandboxRecord, **facts: Any) -> None:
    row.facts = {**row.facts, **facts}
    row.save(update_fields=["facts", "updated_at"])


def tell(row: SandboxRecord, event: str, failures: Faults) -> None:
    """Send the message of an event to the address of the account, with the failures that were ordered."""
    hook = find("webhook", row.client_id)
    if hook is None or "silent" in failures:
        return
    bodies = [_message(event, row)]
    if "out-of-order" in failures:
        bodies = [_message("checkout.expired", row), *bodies, _message("checkout.opened", row)]
    if "duplicate" in failures:
        bodies += bodies
    for body in bodies:
        secret = "wrong" * 5 if "wrong-signature" in failures else hook.facts["secret"]
        _send(hook.facts["url"], secret, body)


def _message(event: str, row: SandboxRecord) -> bytes:
    about = {"payout": row.facts} if row.kind == "payout" else {"checkout": shown(row)}
    body = {"id": f"evt_{uuid.uuid4().hex}", "type": event, "created": int(time.time()), "data": about}
    return json.dumps(body).encode()


def _send(url: str, secret: str, body: bytes) -> None:
    stamp = str(int(time.time()))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Checkout-Signature": f"t={stamp},v1={signature}"}
    try:
        requests.post(url, data=body, headers=headers, timeout=5)
    except requests.RequestException:
        return  # lost, as messages are


def make_payout(account: str) -> SandboxRecord:
    """One transfer of all that was paid and not transferred yet, its fees taken off."""
    rows = SandboxRecord.objects.filter(service=SERVICE, kind="checkout", client_id=account).order_by("id")
    entries = []
    for row in rows:
        payment = row.facts.get("payment")
        if row.facts["status"] == "paid" and payment and not row.facts.get("transferred"):
            gross, fee = row.facts["amount"], payment["fee"]
            entries.append(_entry("payment", row.facts["reference"], gross, fee))
            if payment["refunded"]:
                entries.append(_entry("refund", row.facts["reference"], -payment["refunded"], 0))
            change(row, transferred=True)
    key = f"po_{uuid.uuid4().hex}"
    facts = {
        "id": key,
        "amount": sum(entry["net"] for entry in entries),
        "currency": "EUR",
        "arrival_date": timezone.localdate().isoformat(),
        "bank_reference": f"VERSEMENT {key[-8:].upper()}",
        "entries": entries,
    }
    made: SandboxRecord = SandboxRecord.objects.create(
        service=SERVICE, kind="payout", key=key, client_id=account, facts=facts
    )
    return made


def _entry(kind: str, reference: str, gross: int, fee: int) -> dict[str, Any]:
    return {"kind": kind, "reference": reference, "gross": gross, "fee": fee, "net": gross - fee}
