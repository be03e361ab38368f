"""What must agree, to the cent, whatever was done: statuses, journal, sub-ledgers, VAT by day, what is declared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Sum

from billing import ledger
from billing.ledger.accounts import due_account
from billing.ledger.vat.waiting import unpaid_part
from billing.models import DepositDeduction, Invoice, JournalEntry, JournalLine, VatSubtotal
from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.money import CENT, ZERO
from einvoicing.models import PlatformAccount
from einvoicing.services import declaring
from einvoicing.services.rate_shares import gross_by_rate, split_by_rate
from payments.models import BankAccount, BankLine, MatchPart, Payment, Refund, WriteOff
from payments.services.reconciliation_statement import reconciliation_statement


@pytest.fixture
def declared(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the statuses 212 say was received, in a table of its own: what is not kept was not declared either."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE declared (invoice bigint, rate numeric, amount numeric) ON COMMIT DROP")

    def note(statuses: Sequence[declaring.Status], **_kwargs: Any) -> list[Any]:
        rows = [
            (invoice.pk, row.percent, row.amount)
            for invoice, code, details, _to in statuses
            for row in (details[0].characteristics if code == declaring.RECEIVED else ())
        ]
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO declared VALUES (%s, %s, %s)", rows)
        return []

    monkeypatch.setattr(
        declaring, "holders_of", lambda invoices, _actor: [[PlatformAccount(kind="afnor")]] * len(invoices)
    )
    monkeypatch.setattr(declaring, "_declare", note)
    monkeypatch.setattr(
        declaring, "declared_by_rate", lambda pairs: [told()[invoice.pk] for invoice, _account in pairs]
    )


def told() -> dict[int, dict[Decimal, Decimal]]:
    """Invoice → rate → all that was declared of it."""
    sums: dict[int, dict[Decimal, Decimal]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute("SELECT invoice, rate, sum(amount) FROM declared GROUP BY invoice, rate HAVING sum(amount) <> 0")
        for invoice, rate, amount in cursor.fetchall():
            sums[invoice][rate] = amount
    return sums


def check_declared() -> None:
    """What was declared of each rate of an invoice is its share of what is paid, over what credit notes left of it."""
    sums = told()
    for row in Invoice.objects.issued().exclude(kind="381"):
        due = split_by_rate(row.amount_paid, gross_by_rate(row))
        assert {"of": row.number, **sums[row.pk]} == {"of": row.number, **due}


def check_figures(company: Company) -> None:
    """Statuses and amounts follow from what was written about them, whoever wrote it."""
    assert [found for figures in chain._recomputed for found in chain._verify_figures(company, figures)] == []


def check_money() -> None:
    """What customers owe, the money accounts, 471, charges and differences stand in the journal; entries balance."""
    unbalanced = JournalEntry.objects.annotate(sum=Sum(F("lines__debit") - F("lines__credit"))).exclude(sum=0)
    assert list(unbalanced) == []
    owed: Counter[int | None] = Counter()
    for invoice in Invoice.objects.issued():
        owed[invoice.customer_id] += invoice.balance
    for payment in Payment.objects.all():
        owed[payment.customer_id] -= payment.unallocated
    rows = JournalLine.objects.filter(account=ledger.CUSTOMERS).values_list("customer_id")
    assert nonzero(owed) == nonzero(dict(rows.annotate(sum=Sum(F("debit") - F("credit")))))
    lines = MatchPart.objects.filter(kind="BOOKING", match__undone_at=None)
    accounts = JournalLine.objects.values_list("account").annotate(sum=Sum(F("debit") - F("credit")))
    booked = Counter(dict(accounts))
    received = total(Payment.objects.all()) - total(Refund.objects.filter(cancelled_at=None))
    assert sum(booked[one] for one in booked if one.startswith(("51", "53"))) == received + total(lines)
    expected: Counter[str] = Counter({ledger.SUSPENSE: -total(BankLine.objects.filter(status="SUSPENSE"))})
    for account, amount in lines.exclude(account=ledger.SUSPENSE).values_list("account", "amount"):
        expected[account] -= amount
    for row in WriteOff.objects.all():
        expected[row.account] += lost(row)
    assert {account: booked[account] for account in expected} == expected


def check_banks(on: date) -> None:
    """Each account’s état de rapprochement explains what the books say."""
    for account in BankAccount.objects.all():
        found = reconciliation_statement(account, on)
        explained = found.at_bank + found.entries_total - found.lines_total - found.before - found.missing
        assert explained == found.in_books == booked(account=account.ledger_account), account


def lost(row: WriteOff) -> Decimal:
    """Without VAT; negative where it is income."""
    return (row.amount - row.vat_amount) * (1 if row.invoice_id else -1)


def check_vat() -> None:
    """Of each rate, on each day, due or waiting: what is issued that day, less what is replaced or written off with it;
    of each invoice, what waits is in proportion of what is left to pay.
    """
    due: Counter[tuple[str, date]] = Counter()
    for invoice in Invoice.objects.issued().select_related("corrects"):
        add_vat(due, invoice, invoice.issue_date, -1 if invoice.is_credit_note else 1)
        if invoice.kind == "384":
            add_vat(due, invoice.corrects, invoice.issue_date, -1)
    for row in WriteOff.objects.all():
        for rate, part in row.vat.items():
            due[ledger.vat_account(Decimal(rate)), local_day(row.at)] -= Decimal(part)
    rows = JournalLine.objects.filter(account__startswith="4457").values_list("account", "entry__day")
    found: Counter[tuple[str, date]] = Counter()
    for account, day, amount in rows.annotate(sum=Sum(F("credit") - F("debit"))):
        found[due_account(account), day] += amount
    assert nonzero(due) == nonzero(found)
    check_waiting_vat()


def check_waiting_vat() -> None:
    """All of it while nothing is paid, none where nothing is left; never more than the document bears."""
    for invoice in Invoice.objects.issued().exclude(kind="381"):
        waiting = -booked(invoice=invoice, account__startswith="44574")
        standing = -booked(invoice=invoice, account__startswith="4457")
        left, whole = unpaid_part(invoice)
        expected = standing * left / whole if whole else ZERO
        rates = invoice.vat_subtotals.count()
        assert abs(waiting - expected) <= CENT * rates / 2, (invoice, waiting, standing, left, whole)
        assert left or not waiting, invoice
        assert min(ZERO, invoice.total_vat) <= standing <= invoice.total_vat + CENT * rates, invoice


def nonzero(sums: Mapping[Any, Decimal]) -> dict[Any, Decimal]:
    return {key: amount for key, amount in sums.items() if amount}


def add_vat(due: Counter[tuple[str, date]], invoice: Any, day: Any, sign: int) -> None:
    """That of an invoice, without the deposits it deducts."""
    deposits = DepositDeduction.objects.filter(invoice=invoice).values("deposit_id")
    for rows, part in ((invoice.vat_subtotals.all(), sign), (VatSubtotal.objects.filter(invoice__in=deposits), -sign)):
        for row in rows:
            due[ledger.vat_account(row.rate), day] += part * row.amount


def booked(**which: Any) -> Decimal:
    return JournalLine.objects.filter(**which).aggregate(sum=Sum(F("debit") - F("credit"), default=Decimal(0)))["sum"]


def total(rows: Any, column: str = "amount") -> Decimal:
    return rows.aggregate(sum=Sum(column, default=Decimal(0)))["sum"]
