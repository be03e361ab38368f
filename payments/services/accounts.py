"""The company's bank accounts: whose statements may be imported."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.identifiers import bic, iban
from config.kernel.models import Company
from payments.models import BankAccount

TAKEN = "Ce compte est déjà dans la liste."


@transaction.atomic
def add_bank_account(
    *, company: Company, name: str, iban_text: str, bic_text: str, actor: Actor, at: datetime
) -> BankAccount:
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
    if problems:
        raise Invalid(fields=problems)
    try:
        with transaction.atomic():
            account: BankAccount = BankAccount.everywhere.create(company=company, name=name, iban=number, bic=code)
    except IntegrityError as error:
        raise Invalid(fields={"iban": TAKEN}) from error
    audit.record(
        "payments.bank.account_added", subject=account, actor=actor, at=at, data={"name": name, "iban": number}
    )
    return account
