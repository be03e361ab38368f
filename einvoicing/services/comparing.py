"""The daily comparison: what we say we transmitted against what the platform says it has, both ways.

What it lacks is an invoice believed sent that is not there; what it has besides is one sent in the company's name by
something else. Neither is mended by itself: a person sees it, on the record and on the platform's account.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import PlatformAccount, Report, Transmission, TransmissionStatus
from einvoicing.platforms.answers import Listed
from einvoicing.platforms.base import ListingPlatform, Platform
from einvoicing.platforms.registry import connect
from einvoicing.services.routing import settings_of

CLERK = Actor.beat("comparaison avec les plateformes")
WINDOW = timedelta(days=7)
# what was deposited this recently may not be in the platform's list yet
SETTLED = timedelta(hours=1)
MOST_LOOKED_UP = 100
THERE = (TransmissionStatus.DEPOSITED, TransmissionStatus.ACCEPTED)
MISSING = "La plateforme n’a pas ce document, que nous croyions transmis. Vérifiez chez elle."


@dataclass(frozen=True, slots=True)
class Difference:
    """`missing`: ours that it lacks. `strangers`: its documents that are not ours."""

    compared: int
    missing: tuple[Transmission, ...]
    strangers: tuple[Listed, ...]


def compare_account(*, account: PlatformAccount, at: datetime) -> Difference | None:
    """Compare the last days and write down what differs; None when the platform could not be asked."""
    since = at - WINDOW
    ours = Transmission.everywhere.filter(account=account, status__in=THERE, deposited_at__gte=since)
    rows = list(
        ours.filter(deposited_at__lte=at - SETTLED).select_related("invoice", "account").order_by("deposited_at")
    )
    try:
        with closing(connect(settings_of(account))) as platform:
            listed = cast(ListingPlatform, platform).listed(since) if platform.capabilities.lists else None
            missing = _missing(platform, rows, listed)
    except (RemoteError, SecretUnreadable) as error:
        PlatformAccount.everywhere.filter(pk=account.pk).update(last_error=error.message[:500])
        return None
    known = known_documents(account) if listed else set()
    strangers = tuple(document for document in listed or () if document.tracking_id not in known)
    found = Difference(len(rows), tuple(missing), strangers)
    _write_down(account, found, at)
    return found


def known_documents(account: PlatformAccount) -> set[str]:
    """All that ever left for this platform, not in the window alone: it may list by the date of a change."""
    return {
        *Transmission.everywhere.filter(account=account).values_list("tracking_id", flat=True),
        *Report.everywhere.filter(account=account).values_list("tracking_id", flat=True),
    }


def _missing(platform: Platform, rows: list[Transmission], listed: tuple[Listed, ...] | None) -> list[Transmission]:
    """By the platform's list where it gives one, else by a look-up each, the most recent first."""
    if listed is not None:
        there = {document.remote_id for document in listed} | {document.tracking_id for document in listed}
        return [row for row in rows if not {row.remote_id, row.tracking_id} & there]
    # one call each: bounded, for a platform counts its callers
    looked_up = rows[-MOST_LOOKED_UP:]
    by_its_own = platform.capabilities.by_remote_id
    keys = [row.remote_id if by_its_own else row.tracking_id for row in looked_up]
    numbered = zip(looked_up, keys, strict=True)
    return [row for row, key in numbered if platform.find(key, str(row.invoice.number)) is None]


@transaction.atomic
def _write_down(account: PlatformAccount, found: Difference, at: datetime) -> None:
    for row in found.missing:
        Transmission.everywhere.filter(pk=row.pk).update(last_error=MISSING)
        audit.record(
            "einvoicing.transmission.missing",
            subject=row,
            also=[row.invoice],
            actor=CLERK,
            at=at,
            data={"platform": account.name, "remote_id": row.remote_id},
        )
    if found.strangers:
        names = [document.name[:60] for document in found.strangers[:20]]
        audit.record(
            "einvoicing.account.strangers",
            subject=account,
            actor=CLERK,
            at=at,
            data={"platform": account.name, "count": len(found.strangers), "names": names},
        )
    PlatformAccount.everywhere.filter(pk=account.pk).update(compared_at=at)
