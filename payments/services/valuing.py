"""What is owed and held in other currencies at the end of a period, at the rate of that day (PCG, art. 420-5 to 420-8).

Claims and debts: the difference is latent, on 476 or 477, a provision covers the losses (6815 / 1515), and all is taken
back on the next day. Money in the bank: the difference is final, on 666 or 766. By customer and currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.db.models import F, QuerySet, Sum

from billing import ledger
from billing.ledger import Entry, Posting
from billing.ledger.calendar import DAY, calendar_of
from billing.models import Journal, JournalEntry, JournalLine
from billing.purchases import accounts as buying
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company, CompanyRow
from config.kernel.money import ZERO
from config.kernel.typography import day as written_day
from payments.models import BankAccount
from payments.services.exchange import worth_on

# by whether it is a claim: 4761 and 4771 of claims, 4762 and 4772 of debts
LATENT_LOSS = {True: "476100", False: "476200"}
LATENT_GAIN = {True: "477100", False: "477200"}
PROVISION, ALLOWANCE = "151500", "681500"
MONEY_LOSS, MONEY_GAIN = "666000", "766000"
OWED = (ledger.CUSTOMERS, buying.SUPPLIERS)
PIECE, UNDONE = "CHANGE-", "-A"


class AlreadyValued(DomainError):
    code = "already_valued"
    message = "Les soldes en devises au %(day)s sont déjà évalués."


class NotValued(DomainError):
    code = "not_valued"
    message = "Aucune évaluation au %(day)s n’est à annuler."


class ValuedTooEarly(Invalid):
    code = "valued_too_early"
    message = "Les soldes s’évaluent quand le jour est passé : choisissez une date avant aujourd’hui."


class ValuingClosed(DomainError):
    code = "valuing_closed"
    message = "Les livres sont clôturés au %(day)s : cette évaluation ne change plus."


@dataclass(frozen=True, slots=True)
class ForeignBalance:
    """What an account holds in a currency, of one customer or supplier where it is owed."""

    account: str
    customer_id: int | None
    currency: str
    held: Decimal  # in the currency
    booked: Decimal
    worth: Decimal  # in the books, at the rate of the day
    is_money: bool  # in the bank: its difference is final

    @property
    def gained(self) -> Decimal:
        return self.worth - self.booked

    def adjusted(self) -> Posting:
        return Posting(self.account, self.gained, self.customer_id, currency=self.currency, currency_amount=ZERO)


def foreign_balances(company: Company, on: date) -> list[ForeignBalance]:
    """What is owed and held in other currencies at the end of a day, claims and debts first. Raises UnknownRate."""
    found = [balance for account in OWED for balance in _balances(company, on, account, is_money=False)]
    for account in _banks(company):
        found += _balances(company, on, account, is_money=True)
    return found


def holds_currencies(company: Company, on: date) -> bool:
    """Whether something in another currency is owed or held at the end of a day; no rate is asked for."""
    return any(_sums(company, on, account).exclude(held=0).exists() for account in (*OWED, *_banks(company)))


@transaction.atomic
def value_foreign_items(*, company: Company, on: date, actor: Actor, at: datetime) -> list[JournalEntry]:
    """Book what balances in other currencies are worth on a day, and take the latent part back on the next.

    The entries, none where nothing differs. Raises ValuedTooEarly, AlreadyValued, UnknownRate.
    """
    if on >= local_day(at):
        raise ValuedTooEarly(fields={"on": ValuedTooEarly.message})
    _lock(company)
    if live_entries(company, on):
        raise AlreadyValued(day=written_day(on))
    piece = _piece(on)
    differing = [balance for balance in foreign_balances(company, on) if balance.gained]
    latent = list(_latent([balance for balance in differing if not balance.is_money]))
    money = [posting for balance in differing if balance.is_money for posting in _final(balance)]
    entries = []
    if latent:
        back = [posting.reversed() for posting in latent]
        entries.append(_entry(company, piece, "Écarts de conversion", on, latent))
        entries.append(_entry(company, piece, "Extourne des écarts de conversion", on + DAY, back))
    if money:
        entries.append(_entry(company, piece, "Écarts de change sur disponibilités", on, money))
    return ledger.post(entries, journal=Journal.MISCELLANEOUS, day=on, actor=actor, at=at)


@transaction.atomic
def undo_valuing(*, company: Company, on: date, actor: Actor, at: datetime) -> list[JournalEntry]:
    """Book the opposite of what valuing a day booked, each entry on its day: the day can be valued again.

    Raises NotValued, ValuingClosed.
    """
    _lock(company)
    standing = live_entries(company, on)
    if not standing:
        raise NotValued(day=written_day(on))
    hard = calendar_of(company.pk).hard
    if hard is not None and on <= hard:
        raise ValuingClosed(day=written_day(hard))
    entries = [
        _entry(
            company,
            _piece(on) + UNDONE,
            f"Annulation : {entry.label}",
            entry.day,
            [Posting.opposite_of(line) for line in entry.lines.order_by("position")],
        )
        for entry in standing
    ]
    return ledger.post(entries, journal=Journal.MISCELLANEOUS, day=on, actor=actor, at=at)


def live_entries(company: Company, on: date) -> list[JournalEntry]:
    """What valuing a day booked and nobody undid, the first first: each undoing answers one entry."""
    rows = JournalEntry.everywhere.filter(company=company, piece__startswith=_piece(on)).order_by("day", "number")
    pieces = list(rows)
    undone = sum(entry.piece.endswith(UNDONE) for entry in pieces)
    return [entry for entry in pieces if not entry.piece.endswith(UNDONE)][undone:]


def valued_days(company: Company) -> list[date]:
    """The days whose valuing stands, the latest first."""
    rows = JournalEntry.everywhere.filter(company=company, piece__startswith=PIECE)
    pieces: dict[str, int] = {}
    for piece in rows.values_list("piece", flat=True):
        day = piece.removeprefix(PIECE).removesuffix(UNDONE)
        pieces[day] = pieces.get(day, 0) + (-1 if piece.endswith(UNDONE) else 1)
    standing = [day for day, count in pieces.items() if count]
    return sorted((date(int(day[:4]), int(day[4:6]), int(day[6:])) for day in standing), reverse=True)


def _lock(company: Company) -> None:
    """Two people do not value, or undo, one day at once."""
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)


def _piece(on: date) -> str:
    return f"{PIECE}{on:%Y%m%d}"


def _latent(balances: Sequence[ForeignBalance]) -> Iterator[Posting]:
    lost = ZERO
    for balance in balances:
        is_claim = balance.held > 0
        yield balance.adjusted()
        yield Posting((LATENT_GAIN if balance.gained > 0 else LATENT_LOSS)[is_claim], -balance.gained)
        lost += max(-balance.gained, ZERO)
    if lost:
        yield Posting(ALLOWANCE, lost)
        yield Posting(PROVISION, -lost)


def _final(balance: ForeignBalance) -> Iterator[Posting]:
    yield balance.adjusted()
    yield Posting(MONEY_GAIN if balance.gained > 0 else MONEY_LOSS, -balance.gained)


def _balances(company: Company, on: date, account: str, *, is_money: bool) -> Iterator[ForeignBalance]:
    for row in _sums(company, on, account):
        if row["held"] or row["booked"]:
            rate = {"company_id": company.pk, "currency": row["currency"], "books": company.currency, "on": on}
            yield ForeignBalance(account, worth=worth_on(row["held"], **rate), is_money=is_money, **row)


def _banks(company: Company) -> list[str]:
    rows = BankAccount.everywhere.filter(company=company).exclude(currency=company.currency)
    return list(rows.order_by("ledger_account").values_list("ledger_account", flat=True))


def _sums(company: Company, on: date, account: str) -> QuerySet[Any, dict[str, Any]]:
    lines = JournalLine.everywhere.filter(company=company, account=account, day__lte=on).exclude(currency="")
    sums: QuerySet[Any, dict[str, Any]] = lines.values("customer_id", "currency").annotate(
        booked=Sum(F("debit") - F("credit")), held=Sum("currency_amount")
    )
    return sums.order_by("customer_id", "currency")


def _entry(company: Company, piece: str, label: str, on: date, postings: list[Posting]) -> Entry:
    source: Any = company  # the company itself: it names a subject as its rows do
    return Entry(label=label, piece=piece, piece_date=on, source=cast(CompanyRow, source), postings=postings, on=on)
