"""What an issued document books: the sale, its VAT, the deposits that it deducts."""

from __future__ import annotations

from decimal import Decimal

from billing import exchange
from billing.ledger import accounts
from billing.ledger.entries import Posting
from billing.ledger.sales_accounts import SalesRules, sales_account, sales_rules
from billing.ledger.vat.sold import sold_vat_postings
from billing.models import Invoice, InvoiceLine, RebateNote
from config.kernel.money import ZERO


def sale_postings(invoice: Invoice, rules: SalesRules | None = None) -> list[Posting]:
    """D 411 / C class 7 net / C 44571x VAT, or 44574x where it waits for the payment; the other way round for a credit
    note.

    A deposit credits 4191 for its net in place of a sale, and so does its credit note the other way round. The invoice
    that deducts deposits takes them back from 4191, and their VAT from its own; 411 bears the rest. The credit note of
    a year-end rebate debits 709. In the currency of the books, with the amounts of the document beside where that is
    another.
    """
    sign = Decimal(-1) if invoice.is_credit_note else Decimal(1)
    postings = [Posting(accounts.CUSTOMERS, sign * invoice.payable, invoice.customer_id, invoice.due_date)]
    if _is_of_deposit(invoice):
        postings.append(Posting(accounts.DEPOSITS, -sign * invoice.total_net, invoice.customer_id))
    else:
        postings.extend(_sales(invoice, -sign, rules or sales_rules(invoice.company_id)))
    deposited = invoice.amount_deposited - invoice.deposited_vat
    postings.append(Posting(accounts.DEPOSITS, sign * deposited, invoice.customer_id))
    return exchange.in_books(postings, sold_vat_postings(invoice), invoice)


def _is_of_deposit(invoice: Invoice) -> bool:
    """A deposit, or the credit note of one."""
    return invoice.is_deposit or (
        invoice.is_credit_note and invoice.corrects is not None and invoice.corrects.is_deposit
    )


def _sales(invoice: Invoice, sign: Decimal, rules: SalesRules) -> list[Posting]:
    """The net of each line on its account; what the document's total has besides its lines, on the largest."""
    customer = invoice.customer if rules.by_group else None
    is_rebate = invoice.is_credit_note and RebateNote.everywhere.filter(note=invoice).exists()
    net: dict[str, Decimal] = {}
    for line in invoice.lines.all():
        account = _rebate_account(line) if is_rebate else sales_account(line, customer, rules)
        net[account] = net.get(account, ZERO) + line.net_amount
    rest = invoice.total_net - sum(net.values(), ZERO)
    if rest:
        largest = max(net, key=lambda account: abs(net[account]), default=accounts.GOODS)
        net[largest] = net.get(largest, ZERO) + rest
    return [Posting(account, sign * amount) for account, amount in sorted(net.items())]


def _rebate_account(line: InvoiceLine) -> str:
    """A price cut after the invoice is no sale that comes back: 7096 and 7097 (PCG 709)."""
    return accounts.REBATES_ON_SERVICES if line.is_service else accounts.REBATES_ON_GOODS
