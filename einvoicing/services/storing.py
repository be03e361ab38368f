"""What a platform sends is stored byte for byte before anything reads it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from einvoicing.models import PlatformAccount, RemoteDocument
from einvoicing.platforms.answers import Page


@transaction.atomic
def store_page(account: PlatformAccount, page: Page, at: datetime) -> bool:
    """Messages and cursor in one transaction: after a crash the page is read again and nothing is stored twice.

    Whether the cursor moved.
    """
    RemoteDocument.everywhere.bulk_create(
        [
            RemoteDocument(
                company_id=account.company_id,
                account=account,
                remote_id=message.remote_id,
                flow_type=message.kind,
                content=message.data,
                sha256=hashlib.sha256(message.data).hexdigest(),
                received_at=at,
                problem=message.problem[:500],
            )
            for message in page.messages
        ],
        ignore_conflicts=True,
    )
    moved = page.next_cursor != account.cursor
    PlatformAccount.everywhere.filter(pk=account.pk).update(cursor=page.next_cursor)
    account.cursor = page.next_cursor
    return moved
