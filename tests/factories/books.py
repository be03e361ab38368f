"""Entries by hand, letters and rules of the books, made by services."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing.ledger.lettering import letter_lines
from billing.ledger.manual import ManualLine, write_entry
from billing.ledger.sales_accounts import save_sales_rule
from billing.models import Journal, JournalLine, Lettering, LetteringOrigin, ManualEntry, Nature, SalesAccountRule
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from tests.factories import money, story

BY: dict[str, Any] = {"actor": story.ACTOR, "at": story.AT}


def an_entry(company: Company, *lines: ManualLine, **values: Any) -> ManualEntry:
    """1 € from 471 to 658 today, or whatever is said."""
    defaults = {"journal": Journal.MISCELLANEOUS, "day": local_day(story.AT), "label": "Régularisation"}
    given = lines or (ManualLine("658000", Decimal("1.00")), ManualLine("471000", Decimal("-1.00")))
    with company_scope(company):
        return write_entry(company=company, lines=given, **{**defaults, **values}, **BY)


def a_lettering(customer: Customer) -> Lettering:
    """Of an invoice and what paid it."""
    with company_scope(customer.company_id):
        invoice = story.an_issued_invoice(customer)
        total = str(invoice.total_gross)
        paid = money.a_payment(customer, total, [(invoice, total)])
        lines = JournalLine.objects.filter(entry__source__in=[invoice.subject, paid.subject], account="411000")
        return letter_lines(lines=list(lines), origin=LetteringOrigin.HAND, **BY)


def a_sales_rule(company: Company) -> SalesAccountRule:
    with company_scope(company):
        return save_sales_rule(
            company=company, product=None, group="Grands comptes", nature=Nature.GOODS, account="707200", **BY
        )
