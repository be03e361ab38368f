"""Lettering: lines of one account and third party that settle one another (EcritureLet, DateLet: LPF A47 A-1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from billing.models import JournalLine, LetteredLine, Lettering, LetteringOrigin
from billing.numbering import lock_counters
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO
from config.kernel.rows import insert_each

# 40, 41, 42, 455, 467, 471, 58, 5112; never 445, 43 or 512, which are compared with a return or a statement
LETTERED = ("40", "41", "42", "455", "467", "471", "58", "5112")


class NotLettered(Invalid):
    code = "not_lettered"
    message = "On lettre au moins deux lignes d’un même compte et d’un même tiers, dans un compte de tiers."


class NotZero(Invalid):
    code = "lettering_not_zero"
    message = "Ces lignes ne se soldent pas : il reste un écart de %(gap)s."


class LetteredAlready(DomainError):
    code = "lettered_already"
    message = "Une de ces lignes est déjà lettrée. Rechargez la page."


class LetteringUndone(DomainError):
    code = "lettering_undone"
    message = "Ce lettrage est déjà défait."


@transaction.atomic
def letter_lines(*, lines: Sequence[JournalLine], origin: LetteringOrigin, actor: Actor, at: datetime) -> Lettering:
    """Give lines that sum to zero a letter of their own. Raises NotLettered, NotZero, LetteredAlready."""
    places = {(line.company_id, line.account, line.customer_id) for line in lines}
    if len({line.pk for line in lines}) < 2 or len(places) > 1 or not lines[0].account.startswith(LETTERED):
        raise NotLettered
    first = lines[0]
    gap = sum((line.debit - line.credit for line in lines), ZERO)
    if gap:
        raise NotZero(gap=f"{gap:.2f}".replace(".", ","))
    lock_counters(first.company_id)
    if LetteredLine.everywhere.filter(line__in=lines, is_live=True).exists():
        raise LetteredAlready
    used = Lettering.everywhere.filter(company=first.company_id, account=first.account).count()
    lettering: Lettering = Lettering.everywhere.create(
        company_id=first.company_id,
        account=first.account,
        customer_id=first.customer_id,
        letter=_letter(used),
        lettered_on=local_day(at),
        effective_on=max(line.day for line in lines),
        origin=origin,
        at=at,
    )
    insert_each([LetteredLine(company_id=first.company_id, lettering=lettering, line=line) for line in lines])
    data = {"letter": lettering.letter, "account": lettering.account, "count": len(lines)}
    audit.record("billing.lettering.written", subject=lettering, actor=actor, at=at, data=data)
    return lettering


@transaction.atomic
def undo_lettering(*, lettering: Lettering, actor: Actor, at: datetime) -> None:
    """Take a letter off its lines; it is not used again. Raises LetteringUndone."""
    if not Lettering.everywhere.filter(Q(undone_at=None), pk=lettering.pk).update(undone_at=at):
        raise LetteringUndone
    LetteredLine.everywhere.filter(lettering=lettering).update(is_live=False)
    data = {"letter": lettering.letter, "account": lettering.account}
    audit.record("billing.lettering.undone", subject=lettering, actor=actor, at=at, data=data)
    lettering.refresh_from_db()


def _letter(number: int) -> str:
    """AA, AB … AZ, BA … ZZ, AAA: the n-th letter from zero."""
    text, left = "", number + 26
    while left >= 0:
        left, rest = divmod(left, 26)
        text, left = chr(ord("A") + rest) + text, left - 1
    return text
