"""A database that came back from a copy is quiet: PostgreSQL gives no number, and nothing leaves, until it is released.

A copy does not know what happened after it was made: it would give numbers twice and send again what was sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Max

from config.kernel.errors import DomainError
from config.kernel.models import AuditEvent, Restoration
from config.kernel.scope import across_companies


class Quiet(DomainError):
    code = "restored_copy"
    message = (
        "Cette base vient d’une sauvegarde restaurée : rien n’est numéroté ni envoyé tant qu’un gérant n’a pas vu ce "
        "qu’elle ignore et repris l’activité (Réglages › Restauration)."
    )


def is_quiet() -> bool:
    """True where this database is not the one that was left, and nobody has released it. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_is_quiet()")
        return bool(cursor.fetchone()[0])


def remember_place(**_signal: Any) -> None:
    """After `migrate`, in a database that has just been made: where it lives. One that came back remembers another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_installation (id, fingerprint) SELECT 1, kernel_fingerprint() "
            "WHERE to_regproc('kernel_fingerprint') IS NOT NULL ON CONFLICT DO NOTHING"
        )


@contextmanager
def refused_by_a_copy() -> Iterator[None]:
    """Raises Quiet where PostgreSQL refuses to give a number for that."""
    try:
        yield
    except DatabaseError as error:
        if "quittance: a restored copy" in str(error):
            raise Quiet from error
        raise


def notice(*, at: datetime) -> Restoration | None:
    """Write down, once, that this is a copy, and the latest thing that it remembers; None where it is the original."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_fingerprint(), kernel_is_quiet()")
        fingerprint, quiet = cursor.fetchone()
    if not quiet:
        return None
    # whichever company was the last to do something
    with across_companies():
        latest = AuditEvent.everywhere.aggregate(at=Max("at"))["at"]
    row, _new = Restoration.objects.get_or_create(
        fingerprint=fingerprint, defaults={"noticed_at": at, "last_known_at": latest}
    )
    return row
