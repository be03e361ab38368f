"""The company's bank accounts: whose statements may be imported, and where their money is booked."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import count

from django.db import IntegrityError, transaction

from billing.ledger import BANK
from billing.ledger.journals import free_bank_journal, journal_names, save_journal
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid, Stale
from config.kernel.identifiers import bic, iban
from config.kernel.models import Company
from config.kernel.money import check_currency
from config.kernel.rows import edit, lock
from payments.models import BankAccount

TAKEN = "Ce compte est déjà dans la liste."
UNNAMED = "Indiquez l’intitulé du compte."
NO_BANK_ACCOUNT = "Indiquez un sous-compte de 512 en six à dix chiffres, par exemple 512100."
BANKS = re.compile(r"512[0-9]{3,7}")  # PCG, art. 941-51


class LedgerAccountTaken(Invalid):
    code = "ledger_account_taken"
    message = "%(number)s est déjà le compte comptable de « %(name)s » : chaque compte bancaire a le sien."


def checked_ledger_account(text: str) -> str:
    """The sub-account of 512 without its spaces. Raises Invalid."""
    number = "".join(text.split())
    if not BANKS.fullmatch(number):
        raise Invalid(NO_BANK_ACCOUNT)
    return number


def free_ledger_account(company: Company) -> str:
    """512000 for the first bank account of a company, then the first of 512100, 512200… that no other has."""
    taken = set(BankAccount.everywhere.filter(company=company).values_list("ledger_account", flat=True))
    return next(number for number in map(str, count(int(BANK), 100)) if number not in taken)


def check_ledger_account(number: str, *, company_id: int, besides: int | None = None) -> str:
    """`number` without its spaces, an account of no bank account but `besides`. Raises Invalid, LedgerAccountTaken."""
    number = checked_ledger_account(number)
    others = BankAccount.everywhere.filter(company_id=company_id, ledger_account=number).exclude(pk=besides)
    other = others.first()
    if other is not None:
        raise LedgerAccountTaken(number=number, name=other.name)
    return number


@transaction.atomic
def add_bank_account(
    *,
    company: Company,
    name: str,
    iban_text: str,
    bic_text: str,
    actor: Actor,
    at: datetime,
    ledger_account: str = "",
    currency: str = "",
) -> BankAccount:
    """Add an account, in the currency of the books where no other is said, booked on a sub-account of its own.

    Raises Invalid, with a sentence per field.
    """
    problems: dict[str, str] = {}
    number = code = ""
    try:
        number = iban.validate(iban_text)
    except Invalid as error:
        problems["iban"] = error.sentence
    try:
        code = bic.validate(bic_text) if bic_text else ""
    except Invalid as error:
        problems["bic"] = error.sentence
    try:
        wanted = ledger_account or free_ledger_account(company)
        ledger_account = check_ledger_account(wanted, company_id=company.pk)
    except Invalid as error:
        problems["ledger_account"] = error.sentence
    try:
        held_in = check_currency(currency or company.currency)
    except Invalid as error:
        problems["currency"] = error.sentence
    if problems:
        raise Invalid(fields=problems)
    journal = free_bank_journal(journal_names(company.pk))
    try:
        with transaction.atomic():
            # checked above, and guarded by unique indexes: two people may add the same account at once
            account: BankAccount = BankAccount.everywhere.create(
                company=company,
                name=name,
                iban=number,
                bic=code,
                currency=held_in,
                ledger_account=ledger_account,
                journal=journal,
            )
    except IntegrityError as error:
        raise _taken(error) from error
    save_journal(company=company, code=journal, name=name.strip() or journal, actor=actor, at=at)
    audit.record(
        "payments.bank.account_added", subject=account, actor=actor, at=at, data={"name": name, "iban": number}
    )
    return account


@transaction.atomic
def change_bank_account(
    *, account: BankAccount, name: str, ledger_account: str, actor: Actor, at: datetime
) -> BankAccount:
    """Name the account otherwise, or book on another sub-account what comes in from now on. Raises Invalid."""
    row = lock(account)
    if not name.strip():
        raise Invalid(fields={"name": UNNAMED})
    try:
        number = check_ledger_account(ledger_account, company_id=row.company_id, besides=row.pk)
    except Invalid as error:
        raise Invalid(fields={"ledger_account": error.sentence}) from error
    try:
        with transaction.atomic():
            changed = edit(row, {"name": name, "ledger_account": number})
    except IntegrityError as error:
        raise _taken(error) from error
    if changed:
        data = {"name": name, "ledger_account": number}
        audit.record("payments.bank.account_changed", subject=row, actor=actor, at=at, data=data)
    return row


def _taken(error: IntegrityError) -> DomainError:
    """What another account took at the same moment."""
    meanwhile = ("one_bank_per_ledger_account", "one_bank_per_journal")
    return Stale() if any(name in str(error) for name in meanwhile) else Invalid(fields={"iban": TAKEN})
