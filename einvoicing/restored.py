"""What platforms know and a restored copy does not, and what waits in it that may have left since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import cast

from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import Company
from config.kernel.restoring import Finding, doubtful, elsewhere
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import PlatformAccount, Report, SupplierAnswer, Transmission, TransmissionStatus
from einvoicing.platforms.base import ListingPlatform
from einvoicing.platforms.registry import connect
from einvoicing.services.comparing import known_documents
from einvoicing.services.routing import settings_of
from einvoicing.services.transmissions.claiming import finish_attempt, start_attempt

MAYBE_SENT = (
    "En attente dans une base restaurée : ce document est peut-être parti. La plateforme est d’abord interrogée."
)
WAITING = ("PENDING", "SENDING", "UNKNOWN", "INVALID", "DEAD")


class NotAnswering(DomainError):
    code = "platform_not_answering"
    message = "%(name)s n’a pas pu être interrogée : %(problem)s"


@elsewhere("platforms")
def on_platforms(company: Company, since: datetime) -> Iterator[Finding]:
    """The documents that a platform has of us and this base has not. Raises NotAnswering."""
    for account in PlatformAccount.everywhere.filter(company=company, is_enabled=True).order_by("pk"):
        try:
            with closing(connect(settings_of(account))) as platform:
                listed = cast(ListingPlatform, platform).listed(since) if platform.capabilities.lists else ()
        except (RemoteError, SecretUnreadable) as error:
            raise NotAnswering(name=account.name, problem=str(error)) from error
        known = known_documents(account)
        for document in listed:
            if document.tracking_id not in known:
                yield Finding(account.name, document.name, document.name.rpartition(".")[0] or document.name)


@doubtful("transmissions")
def doubt_transmissions(company: Company, _actor: Actor, at: datetime) -> int:
    """What waited may have been deposited after the copy was made: the platform is asked before it is sent again."""
    rows = list(Transmission.everywhere.filter(company=company, status__in=WAITING).order_by("pk"))
    for row in rows:
        if row.status != TransmissionStatus.SENDING:
            start_attempt(row, "DEPOSIT", at)
        finish_attempt(row, "unknown", at=at, detail=MAYBE_SENT)
    return len(rows)


@doubtful("answers")
def doubt_answers(company: Company, _actor: Actor, _at: datetime) -> int:
    """The same of answers to suppliers and of reports."""
    kinds = (SupplierAnswer, Report)
    return sum(kind.everywhere.filter(company=company, status__in=WAITING).update(in_doubt=True) for kind in kinds)
