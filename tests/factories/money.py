"""Money for tests: payments, bank accounts and statements, through the services."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import Invoice
from billing.services.crediting import CreditedPart, draft_credit_note
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from payments.models import BankAccount, BankLine, Method, Payment
from payments.services.accounts import free_ledger_account
from payments.services.allocations import Share
from payments.services.bank import import_statement
from payments.services.crediting import issue_credit_note
from payments.services.payments import record_payment
from payments.statements.sample import Entry, camt053
from tests.factories.story import ACTOR, AT, SECOND_IBAN

_serial = itertools.count(1)


def a_payment(customer: Customer, amount: str, shares: Sequence[tuple[Invoice, str]] = (), **values: Any) -> Payment:
    defaults: dict[str, Any] = {"method": Method.TRANSFER, "paid_on": local_day(AT), "at": AT, "actor": ACTOR}
    with company_scope(customer.company_id):
        return record_payment(
            customer=customer,
            amount=Decimal(amount),
            shares=[Share(invoice, Decimal(part)) for invoice, part in shares],
            **{**defaults, **values},
        )


def a_bank_account(company: Company) -> BankAccount:
    with company_scope(company):
        account, _made = BankAccount.objects.get_or_create(
            company=company,
            iban=company.iban,
            defaults={"name": "Compte courant", "ledger_account": free_ledger_account(company)},
        )
    return account


def another_bank_account(company: Company) -> BankAccount:
    with company_scope(company):
        ledger_account = free_ledger_account(company)
        made: BankAccount = BankAccount.objects.create(
            company=company, iban=SECOND_IBAN, name="Compte sur livret", ledger_account=ledger_account
        )
        return made


def a_statement_file(company: Company, entries: Sequence[Entry], *, at: datetime = AT) -> bytes:
    return camt053(company.iban, Decimal("1000.00"), entries, local_day(at), f"REL-{next(_serial):05}")


def bank_lines(company: Company, entries: Sequence[Entry], *, at: datetime = AT) -> list[BankLine]:
    """The lines of a statement imported now."""
    a_bank_account(company)
    data = a_statement_file(company, entries, at=at)
    with company_scope(company):
        (statement,) = import_statement(company=company, data=data, filename="releve.xml", actor=ACTOR, at=at)
        return list(BankLine.objects.filter(statement=statement).order_by("bank_reference"))


def a_credit(amount: str, **values: Any) -> Entry:
    return Entry(amount=Decimal(amount), **{"counterparty": "MAISON LUMIERE", **values})


def credit_invoice(
    *, invoice: Invoice, parts: Sequence[CreditedPart] | None, reason: str, actor: Actor, at: datetime
) -> Invoice:
    """A credit note for `parts`, or for all that is left of the invoice, drafted and issued unjudged."""
    with transaction.atomic():
        note = draft_credit_note(invoice=invoice, parts=parts, reason=reason, actor=actor, at=at)
        return issue_credit_note(invoice=note, actor=actor, at=at)
