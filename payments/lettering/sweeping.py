"""The sweep: families of documents whose lines come to zero get a letter, and what came apart loses it.

It treats what was noted since the last one, a bounded share at a time, each in one transaction that also takes the
notes away: two sweeps never treat the same note, and what is noted meanwhile waits for the next. What people lettered
by hand, and what was lettered in what is closed for good, stands: the rest of the family is looked at without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from billing.ledger.calendar import calendar_of
from billing.ledger.lettering import letter_groups, undo_lettering
from billing.models import JournalLine, LetteredLine, Lettering, LetteringOrigin
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.money import ZERO
from payments.lettering.ties import DEDUCTING, SETTLING, Tie, families_of
from payments.models import PendingLettering

AT_A_TIME = 200
MOST_ROUNDS = 50  # of one run: ten thousand documents, the others in the next
DEPOSITS = ("4191", "4091")


def letter_allocations(company: Company, *, at: datetime) -> int:
    """Letter what waits in a company, the one in scope; how many letters were given or taken off."""
    changed = 0
    for _round in range(MOST_ROUNDS):
        treated, letters = _letter_some(company.pk, at)
        changed += letters
        if treated < AT_A_TIME:
            break
    return changed


@transaction.atomic
def _letter_some(company_id: int, at: datetime) -> tuple[int, int]:
    """How many notes were treated, and how many letters changed."""
    waiting = PendingLettering.everywhere.filter(company=company_id)
    notes = list(waiting.select_for_update(no_key=True, skip_locked=True).order_by("id")[:AT_A_TIME])
    if not notes:
        return 0, 0
    PendingLettering.everywhere.filter(pk__in=[note.pk for note in notes]).delete()
    documents = _with_lettered({note.document for note in notes})
    actor, changed = Actor.beat("lettrage"), 0
    for ties, deposits in ((SETTLING, False), (DEDUCTING, True)):
        changed += _letter_families(company_id, documents, ties, deposits=deposits, actor=actor, at=at)
    return len(notes), changed


def _with_lettered(documents: set[str]) -> set[str]:
    """With those whose lines bear a letter together with theirs: what comes apart is looked at on both sides."""
    letterings = LetteredLine.everywhere.filter(is_live=True, line__entry__source__in=documents).values("lettering")
    together = LetteredLine.everywhere.filter(lettering__in=letterings, is_live=True)
    return documents | set(together.values_list("line__entry__source", flat=True))


@dataclass
class _Found:
    """The lines of the families, and the letters that they bear."""

    lines: dict[str, list[JournalLine]]
    letters: dict[int, Lettering]  # by line
    sizes: dict[int, int]  # by lettering


def _letter_families(
    company_id: int, documents: Iterable[str], ties: Sequence[Tie], *, deposits: bool, actor: Actor, at: datetime
) -> int:
    families = families_of(documents, ties)
    found = _read(company_id, [document for family in families for document in family], deposits=deposits)
    hard = calendar_of(company_id).hard
    undone: dict[int, Lettering] = {}
    kept: dict[int, Lettering] = {}
    groups: list[list[JournalLine]] = []
    for family in families:
        by_place: dict[tuple[str, int | None], list[JournalLine]] = {}
        for document in family:
            for line in found.lines.get(document, ()):
                by_place.setdefault((line.account, line.customer_id), []).append(line)
        for lines in by_place.values():
            verdict = _judge(lines, found, hard)
            undone |= {lettering.pk: lettering for lettering in verdict.apart}
            kept |= {lettering.pk: lettering for lettering in verdict.kept}
            groups += [verdict.group] if verdict.group else []
    for lettering in kept.values():
        data = {"letter": lettering.letter, "account": lettering.account}
        audit.record("billing.lettering.kept", subject=lettering, actor=actor, at=at, data=data)
    for lettering in undone.values():
        undo_lettering(lettering=lettering, actor=actor, at=at)
    letter_groups(groups=groups, origin=LetteringOrigin.ALLOCATION, actor=actor, at=at)
    return len(undone) + len(groups)


@dataclass
class _Verdict:
    """Of the lines of a family on one account: letters that no longer hold, those left all the same, what to letter."""

    apart: list[Lettering]
    kept: list[Lettering]
    group: list[JournalLine]


def _judge(lines: Sequence[JournalLine], found: _Found, hard: date | None) -> _Verdict:
    free: list[JournalLine] = []
    borne: dict[int, Lettering] = {}
    held: Counter[int] = Counter()
    for line in lines:
        lettering = found.letters.get(line.pk)
        if lettering is not None:
            borne[lettering.pk] = lettering
            held[lettering.pk] += 1
        if lettering is None or not _stands(lettering, hard):
            free.append(line)
    kept = [
        row
        for key, row in borne.items()
        if row.origin == LetteringOrigin.ALLOCATION and _stands(row, hard) and held[key] < found.sizes[key]
    ]
    movable = [row for row in borne.values() if not _stands(row, hard)]
    is_zero = len(free) >= 2 and not sum((line.debit - line.credit for line in free), ZERO)
    if is_zero and len(movable) == 1 and held[movable[0].pk] == len(free) == found.sizes[movable[0].pk]:
        return _Verdict([], kept, [])
    return _Verdict(movable, kept, free if is_zero else [])


def _stands(lettering: Lettering, hard: date | None) -> bool:
    """Given by hand, or in what is closed for good."""
    return lettering.origin == LetteringOrigin.HAND or (hard is not None and lettering.effective_on <= hard)


def _read(company_id: int, documents: Sequence[str], *, deposits: bool) -> _Found:
    rows = JournalLine.everywhere.filter(
        company=company_id,
        entry__source__in=documents,
        customer__isnull=False,
        is_carried=False,
        account__regex=r"^4[01]",
    )
    lines: dict[str, list[JournalLine]] = {}
    known: list[int] = []
    for line in rows.select_related("entry").order_by("id"):
        if line.account.startswith(DEPOSITS) == deposits:
            lines.setdefault(line.entry.source, []).append(line)
            known.append(line.pk)
    tied = LetteredLine.everywhere.filter(line__in=known, is_live=True).select_related("lettering")
    letters = {row.line_id: row.lettering for row in tied}
    together = LetteredLine.everywhere.filter(lettering__in={row.pk for row in letters.values()}, is_live=True)
    return _Found(lines, letters, Counter(together.values_list("lettering_id", flat=True)))
