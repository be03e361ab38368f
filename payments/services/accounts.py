"""The company's bank accounts: whose statements may be imported, and where their money is booked."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import IntegrityError, transaction

from billing.ledger import BANK
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.identifiers import bic, iban
from config.kernel.models import Company
from config.kernel.rows import edit, lock
from payments.models import BankAccount

TAKEN = "Ce compte est déjà dans la liste."
UNNAMED = "Indiquez l’intitulé du compte."
NO_BANK_ACCOUNT = "Indiquez un sous-compte de 512 en six à dix chiffres, par exemple 512100."
BANKS = re.compile(r"512[0-9]{3,7}")  # PCG, art. 941-51


def checked_ledger_account(text: str) -> str:
    """The sub-account of 512 without its spaces. Raises Invalid."""
    number = "".join(text.split())
    if not BANKS.fullmatch(number):
        raise Invalid(NO_BANK_ACCOUNT)
    return number


@transaction.atomic
def add_bank_account(
    *, company: Company, name: str, iban_text: str, bic_text: str, actor: Actor, at: datetime,
    ledger_account: str = BANK,
) -> BankAccount:  # fmt: skip
    """Add an account in euros. Raises Invalid, with a sentence per field."""
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
        ledger_account = checked_ledger_account(ledger_account)
    except Invalid as error:
        problems["ledger_account"] = error.sentence
    if problems:
        raise Invalid(fields=problems)
    try:
        with transaction.atomic():
            account: BankAccount = BankAccount.everywhere.create(
                company=company, name=name, iban=number, bic=code, ledger_account=ledger_account
            )
    except IntegrityError as error:
        raise Invalid(fields={"iban": TAKEN}) from error
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
        number = checked_ledger_account(ledger_account)
    except Invalid as error:
        raise Invalid(fields={"ledger_account": error.sentence}) from error
    if edit(row, {"name": name, "ledger_account": number}):
        data = {"name": name, "ledger_account": number}
        audit.record("payments.bank.account_changed", subject=row, actor=actor, at=at, data=data)
    return row
