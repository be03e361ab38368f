"""What happens in billing and concerns money: each receiver writes in the transaction of the fact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.events import email_bounced, email_leaving
from billing.models import Email
from config.kernel.actor import Actor


def connect() -> None:
    """Called once, when the app is ready."""
    email_bounced.connect(return_reminders, dispatch_uid="payments.return_reminders")
    email_leaving.connect(review_debit_notice, dispatch_uid="payments.review_debit_notice")


def return_reminders(sender: Any, email: Email, actor: Actor, at: datetime, **_kwargs: Any) -> None:
    """A letter that nobody received has reminded nobody: its levels are free again, once the address is mended."""
    from payments.dunning.notices import return_letter

    return_letter(email=email, actor=actor, at=at)


def review_debit_notice(sender: Any, email: Email, at: datetime, **_kwargs: Any) -> str:
    """The notice of a debit says what will be debited when it leaves: hours may lie between writing and leaving."""
    from payments.debits.notices import review_notice

    return review_notice(email=email, at=at)
