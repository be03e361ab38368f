"""Lettering: lines of one account and third party that settle one another (EcritureLet, DateLet: LPF A47 A-1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from billing.ledger.calendar import DAY, calendar_of
from billing.models import FiscalYear, JournalLine, LetteredLine, Lettering, LetteringOrigin
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


class LetteredInClosedYear(DomainError):
    """What was settled there has not been carried into the next year."""

    code = "lettered_in_closed_year"
    message = "Ce lettrage solde des écritures d’un exercice clôturé : il ne se défait plus."


@transaction.atomic
def letter_lines(*, lines: Sequence[JournalLine], origin: LetteringOrigin, actor: Actor, at: datetime) -> Lettering:
    """Give lines that sum to zero a letter of their own. Raises NotLettered, NotZero, LetteredAlready."""
    return letter_groups(groups=[lines], origin=origin, actor=actor, at=at)[0]


@transaction.atomic
def letter_groups(
    *, groups: Sequence[Sequence[JournalLine]], origin: LetteringOrigin, actor: Actor, at: datetime
) -> list[Lettering]:
    """The same for many groups of one company, in as many statements as for one of each account."""
    if not groups:
        return []
    for lines in groups:
        _check(lines)
    company_id = groups[0][0].company_id
    lock_counters(company_id)
    if LetteredLine.everywhere.filter(line__in=[line for lines in groups for line in lines], is_live=True).exists():
        raise LetteredAlready
    used = {
        account: Lettering.everywhere.filter(company=company_id, account=account).count()
        for account in sorted({lines[0].account for lines in groups})
    }
    hard = calendar_of(company_id).hard
    first_open = hard + DAY if hard else date.min  # what is closed for good stays as it was shown and handed over
    letterings = []
    for lines in groups:
        account = lines[0].account
        letterings.append(
            Lettering(
                company_id=company_id,
                account=account,
                customer_id=lines[0].customer_id,
                letter=_letter(used[account]),
                lettered_on=local_day(at),
                effective_on=max(first_open, *(line.day for line in lines)),
                origin=origin,
                at=at,
            )
        )
        used[account] += 1
    insert_each(letterings)
    tied = zip(letterings, groups, strict=True)
    insert_each(
        [LetteredLine(company_id=company_id, lettering=row, line=line) for row, lines in tied for line in lines]
    )
    happenings = [
        audit.Happening(subject=row, data={"letter": row.letter, "account": row.account, "count": len(lines)})
        for row, lines in zip(letterings, groups, strict=True)
    ]
    audit.record_all("billing.lettering.written", happenings, actor=actor, at=at)
    return letterings


def _check(lines: Sequence[JournalLine]) -> None:
    places = {(line.company_id, line.account, line.customer_id) for line in lines}
    one_each = len({line.pk for line in lines}) == len(lines) >= 2
    if not one_each or len(places) > 1 or not lines[0].account.startswith(LETTERED):
        raise NotLettered
    # what is carried to a later year is lettered where it was booked first
    if any(line.is_carried for line in lines):
        raise NotLettered
    gap = sum((line.debit - line.credit for line in lines), ZERO)
    if gap:
        raise NotZero(gap=f"{gap:.2f}".replace(".", ","))


@transaction.atomic
def undo_lettering(*, lettering: Lettering, actor: Actor, at: datetime) -> None:
    """Take a letter off its lines; it is not used again. Raises LetteringUndone, LetteredInClosedYear."""
    lock_counters(lettering.company_id)
    closed = FiscalYear.everywhere.filter(company=lettering.company_id, closed_at__isnull=False)
    if closed.filter(ends_on__gte=lettering.effective_on).exists():
        raise LetteredInClosedYear
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
