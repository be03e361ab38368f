"""L’état de rapprochement: from the balance at the bank to the balance in the books, at the end of any day.

Each posting of the account's ledger account is tied to the bank line that it books, or to none; what is left on either
side is listed. So both balances agree to the cent whatever was matched, paid by hand or undone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Max, Min, Q, Sum

from config.kernel.clock import start_of_day
from config.kernel.money import ZERO
from payments.models import BankAccount, BankLine, Match, MatchPart, Payment, Refund, SupplierPayment
from payments.services.balances import balance_at_bank, balance_before, balance_in_books, lines_of, postings_of
from payments.services.exchange import moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What stands on one side alone: a bank line, or what entries about one fact booked. `amount` is signed."""

    day: date
    label: str
    amount: Decimal
    line_id: int | None = None
    piece: str = ""
    source: str = ""  # the fact that was booked: "payments.payment:…"

    @property
    def said(self) -> str:
        """The piece and its label, which often names it already."""
        return self.label if self.piece in self.label else f"{self.piece} {self.label}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationStatement:
    """at_bank + entries − lines − before − missing = in_books.

    entries: booked, on no statement yet. lines: on a statement, not booked. before: held before the first movement that
    is known and not booked as an opening. missing: movements that no statement between two others brought.
    stated_on: the day of the last stated balance; None when no statement gave one: then at_bank is the movements' sum.
    """

    account: BankAccount
    on: date
    stated_on: date | None
    at_bank: Decimal
    entries: list[Difference]
    lines: list[Difference]
    before: Decimal
    missing: Decimal
    in_books: Decimal

    @property
    def entries_total(self) -> Decimal:
        return sum((row.amount for row in self.entries), ZERO)

    @property
    def lines_total(self) -> Decimal:
        return sum((row.amount for row in self.lines), ZERO)

    @property
    def minus_before(self) -> Decimal:
        return -self.before

    @property
    def minus_missing(self) -> Decimal:
        return -self.missing

    @property
    def difference(self) -> Decimal:
        return self.at_bank - self.in_books


def reconciliation_statement(account: BankAccount, on: date) -> ReconciliationStatement:
    """The statement at the end of `on`. Reads only."""
    alone = _booked(account, on)
    opening = alone.pop(account.subject, ZERO)
    by_line = _take_tied(alone, account, on)
    lines, moved = [], ZERO
    for row in lines_of(account, on).order_by("booked_on", "id").only(*_SHOWN).iterator(2000):
        moved += row.amount
        rest = row.amount - by_line.pop(row.pk, ZERO)
        if rest:
            lines.append(_of_line(row, rest))
    # booked before the bank's own day of the movement
    ahead = {pk: amount for pk, amount in by_line.items() if amount}
    entries = [*_of_entries(account, on, alone), *_of_lines_ahead(ahead)]
    known = balance_at_bank(account, on)
    at_bank = known.amount if known else moved
    before = balance_before(account)
    return ReconciliationStatement(
        account=account,
        on=on,
        stated_on=known.stated_on if known else None,
        at_bank=at_bank,
        entries=sorted(entries, key=lambda row: (row.day, row.piece)),
        lines=lines,
        before=before - opening,
        missing=at_bank - before - moved,
        in_books=balance_in_books(account, on),
    )


_SHOWN = ("booked_on", "amount", "counterparty", "remittance")


def _of_line(row: BankLine, amount: Decimal) -> Difference:
    label = " · ".join(part for part in (row.counterparty, row.remittance) if part)
    return Difference(day=row.booked_on, label=label[:200], amount=amount, line_id=row.pk)


def _of_lines_ahead(amounts: Mapping[int, Decimal]) -> Iterator[Difference]:
    for row in BankLine.everywhere.filter(pk__in=amounts).only(*_SHOWN):
        yield _of_line(row, amounts[row.pk])


def _booked(account: BankAccount, on: date) -> dict[str, Decimal]:
    """What each fact put on the ledger account. A payment and its reversal are one fact."""
    rows = postings_of(account, on).values("entry__source")
    booked = dict(rows.annotate(sum=Sum(moved(account))).values_list("entry__source", "sum"))
    taken_back = Payment.everywhere.filter(company_id=account.company_id, reverses__isnull=False)
    for pk, original in taken_back.values_list("pk", "reverses_id"):
        if Payment.subject_of(pk) in booked:
            subject = Payment.subject_of(original)
            booked[subject] = booked.get(subject, ZERO) + booked.pop(Payment.subject_of(pk))
    return {source: amount for source, amount in booked.items() if amount}


def _take_tied(booked: dict[str, Decimal], account: BankAccount, on: date) -> dict[int, Decimal]:
    """What of `booked` books each line, as the matches stood at the end of the day; it is taken out of `booked`."""
    end = start_of_day(on + timedelta(days=1))
    by_line: dict[int, Decimal] = defaultdict(lambda: ZERO)
    made = Match.everywhere.filter(line__account=account, at__lt=end)
    for pk, line_id in made.values_list("pk", "line_id"):
        # what an undone match booked, it has booked back
        by_line[line_id] += booked.pop(Match.subject_of(pk), ZERO)
    live = Q(match__undone_at=None) | Q(match__undone_at__gte=end)
    parts = MatchPart.everywhere.filter(live, match__in=made)
    for model, column in ((Payment, "payment_id"), (Refund, "refund_id"), (SupplierPayment, "supplier_payment_id")):
        shown = parts.filter(**{f"{column.removesuffix('_id')}__isnull": False})
        for line_id, key, amount in shown.values_list("match__line_id", column, "amount"):
            # booked on another account, a payment came here by an entry of the match
            if (source := model.subject_of(key)) in booked:
                by_line[line_id] += amount
                booked[source] -= amount
    for source in [source for source, amount in booked.items() if not amount]:
        del booked[source]
    return by_line


def _of_entries(account: BankAccount, on: date, amounts: Mapping[str, Decimal]) -> Iterator[Difference]:
    rows = postings_of(account, on).filter(entry__source__in=amounts).values("entry__source")
    told = rows.annotate(day=Min("entry__day"), label=Max("label"), piece=Min("entry__piece"))
    for row in told.values("entry__source", "day", "label", "piece"):
        source = row["entry__source"]
        yield Difference(day=row["day"], label=row["label"], amount=amounts[source], piece=row["piece"], source=source)
