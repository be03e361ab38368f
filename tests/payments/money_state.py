"""What money stands at, to be compared before something is done and after it is undone: figures, not history."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing.models import Invoice, JournalLine
from config.kernel.models import Company
from payments.models import BankLine, Payment

INVOICE = (
    "pk",
    "status",
    "amount_paid",
    "amount_credited",
    "amount_written_off",
    "amount_deposited",
    "replaced_at",
)


@dataclass(frozen=True)
class MoneyState:
    """Of one company: a payment that was reversed weighs nothing, and stands for what it was before it came."""

    invoices: tuple[tuple[Any, ...], ...]
    payments: tuple[tuple[Any, ...], ...]
    lines: tuple[tuple[int, str], ...]
    accounts: dict[tuple[str, int | None], Decimal]

    def differences(self, other: MoneyState) -> list[str]:
        """What a failing test prints: each figure that is not the same."""
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__]
        return [f"{name}: {before} → {after}" for name, before, after in pairs if before != after]


def money_state(company: Company) -> MoneyState:
    """What invoices, standing payments, bank lines and the trial balance by account and customer say now."""
    standing = Payment.everywhere.filter(company=company, reverses=None, reversed_at=None)
    sums = JournalLine.everywhere.filter(company=company).values("account", "customer_id")
    balances = sums.annotate(balance=Sum("debit") - Sum("credit")).order_by("account", "customer_id")
    return MoneyState(
        invoices=tuple(Invoice.everywhere.filter(company=company).order_by("pk").values_list(*INVOICE)),
        payments=tuple(standing.order_by("pk").values_list("pk", "amount", "allocated")),
        lines=tuple(BankLine.everywhere.filter(company=company).order_by("pk").values_list("pk", "status")),
        accounts={(row["account"], row["customer_id"]): row["balance"] for row in balances if row["balance"]},
    )
