"""A word about a bank line for whoever looks at it next. It decides nothing, and stays in the line's timeline."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from payments.models import BankLine


@transaction.atomic
def note_line(*, line: BankLine, note: str, actor: Actor, at: datetime) -> None:
    audit.record("payments.bank.noted", subject=line, actor=actor, at=at, data={"note": note})
