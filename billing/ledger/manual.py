"""Entries written by hand, and their reversal: numbered and sealed as all others, with their reason as their source.

What the product books of a document is corrected by that document, never from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.ledger.calendar import calendar_of
from billing.ledger.chart import check_account, full_code
from billing.ledger.entries import Entry, Posting, bears_vat, post
from billing.ledger.journals import UnknownJournal, journal_names
from billing.models import Journal, JournalEntry, ManualEntry, ManualKind
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from config.kernel.money import ZERO
from customers.models import Customer

MOST_LINES = 1_000
WITH_THIRD_PARTY = ("401", "404", "411")  # the sum of their third parties is their balance, always


class TooFewLines(Invalid):
    code = "too_few_lines"
    message = "Une écriture a au moins deux lignes, une au débit et une au crédit."


class TooManyLines(Invalid):
    code = "too_many_lines"
    message = "Une écriture a au plus %(most)s lignes. Écrivez-en plusieurs."


class NotBalanced(Invalid):
    code = "entry_not_balanced"
    message = "Débit %(debit)s et crédit %(credit)s diffèrent de %(gap)s."


class ThirdPartyMissing(Invalid):
    code = "third_party_missing"
    message = "Le compte %(account)s veut un tiers : sinon la balance des tiers n’égale plus le compte."


class NoThirdPartyHere(Invalid):
    code = "no_third_party_here"
    message = "Un tiers se met sur un compte de classe 4, pas sur %(account)s."


class DayNotOpen(Invalid):
    code = "day_not_open"
    message = "Cette date est clôturée. La première date ouverte est le %(day)s."


class VatDeclared(Invalid):
    code = "vat_declared"
    message = (
        "La TVA est déclarée jusqu’au %(day)s : aucune déclaration ne dirait celle de cette écriture. "
        "Datez-la d’un jour suivant."
    )


class DayToCome(Invalid):
    code = "day_to_come"
    message = "On n’écrit pas à une date à venir."


class OpeningIsImported(Invalid):
    code = "opening_is_imported"
    message = "Le journal des à-nouveaux s’écrit par « Reprendre les à-nouveaux »."


class ReversedAlready(DomainError):
    code = "entry_reversed_already"
    message = "Cette écriture est déjà contre-passée."


class IsAReversal(DomainError):
    code = "entry_is_a_reversal"
    message = "Une contre-passation ne se contre-passe pas : écrivez de nouveau l’écriture."


class BeforeTheEntry(Invalid):
    code = "reversed_before"
    message = "Une contre-passation ne peut pas précéder son écriture."


@dataclass(frozen=True, slots=True)
class ManualLine:
    """One line: positive to debit, negative to credit."""

    account: str
    amount: Decimal
    customer: Customer | None = None
    label: str = ""
    due_date: date | None = None

    def posting(self) -> Posting:
        third = self.customer.pk if self.customer else None
        return Posting(full_code(self.account), self.amount, third, self.due_date, label=self.label)


@transaction.atomic
def write_entry(
    *,
    company: Company,
    journal: str,
    day: date,
    label: str,
    lines: Sequence[ManualLine],
    actor: Actor,
    at: datetime,
    piece: str = "",
) -> ManualEntry:
    """Write an entry by hand on an open day; without piece, its journal and day. Raises the errors above."""
    if journal == Journal.OPENING:
        raise OpeningIsImported(fields={"journal": OpeningIsImported.message})
    if journal not in journal_names(company.pk):
        raise UnknownJournal(journal=journal)
    check_day(company.pk, day, actor, at)
    check_lines(company.pk, lines)
    manual = ManualEntry(
        company=company,
        journal=journal,
        day=day,
        piece=(piece or f"{journal}-{day:%Y%m%d}")[:40],
        label=label[:200],
        written_at=at,
    )
    return insert_manual(manual, [line.posting() for line in lines], tag="billing.entry.written", actor=actor, at=at)


@transaction.atomic
def reverse_entry(*, entry: ManualEntry, day: date, reason: str, actor: Actor, at: datetime) -> ManualEntry:
    """Write the opposite of an entry by hand, or of opening balances, on an open day. Raises the errors above."""
    locked: ManualEntry = ManualEntry.everywhere.select_for_update(no_key=True).get(pk=entry.pk)
    if locked.kind == ManualKind.REVERSAL:
        raise IsAReversal
    if locked.reversed_at is not None:
        raise ReversedAlready
    check_day(locked.company_id, day, actor, at)
    written = journal_entry_of(locked)
    if day < written.day:
        raise BeforeTheEntry(fields={"day": BeforeTheEntry.message})
    opposite = ManualEntry(
        company_id=locked.company_id,
        kind=ManualKind.REVERSAL,
        journal=locked.journal,
        day=day,
        piece=locked.piece,
        label=f"Contre-passation {written.number} {locked.label}"[:200],
        reverses=locked,
        reason=reason[:200],
        written_at=at,
    )
    postings = [Posting.opposite_of(line) for line in written.lines.all()]
    insert_manual(opposite, postings, tag="billing.entry.reversed", actor=actor, at=at, also=[locked])
    ManualEntry.everywhere.filter(pk=locked.pk).update(reversed_at=at)
    entry.reversed_at = at
    return opposite


def journal_entry_of(manual: ManualEntry) -> JournalEntry:
    """The entry in the journal, with its lines and its number."""
    found: JournalEntry = JournalEntry.everywhere.prefetch_related("lines").get(source=manual.subject)
    return found


def check_day(company_id: int, day: date, actor: Actor, at: datetime) -> None:
    """Raises DayToCome and DayNotOpen: by hand nothing is moved to another day than the one that was written."""
    today = local_day(at)
    if day > today:
        raise DayToCome(fields={"day": DayToCome.message})
    first = calendar_of(company_id).first_open_day(actor, today=today)
    if day < first:
        raise DayNotOpen(day=typography.day(first))


def check_lines(company_id: int, lines: Sequence[ManualLine], *, most: int = MOST_LINES) -> None:
    """Raises what is wrong with the lines of an entry. One query."""
    moved = [line for line in lines if line.amount]
    if len(moved) < 2:
        raise TooFewLines
    if len(moved) > most:
        raise TooManyLines(most=most)
    check_account(company_id, *(full_code(line.account) for line in moved))
    for line in moved:
        account = full_code(line.account)
        if account.startswith(WITH_THIRD_PARTY) and line.customer is None:
            raise ThirdPartyMissing(account=account)
        if line.customer is not None and not account.startswith("4"):
            raise NoThirdPartyHere(account=account)
    debit = sum((line.amount for line in moved if line.amount > 0), ZERO)
    credit = -sum((line.amount for line in moved if line.amount < 0), ZERO)
    if debit != credit:
        shown = [typography.money(amount) for amount in (debit, credit, abs(debit - credit))]
        raise NotBalanced(debit=shown[0], credit=shown[1], gap=shown[2])


def insert_manual(
    manual: ManualEntry,
    postings: Sequence[Posting],
    *,
    tag: str,
    actor: Actor,
    at: datetime,
    also: Sequence[ManualEntry] = (),
) -> ManualEntry:
    """Save, seal and book it on its very day. Raises VatDeclared."""
    if manual.journal != Journal.OPENING and bears_vat(postings):
        declared = calendar_of(manual.company_id).declared
        if declared and manual.day <= declared:
            raise VatDeclared(day=typography.day(declared))
    manual.save(force_insert=True)
    data = {"piece": manual.piece, "label": manual.label}
    audit.record(tag, subject=manual, also=list(also), actor=actor, at=at, data=data, seal=True)
    entry = Entry(
        label=manual.label,
        piece=manual.piece,
        piece_date=manual.day,
        source=manual,
        postings=postings,
        on=manual.day,
    )
    post([entry], journal=manual.journal, day=local_day(at), actor=actor, at=at)
    return manual
