"""Direct debits for tests, through the services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from billing.models import Invoice
from billing.tasks import INVOICE_EMAILS
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from payments.debits.announcing import announce_debit
from payments.debits.mandates import prepare_mandate
from payments.debits.orders import make_order
from payments.models import CollectionSettings, DebitOrder, DirectDebit, Mandate
from tests.factories import money
from tests.factories.story import ACTOR, AT

IDENTIFIER = "FR72ZZZ123456"
IBAN = "FR7630006000011234567890189"


def settings(company: Company, **values: Any) -> CollectionSettings:
    with company_scope(company):
        row, _made = CollectionSettings.objects.update_or_create(
            company=company, defaults={"creditor_identifier": IDENTIFIER, **values}
        )
    return row


def a_mandate(customer: Customer, **values: Any) -> Mandate:
    settings(customer.company)
    given = {"debtor_name": customer.name, "iban": IBAN, "signed_on": date(2026, 1, 5), "actor": ACTOR, "at": AT}
    with company_scope(customer.company_id):
        return prepare_mandate(customer=customer, **{**given, **values})


def an_announced_debit(mandate: Mandate, invoice: Invoice, **values: Any) -> DirectDebit:
    with company_scope(mandate.company_id):
        return announce_debit(invoice=invoice, **{"actor": ACTOR, "at": AT, **values})


def an_order(debits: Sequence[DirectDebit], **values: Any) -> DebitOrder:
    company = values.get("company", debits[0].company)
    with company_scope(company):
        # nothing is debited before its notice has left; a later day would put the debits off
        INVOICE_EMAILS.sweep(now=lambda: max(debit.announced_at for debit in debits))
        account = money.a_bank_account(company)
        given = {"company": company, "bank_account": account, "actor": ACTOR, "at": AT}
        return make_order(debits=debits, **{**given, **values})
