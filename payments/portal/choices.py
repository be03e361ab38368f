"""A company's choices about its customers' pages, changed by its owner."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.models import Company
from payments.portal.links import settings_of
from payments.portal.models import PortalSettings


@transaction.atomic
def change_portal(
    *, company: Company, is_open: bool, link_days: int, pause_days: int, actor: Actor, at: datetime
) -> PortalSettings:
    """Open or close the pages, and how long links and pauses last. Nothing to change: nothing is written.

    Closed, no link opens; open again, those that did not expire do.
    """
    # two owners at once would both insert the company's row
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    row = settings_of(company.pk)
    wanted = {"is_open": is_open, "link_days": link_days, "pause_days": pause_days}
    changes = {name: [getattr(row, name), value] for name, value in wanted.items() if getattr(row, name) != value}
    if changes:
        saved, _is_new = PortalSettings.everywhere.update_or_create(company=company, defaults=wanted)
        audit.record("payments.portal.changed", subject=saved, actor=actor, at=at, data={"changes": changes})
        return saved
    return row
