"""Opening balances (à-nouveaux) from another software: one entry on the first day of a fiscal year, by open item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as n

from billing.ledger.calendar import calendar_of
from billing.ledger.chart import closed_accounts
from billing.ledger.manual import ManualLine, check_day, check_lines, insert_manual
from billing.ledger.opening_rows import MOST_ROWS, THIRD_PARTIES, OpeningRow
from billing.models import Journal, ManualEntry, ManualKind
from config.kernel import typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.folding import fold
from config.kernel.models import Company
from config.kernel.money import ZERO
from customers.models import Customer


class NotAFirstDay(Invalid):
    code = "not_a_first_day"
    message = "L’exercice commence le %(day)s : les à-nouveaux s’écrivent ce jour-là."


class OpenedAlready(DomainError):
    code = "opened_already"
    message = "Les à-nouveaux de cet exercice sont déjà repris. Contre-passez-les avant d’en reprendre d’autres."


class RowsWrong(Invalid):
    code = "opening_rows_wrong"
    message = "Rien n’est repris tant qu’une ligne est à corriger."


@dataclass(frozen=True, slots=True)
class Opening:
    """The rows, each with its third party where it names one, or with what is wrong with it."""

    rows: Sequence[OpeningRow]
    customers: Sequence[Customer | None]

    @property
    def problems(self) -> int:
        return sum(bool(row.problem) for row in self.rows)

    @property
    def debit(self) -> Decimal:
        return sum((row.amount for row in self.rows if row.amount > 0), ZERO)

    @property
    def credit(self) -> Decimal:
        return -sum((row.amount for row in self.rows if row.amount < 0), ZERO)


def recognise(company_id: int, rows: Sequence[OpeningRow]) -> Opening:
    """Find the third parties by name, SIREN or SIRET, and say what no row may be. Two queries."""
    third_parties: dict[str, Customer | None] = {}
    everyone = Customer.everywhere.filter(company=company_id, merged_into=None)
    for customer in everyone.only("id", "company_id", "name", "siren", "siret"):
        for key in {fold(customer.name), customer.siren, customer.siret} - {""}:
            third_parties[key] = None if key in third_parties else customer
    closed = closed_accounts(company_id)
    found = [third_parties.get(fold(row.third) if not row.third.isdigit() else row.third) for row in rows]
    known = set(third_parties)
    checked = [
        row if row.problem else replace(row, problem=_problem(row, third, known, closed))
        for row, third in zip(rows, found, strict=True)
    ]
    return Opening(checked, found)


def _problem(row: OpeningRow, third: Customer | None, known: set[str], closed: frozenset[str]) -> str:
    if row.account in closed:
        return n("Ce compte est fermé. Choisissez-en un autre, ou rouvrez-le dans le plan comptable.")
    if row.account[0] in "67":
        return n("Les comptes de charges et de produits commencent l’exercice à zéro.")
    if row.third and third is None and row.account.startswith("4"):
        several = fold(row.third) in known
        return (
            n("Plusieurs tiers portent ce nom : écrivez le SIREN.")
            if several
            else n("Ce tiers n’existe pas : créez-le.")
        )
    if row.account.startswith(THIRD_PARTIES) and third is None:
        return n("Ce compte veut un tiers.")
    return ""


@transaction.atomic
def import_opening(*, company: Company, opening: Opening, on: date, actor: Actor, at: datetime) -> ManualEntry:
    """Write the balances, all or none. Raises RowsWrong, NotAFirstDay, OpenedAlready, and what entries by hand do."""
    if opening.problems:
        raise RowsWrong
    year = calendar_of(company.pk).year_of(on)
    if year.starts_on != on:
        raise NotAFirstDay(day=typography.day(year.starts_on))
    check_day(company.pk, on, actor, at)
    lines = [_line(row, third) for row, third in zip(opening.rows, opening.customers, strict=True)]
    check_lines(company.pk, lines, most=MOST_ROWS)
    manual = ManualEntry(
        company=company,
        kind=ManualKind.OPENING,
        journal=Journal.OPENING,
        day=on,
        piece=f"AN-{on:%Y%m%d}",
        label=f"À-nouveaux du {on:%d/%m/%Y}",
        opens_on=on,
        written_at=at,
    )
    postings = [line.posting() for line in lines]
    try:
        with transaction.atomic():
            return insert_manual(manual, postings, tag="billing.opening.imported", actor=actor, at=at)
    except IntegrityError as error:
        if "one_opening_per_fiscal_year" in str(error):
            raise OpenedAlready from error
        raise


def _line(row: OpeningRow, third: Customer | None) -> ManualLine:
    """An item keeps its piece and its day in its label, and its due date."""
    when = f" du {row.day:%d/%m/%Y}" if row.day else ""
    label = " ".join(filter(None, (f"{row.piece}{when}".strip(), row.label)))
    return ManualLine(row.account, row.amount, third if row.account.startswith("4") else None, label, row.due)
