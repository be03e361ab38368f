"""What money stands at, to be compared before something is done and after it is undone: the rows of the tables that can
change byte by byte; of those that only grow, what stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, QuerySet, Sum, TextField

from billing.models import Invoice, InvoiceLine, JournalLine
from config.kernel.models import Company
from customers.models import Customer
from payments.models import (
    Allocation,
    BankAccount,
    BankLine,
    BankRule,
    BankStatement,
    Payment,
    Refund,
    RefundShare,
    RemittanceLine,
    WriteOff,
)

Rows = Mapping[Any, Any]


@dataclass(frozen=True)
class MoneyState:
    """Of one company: a payment that was reversed weighs nothing, and stands for what it was before it came."""

    tables: Mapping[str, Rows]

    @property
    def accounts(self) -> Rows:
        """(account, customer) → balance."""
        return self.tables["balance"]

    def differences(self, other: MoneyState) -> list[str]:
        """What a failing test prints: each row that is not the same."""
        pairs = [(name, rows, other.tables[name]) for name, rows in self.tables.items()]
        return [
            f"{name} {key}: {before.get(key)} → {after.get(key)}"
            for name, before, after in pairs
            for key in sorted({*before, *after}, key=str)
            if before.get(key) != after.get(key)
        ]


def money_state(company: Company) -> MoneyState:
    """What can change of the company's rows, whole; what its history adds up to; and its trial balance."""
    payments = Payment.everywhere.filter(reverses=None, reversed_at=None)
    whole = {
        Invoice: Invoice.everywhere.all(),
        InvoiceLine: InvoiceLine.everywhere.all(),
        Customer: Customer.everywhere.all(),
        Payment: payments,
        Refund: Refund.everywhere.filter(cancelled_at=None),
        WriteOff: WriteOff.everywhere.filter(reverses=None, reversal=None),
        BankAccount: BankAccount.everywhere.all(),
        BankStatement: BankStatement.everywhere.all(),
        BankLine: BankLine.everywhere.all(),
        BankRule: BankRule.everywhere.all(),
        RemittanceLine: RemittanceLine.everywhere.filter(removed_at=None),
    }
    sums = {
        "held": _sums(Allocation.everywhere.filter(company=company), ("payment_id", "invoice_id"), Sum("amount")),
        "refunded": _sums(RefundShare.everywhere.filter(company=company), ("payment_id",), Sum("amount")),
        "balance": _sums(
            JournalLine.everywhere.filter(company=company), ("account", "customer_id"), Sum(F("debit") - F("credit"))
        ),
    }
    return MoneyState(
        {**{model.__name__: _bytes(rows.filter(company=company)) for model, rows in whole.items()}, **sums}
    )


def _bytes(rows: QuerySet[Any]) -> Rows:
    """Key → the row as PostgreSQL writes it."""
    table = rows.model._meta.db_table
    written = Func(F("pk"), template=f'"{table}"::text', output_field=TextField())
    return dict(rows.order_by("pk").annotate(written=written).values_list("pk", "written"))


def _sums(rows: QuerySet[Any], by: tuple[str, ...], amount: Any) -> Rows:
    """Each sum that is not zero."""
    return {
        tuple(row[:-1]): row[-1] for row in rows.values(*by).annotate(sum=amount).values_list(*by, "sum") if row[-1]
    }
