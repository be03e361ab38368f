"""The chain of facts verified before a closing, and written down: by whom, when, over how many facts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from config.kernel import audit, chain
from config.kernel.actor import Actor
from config.kernel.chain import Break
from config.kernel.models import AuditChain, Company

VERIFIED = "billing.proof.verified"
MOST = 200_000  # events that a page waits for; beyond, `manage.py verify_chain` does it


def events_of(company: Company) -> int:
    head = AuditChain.objects.filter(company=company).first()
    return head.length if head else 0


@transaction.atomic
def verify_proof(*, company: Company, actor: Actor, at: datetime) -> list[Break]:
    """Recompute the whole chain of the company; every break."""
    events, breaks = events_of(company), chain.verify(company)
    data = {"breaks": len(breaks), "events": events, "first": str(breaks[0]) if breaks else ""}
    audit.record(VERIFIED, subject=company, actor=actor, at=at, data=data)
    return breaks
