"""Which of the company's accounts a statement is of: by its IBAN, by a part of it, or by a name a person confirmed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.identifiers import iban
from config.kernel.models import Company
from payments.models import AccountName, BankAccount
from payments.statements import Statement

# bank, branch and account number stand in a French IBAN as the bank's own formats write them
SHORTEST = 8


class UnknownAccount(Invalid):
    code = "unknown_account"
    message = (
        "Ce relevé est celui du compte %(iban)s, qui n’est pas un compte de la société. "
        "Ajoutez-le dans les réglages, ou choisissez le bon fichier."
    )


class NoAccountNamed(Invalid):
    code = "no_account_named"
    message = "Ce fichier ne dit pas de quel compte il est. Choisissez le compte."


class AnotherAccount(Invalid):
    code = "another_account"
    message = "Ce relevé est celui du compte « %(found)s », pas de « %(account)s »."


def masked(name: str) -> str:
    return f"{name[:4]} … {name[-4:]}" if len(name) > 10 else name


def is_iban(name: str) -> bool:
    try:
        return bool(iban.validate(name))
    except Invalid:
        return False


def own_account(company: Company, found: Statement, chosen: BankAccount | None = None) -> BankAccount:
    """The account of a statement; `chosen` where its file names none, or none that is known.

    A company with one account has chosen it for a file that names none. Raises UnknownAccount, NoAccountNamed,
    AnotherAccount.
    """
    accounts = list(BankAccount.everywhere.filter(company=company).order_by("id"))
    named = _named(accounts, found)
    if named is not None:
        if chosen is not None and chosen.pk != named.pk:
            raise AnotherAccount(found=named.name, account=chosen.name)
        return named
    name = found.iban or found.account_id
    if name and (chosen is None or is_iban(name)):
        raise UnknownAccount(iban=masked(name))
    if chosen is not None:
        return chosen
    if len(accounts) == 1:
        return accounts[0]
    raise NoAccountNamed


def _named(accounts: Sequence[BankAccount], found: Statement) -> BankAccount | None:
    for name in filter(None, (found.iban, found.account_id)):
        plain = re.sub(r"[^0-9A-Z]", "", name.upper())
        whole = next((row for row in accounts if row.iban == plain), None)
        if whole is not None:
            return whole
        confirmed = AccountName.everywhere.filter(account__in=accounts, name=name[:140]).values_list(
            "account", flat=True
        )
        by_name = next((row for row in accounts if row.pk in set(confirmed)), None)
        if by_name is not None:
            return by_name
        parts = [row for row in accounts if len(plain) >= SHORTEST and not is_iban(plain) and plain in row.iban]
        if len(parts) == 1:
            return parts[0]
    return None


def of_account(found: Statement, account: BankAccount) -> Statement:
    """The statement under the account's IBAN, whatever its file calls it: equal movements look equal."""
    return replace(found, account_id=account.iban)


def learn_name(account: BankAccount, found: Statement, *, actor: Actor, at: datetime) -> None:
    """Remember what the file calls the account, once a person has said which one it is."""
    name = found.account_id[:140]
    if not name or is_iban(name) or _named([account], found) is not None:
        return
    _row, is_new = AccountName.everywhere.get_or_create(
        company_id=account.company_id, name=name, defaults={"account": account}
    )
    if is_new:
        data = {"name": account.name, "alias": name}
        audit.record("payments.bank.account_named", subject=account, actor=actor, at=at, data=data)
