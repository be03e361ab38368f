"""What is owed and held in other currencies at the end of a period, at the rate of that day (PCG, art. 420-5 to 420-8).

Claims and debts: the difference is latent, on 476 or 477, a provision covers the losses (6815 / 1515), and all is taken
back on the next day. Money in the bank: the difference is final, on 666 or 766. By customer and currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.db.models import F, Sum

from billing import ledger
from billing.ledger import Entry, Posting
from billing.models import Journal, JournalEntry, JournalLine
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
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


class AlreadyValued(DomainError):
    code = "already_valued"
    message = "Les soldes en devises au %(day)s sont déjà évalués."


@dataclass(frozen=True, slots=True)
class _Balance:
    account: str
    customer_id: int | None
    currency: str
    booked: Decimal
    held: Decimal  # in the currency

    def gained(self, company: Company, on: date) -> Decimal:
        """Raises UnknownRate."""
        books = company.currency
        worth = worth_on(self.held, company_id=company.pk, currency=self.currency, books=books, on=on)
        return worth - self.booked

    def adjusted(self, gained: Decimal) -> Posting:
        return Posting(self.account, gained, self.customer_id, currency=self.currency, currency_amount=ZERO)


@transaction.atomic
def value_foreign_items(*, company: Company, on: date, actor: Actor, at: datetime) -> list[JournalEntry]:
    """Book what balances in other currencies are worth on a day, and take the latent part back on the next.

    The entries, none where nothing differs. Raises AlreadyValued, UnknownRate.
    """
    piece = f"CHANGE-{on:%Y%m%d}"
    if JournalEntry.everywhere.filter(company=company, piece=piece).exists():
        raise AlreadyValued(day=written_day(on))
    latent = list(_latent(company, on))
    money = list(_money(company, on))
    entries = []
    if latent:
        back = [posting.reversed() for posting in latent]
        entries.append(_entry(company, piece, "Écarts de conversion", on, latent))
        entries.append(_entry(company, piece, "Extourne des écarts de conversion", on + timedelta(days=1), back))
    if money:
        entries.append(_entry(company, piece, "Écarts de change sur disponibilités", on, money))
    return ledger.post(entries, journal=Journal.MISCELLANEOUS, day=on, actor=actor, at=at)


def _latent(company: Company, on: date) -> Iterator[Posting]:
    lost = ZERO
    for balance in _balances(company, on, account=ledger.CUSTOMERS):
        gained = balance.gained(company, on)
        if not gained:
            continue
        is_claim = balance.held > 0
        yield balance.adjusted(gained)
        yield Posting((LATENT_GAIN if gained > 0 else LATENT_LOSS)[is_claim], -gained)
        lost += max(-gained, ZERO)
    if lost:
        yield Posting(ALLOWANCE, lost)
        yield Posting(PROVISION, -lost)


def _money(company: Company, on: date) -> Iterator[Posting]:
    accounts = BankAccount.everywhere.filter(company=company).exclude(currency=company.currency)
    for number in accounts.order_by("ledger_account").values_list("ledger_account", flat=True):
        for balance in _balances(company, on, account=number):
            gained = balance.gained(company, on)
            if gained:
                yield balance.adjusted(gained)
                yield Posting(MONEY_GAIN if gained > 0 else MONEY_LOSS, -gained)


def _balances(company: Company, on: date, *, account: str) -> list[_Balance]:
    lines = JournalLine.everywhere.filter(company=company, account=account, day__lte=on).exclude(currency="")
    sums = lines.values("customer_id", "currency").annotate(
        booked=Sum(F("debit") - F("credit")), held=Sum("currency_amount")
    )
    return [_Balance(account=account, **row) for row in sums.order_by("customer_id", "currency")]


def _entry(company: Company, piece: str, label: str, on: date, postings: list[Posting]) -> Entry:
    source: Any = company  # the company itself: it names a subject as its rows do
    return Entry(label=label, piece=piece, piece_date=on, source=cast(CompanyRow, source), postings=postings, on=on)
