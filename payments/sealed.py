"""What payments puts into the chain of facts: payments, reversals among them, and each allocation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.kernel import chain
from config.kernel.chain import columns
from payments.models import Allocation, Payment


def payment_facts(payment: Any) -> Mapping[str, Any]:
    return columns(payment, *Payment.MUTABLE)


def allocation_facts(allocation: Any) -> Mapping[str, Any]:
    return columns(allocation)


def declare() -> None:
    chain.seal_rows_of(Payment, facts=payment_facts, rows=lambda payments: payments.order_by("recorded_at", "id"))
    chain.seal_rows_of(Allocation, facts=allocation_facts, rows=lambda allocations: allocations.order_by("at", "id"))
