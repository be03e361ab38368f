"""Whom a bank line may come from: the customers whose invoices are worth looking at, in place of everybody's.

The matcher sees all that a line may name: numbers and references in its text, amounts, the payer's name and the
accounts he paid from. One line of a page needs no index of ten thousand invoices: these customers' are enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from string import punctuation

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Right, StrIndex, Upper

from billing.models import BALANCE, Invoice, InvoiceKind, InvoiceStatus
from config.kernel.clock import local_day
from config.kernel.folding import holds
from customers.models import Customer
from payments.matching import is_payer
from payments.matching.folding import WORD, fold, squeeze
from payments.models import BankLine, MatchPart, Payment
from payments.services.known_money import REMEMBERED
from payments.services.proposing import REMEMBER_SETTLED

MOST_EQUAL = 200  # customers who owe just this amount
SHORTEST_WORD = 3
LONGEST_SERIAL = 9
SIGNS = f"{punctuation} \u00a0\u202f’–—°"


def customers_near(line: BankLine, *, at: datetime) -> set[int]:
    """Those whom the line names, by number, amount, name or account, or of a payment of its amount. Five queries."""
    rows = Invoice.everywhere.issued().filter(company=line.company_id).exclude(kind=InvoiceKind.CREDIT_NOTE)
    known = rows.filter(Q(status=InvoiceStatus.ISSUED) | Q(issue_date__gte=local_day(at - REMEMBER_SETTLED)))
    found = set(_named(line, known).values_list("customer_id", flat=True)) | set(_by_amount(line, rows))
    return found | set(_by_name(line)) | set(_by_account(line)) | set(_by_payment(line, at))


def _by_amount(line: BankLine, rows: QuerySet[Invoice]) -> Iterable[int]:
    """Customers of the oldest invoices that owe just this. Only what is open owes: it has an index of its own."""
    if line.amount <= 0:
        return []
    owing = rows.filter(status=InvoiceStatus.ISSUED, currency=line.currency).alias(owed=BALANCE)
    owing = owing.filter(owed=line.amount).order_by("due_date", "id")
    return owing.values_list("customer_id", flat=True)[:MOST_EQUAL]


def _named(line: BankLine, rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Invoices whose number or reference stands in the line, with its signs or without, or whose serial figures do."""
    said = f"{line.structured_reference} {line.remittance} {line.end_to_end_id}"
    text = Value(squeeze(said) or " ")
    rows = rows.annotate(
        number_at=StrIndex(text, _squeezed("number")),
        reference_at=StrIndex(text, _squeezed("payment_reference")),
        number_end=Upper(Right("number", 2)),
        reference_end=Upper(Right("payment_reference", 2)),
    )
    # two signs are compared before ten thousand numbers are looked for in the text
    ends = _ends_within(squeeze(said))
    named = Q(number_end__in=ends) & Q(number_at__gt=0)
    named |= ~Q(payment_reference="") & Q(reference_end__in=ends) & Q(reference_at__gt=0)
    serials = {figures.lstrip("0") for figures in re.findall("[0-9]+", said)}
    serials = {figures for figures in serials if 0 < len(figures) <= LONGEST_SERIAL}
    if serials:
        # the end is compared before the pattern is tried
        tails = reduce(or_, (Q(number__endswith=figures) for figures in sorted(serials)))
        named |= tails & Q(number__regex=rf"(^|[^0-9])0*({'|'.join(sorted(serials))})$")
    return rows.filter(named)


def _ends_within(text: str) -> list[str]:
    """What a number that stands in the squeezed text may end with: two letters of it, or a sign and one."""
    pairs = {text[place : place + 2] for place in range(len(text))}
    return sorted(pairs | {f"{sign}{letter}" for sign in SIGNS for letter in set(text)} | {""})


def _squeezed(column: str) -> Func:
    """Without its signs. `translate` looks at each of ten thousand rows ten times quicker than a pattern does."""
    plain = Func(F(column), Value(SIGNS), Value(""), function="translate")
    return Func(plain, function="upper", output_field=TextField())


def _by_name(line: BankLine) -> Iterable[int]:
    """Customers whose name is within the payer's, or the other way round."""
    words = [word for word in WORD.findall(fold(line.counterparty)) if len(word) >= SHORTEST_WORD]
    if not words:
        return []
    rows = Customer.everywhere.filter(is_customer=True).filter(
        reduce(or_, (holds(word, "name") for word in words)), company=line.company_id
    )
    return [key for key, name in rows.values_list("pk", "name") if is_payer(line.counterparty, name)]


def _by_account(line: BankLine) -> Iterable[int]:
    """Customers who paid from this account before."""
    if not line.counterparty_iban:
        return []
    parts = MatchPart.everywhere.filter(
        company=line.company_id, match__line__counterparty_iban=line.counterparty_iban, match__undone_at=None
    )
    return parts.exclude(payment=None).values_list("payment__customer_id", flat=True).distinct()


def _by_payment(line: BankLine, at: datetime) -> Iterable[int]:
    """Customers of whom as much was received lately: it may be this line's, or come back with it."""
    since = local_day(at - REMEMBERED)
    rows = Payment.everywhere.filter(company=line.company_id, amount=abs(line.amount), paid_on__gte=since)
    return rows.order_by("-paid_on", "-id").values_list("customer_id", flat=True)[:MOST_EQUAL]
