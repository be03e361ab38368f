"""The chart of accounts of a company: its own rows over the common chart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from billing.ledger.common_chart import COMMON_CHART
from billing.models import LedgerAccount
from config.kernel.errors import Invalid


class UnknownAccount(Invalid):
    code = "unknown_account_code"
    message = "Le compte %(account)s n’est pas du plan comptable : trois à dix chiffres, de classe 1 à 8."


class ClosedAccount(Invalid):
    code = "closed_account"
    message = "Le compte %(account)s est fermé. Choisissez-en un autre, ou rouvrez-le dans le plan comptable."


DIGITS = 6  # a shorter code is written with zeros
_CODE = re.compile(r"[1-8][0-9]{2,9}")


class AccountClass(TextChoices):
    """The classes of the PCG (932-1)."""

    CAPITAL = "1", _("1 Capitaux")
    FIXED_ASSETS = "2", _("2 Immobilisations")
    STOCKS = "3", _("3 Stocks")
    THIRD_PARTIES = "4", _("4 Tiers")
    MONEY = "5", _("5 Finances")
    CHARGES = "6", _("6 Charges")
    INCOME = "7", _("7 Produits")
    SPECIAL = "8", _("8 Spéciaux")


def full_code(digits: str) -> str:
    """« 6064 » as it is booked: 606400."""
    return digits.ljust(DIGITS, "0")


def _read(text: str) -> dict[str, str]:
    rows = (line.partition(" ") for line in text.split("\n") if line)
    return {full_code(code): name.removesuffix(" †") for code, __, name in rows}


COMMON: Mapping[str, str] = _read(COMMON_CHART)


@dataclass(frozen=True, slots=True)
class AccountNames(Mapping[str, str]):
    """The name of every account: of those in the chart, and for another that of the nearest above it.

    512100 is a bank as 512000 is. Iterates over the chart alone; KeyError where no account above has a name.
    """

    chart: Mapping[str, str]

    def __getitem__(self, account: str) -> str:
        for digits in range(len(account), 2, -1):
            name = self.chart.get(full_code(account[:digits]))
            if name:
                return name
        raise KeyError(account)

    def __iter__(self) -> Iterator[str]:
        return iter(self.chart)

    def __len__(self) -> int:
        return len(self.chart)


_COMMON_NAMES = AccountNames(COMMON)


def account_names(company_id: int) -> AccountNames:
    """The chart of a company by its codes, in their order: its own words where it has them. One query."""
    own = dict(LedgerAccount.everywhere.filter(company=company_id).values_list("code", "name"))
    return AccountNames(dict(sorted({**COMMON, **own}.items())))


def account_name(account: str) -> str:
    """The name of an account in the common chart; '' for one that is in none."""
    return _COMMON_NAMES.get(account, "")


def account_name_of(company_id: int, account: str) -> str:
    """The name of one account in the chart of a company; '' for one that is in none."""
    return account_names(company_id).get(account, "")


def check_account(company_id: int, *accounts: str) -> None:
    """Whether people may book by hand on these accounts. Raises UnknownAccount, ClosedAccount. One query."""
    closed = closed_accounts(company_id)
    for account in accounts:
        if not _CODE.fullmatch(account):
            raise UnknownAccount(account=account)
        if account in closed:
            raise ClosedAccount(account=account)


def closed_accounts(company_id: int) -> frozenset[str]:
    """What people may not choose any more."""
    return frozenset(LedgerAccount.everywhere.filter(company=company_id, is_open=False).values_list("code", flat=True))
