"""A company's own accounts: added, named, closed to what people book by hand. A code never changes once it is used."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.ledger.chart import UnknownAccount, account_names, full_code
from billing.models import JournalLine, LedgerAccount
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company


class AccountUnnamed(Invalid):
    code = "account_unnamed"
    message = "Donnez un intitulé au compte."


class NoAccountAbove(Invalid):
    code = "no_account_above"
    message = "Le compte %(account)s ne se rattache à aucun compte du plan. Vérifiez ses trois premiers chiffres."


class AccountUsed(DomainError):
    code = "account_used"
    message = "Le compte %(account)s porte des écritures : il ne s’efface plus. Fermez-le aux nouvelles écritures."


@transaction.atomic
def save_account(*, company: Company, code: str, name: str, actor: Actor, at: datetime) -> LedgerAccount:
    """Add an account below one of the chart, or name one otherwise. Raises UnknownAccount, NoAccountAbove, Unnamed."""
    code, name = full_code(code.strip()), name.strip()
    if not name:
        raise AccountUnnamed(fields={"name": AccountUnnamed.message})
    if not (code.isascii() and code.isdigit() and 6 <= len(code) <= 10 and code[0] in "12345678"):
        raise UnknownAccount(account=code)
    if account_names(company.pk).get(code) is None:
        raise NoAccountAbove(account=code)
    account: LedgerAccount
    account, _is_new = LedgerAccount.everywhere.update_or_create(
        company=company, code=code, defaults={"name": name[:100]}
    )
    data = {"code": code, "name": account.name}
    audit.record("billing.account.saved", subject=account, actor=actor, at=at, data=data)
    return account


@transaction.atomic
def open_or_close_account(*, company: Company, code: str, is_open: bool, actor: Actor, at: datetime) -> LedgerAccount:
    """Whether people may book on it; what the product books by itself goes on. Raises UnknownAccount."""
    name = account_names(company.pk).get(code)
    if name is None:
        raise UnknownAccount(account=code)
    account: LedgerAccount
    account, _is_new = LedgerAccount.everywhere.get_or_create(company=company, code=code, defaults={"name": name[:100]})
    LedgerAccount.everywhere.filter(pk=account.pk).update(is_open=is_open)
    account.is_open = is_open
    tag = "billing.account.reopened" if is_open else "billing.account.closed"
    audit.record(tag, subject=account, actor=actor, at=at, data={"code": code, "name": account.name})
    return account


@transaction.atomic
def remove_account(*, account: LedgerAccount, actor: Actor, at: datetime) -> None:
    """Take an account that nothing was ever booked on out of the chart. Raises AccountUsed."""
    if JournalLine.everywhere.filter(company=account.company_id, account=account.code).exists():
        raise AccountUsed(account=account.code)
    data = {"code": account.code, "name": account.name}
    audit.record("billing.account.removed", subject=account, actor=actor, at=at, data=data)
    account.delete()
