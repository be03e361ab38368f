"""What a person does with a document that stands in the inbox: read again, no copy, set aside."""

from __future__ import annotations

from datetime import datetime

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.queue import FREE
from einvoicing.models import ReceivedDocument, ReceivedStatus


def read_again(*, document: ReceivedDocument, actor: Actor, at: datetime, is_copy: bool = True) -> None:
    """Back to the queue of reading. `is_copy` False: a person says that it is no duplicate.

    Raises TransitionRefused for what is recorded, Stale.
    """
    states.move(
        document,
        ReceivedStatus.STORED,
        tag="einvoicing.received.again",
        actor=actor,
        at=at,
        problem="",
        syntax="",
        attempts=0,
        next_attempt_at=at,
        duplicate_of=None,
        duplicate_why="",
        purchase=None,
        set_aside_why="",
        allows_duplicate=document.allows_duplicate or not is_copy,
        **FREE,
    )


def set_aside(*, document: ReceivedDocument, reason: str, actor: Actor, at: datetime) -> None:
    """Nothing is to be made of it, a person says why. Raises Invalid, TransitionRefused, Stale."""
    reason = reason.strip()[:300]
    if not reason:
        raise Invalid(fields={"reason": "Dites pourquoi : le journal le garde."})
    states.move(
        document,
        ReceivedStatus.SET_ASIDE,
        tag="einvoicing.received.set_aside",
        actor=actor,
        at=at,
        data={"reason": reason},
        set_aside_why=reason,
        **FREE,
    )
