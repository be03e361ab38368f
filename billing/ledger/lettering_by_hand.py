"""Lettering by a person: what is open of an account and third party, what is chosen, and a small gap put aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from billing.ledger import accounts
from billing.ledger.calendar import calendar_of
from billing.ledger.lettering import letter_lines, undo_lettering
from billing.ledger.manual import ManualLine, journal_entry_of, write_entry
from billing.models import Journal, JournalLine, LetteredLine, Lettering, LetteringOrigin
from config.kernel import typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from config.kernel.money import ZERO

MOST_GAP = Decimal("5.00")  # what is put aside without a write-off of its document


class GapTooLarge(Invalid):
    code = "lettering_gap_too_large"
    message = "Un écart de %(gap)s ne se solde pas ici : au plus %(most)s. Soldez la différence sur son document."


class LetteringClosed(DomainError):
    code = "lettering_closed"
    message = "Ce lettrage est d’une période close définitivement : il ne se défait plus."


def open_lines(company_id: int, account: str, customer_id: int | None) -> QuerySet[JournalLine]:
    """What bears no letter on an account, of a third party or of none, the oldest first."""
    live = LetteredLine.everywhere.filter(line=OuterRef("pk"), is_live=True)
    rows: QuerySet[JournalLine] = JournalLine.everywhere.filter(
        ~Exists(live), company=company_id, account=account, customer=customer_id, is_carried=False
    )
    return rows.select_related("entry").order_by("day", "id")


def gap_of(lines: Sequence[JournalLine]) -> Decimal:
    return sum((line.debit - line.credit for line in lines), ZERO)


def may_level(gap: Decimal) -> bool:
    return ZERO < abs(gap) <= MOST_GAP


@transaction.atomic
def letter_by_hand(*, lines: Sequence[JournalLine], levels: bool, actor: Actor, at: datetime) -> Lettering:
    """Letter lines; with `levels` a gap of a few euros goes to 658 or 758 first, by an entry of today.

    Raises GapTooLarge, and what `letter_lines` and `write_entry` do.
    """
    gap = gap_of(lines)
    chosen = list(lines)
    if gap and levels and lines:
        if not may_level(gap):
            shown = [typography.money(amount) for amount in (abs(gap), MOST_GAP)]
            raise GapTooLarge(gap=shown[0], most=shown[1])
        chosen.append(_leveled(chosen[0], gap, actor=actor, at=at))
    return letter_lines(lines=chosen, origin=LetteringOrigin.HAND, actor=actor, at=at)


def _leveled(line: JournalLine, gap: Decimal, *, actor: Actor, at: datetime) -> JournalLine:
    """The line, on the account of the others, of an entry that takes their gap away."""
    other = accounts.OTHER_CHARGES if gap > 0 else accounts.OTHER_INCOME
    company = Company.objects.get(pk=line.company_id)
    manual = write_entry(
        company=company,
        journal=Journal.MISCELLANEOUS,
        day=local_day(at),
        label=f"Écart de règlement {line.customer or line.account}",
        lines=[ManualLine(line.account, -gap, line.customer), ManualLine(other, gap)],
        actor=actor,
        at=at,
    )
    return next(row for row in journal_entry_of(manual).lines.all() if row.account == line.account)


@transaction.atomic
def unletter(*, lettering: Lettering, actor: Actor, at: datetime) -> None:
    """Take a letter off. Raises LetteringClosed, LetteringUndone."""
    hard = calendar_of(lettering.company_id).hard
    if hard is not None and lettering.effective_on <= hard:
        raise LetteringClosed
    undo_lettering(lettering=lettering, actor=actor, at=at)
