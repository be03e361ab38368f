"""What e-invoicing puts into the chain of facts: the statuses received, each as it came."""

from __future__ import annotations

from config.kernel import chain
from einvoicing.models import LifecycleEvent, RemoteDocument

MESSAGES = """
SELECT id, remote_id FROM einvoicing_remotedocument
WHERE company_id = %(company)s AND encode(sha256(content), 'hex') <> sha256 ORDER BY id
"""


def declare() -> None:
    chain.recompute(RemoteDocument, MESSAGES, "the message is not the one of its SHA-256")
    chain.seal_rows_of(LifecycleEvent, facts=chain.columns, rows=lambda events: events.order_by("received_at", "id"))
