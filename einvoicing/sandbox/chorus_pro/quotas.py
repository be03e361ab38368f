"""PISTE's quotas: so many calls a minute and a day for one application (SANDBOX_QUOTA_MINUTE, SANDBOX_QUOTA_DAY).

The real figures are shown in PISTE's portal, per application, and published nowhere: 0 is without limit. Each call
counts, those that fail too. SANDBOX_QUOTA_SAYS_WHEN=False leaves Retry-After out of the refusal.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from config.kernel.clock import PARIS
from config.sandbox.models import SandboxRecord, lock
from einvoicing.sandbox.chorus_pro.clock import now

_SERVICE, _KIND = "chorus_pro", "quota"
MINUTE, DAY = "SANDBOX_QUOTA_MINUTE", "SANDBOX_QUOTA_DAY"


def says_when() -> bool:
    return bool(getattr(settings, "SANDBOX_QUOTA_SAYS_WHEN", True))


def wait(client_id: str) -> str | None:
    """Count one call. None when it may pass, else the seconds until the next one may."""
    limits = {MINUTE: getattr(settings, MINUTE, 0), DAY: getattr(settings, DAY, 0)}
    if not any(limits.values()):
        return None
    moment = now().astimezone(PARIS)
    starts = {MINUTE: moment.replace(second=0, microsecond=0), DAY: moment.replace(hour=0, minute=0, second=0)}
    ends = {MINUTE: starts[MINUTE] + timedelta(minutes=1), DAY: starts[DAY].replace(microsecond=0) + timedelta(days=1)}
    with transaction.atomic():
        lock()
        over = [name for name, most in limits.items() if most and _count(client_id, name, starts[name]) > most]
    return str(max(1, *(round((ends[name] - moment).total_seconds()) for name in over))) if over else None


def _count(client_id: str, name: str, start: datetime) -> int:
    row, _created = SandboxRecord.objects.get_or_create(
        service=_SERVICE, kind=_KIND, key=f"{name} {start:%Y-%m-%d %H:%M}", client_id=client_id
    )
    row.facts = {"calls": row.facts.get("calls", 0) + 1}
    row.save(update_fields=["facts"])
    calls: int = row.facts["calls"]
    return calls
