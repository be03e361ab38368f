"""What the bank is to credit of our orders, as the matcher sees it: each debit, each batch of a file, each file.

A bank credits one by one, a batch in one line (its PmtInfId), or the whole file (its MsgId). Of a batch, those that
were rejected before the credit are no longer waited for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from config.kernel.models import Company
from config.kernel.money import ZERO
from payments.matching import DEBIT_ORDER, OpenItem
from payments.models import BankLine, DebitStatus, DirectDebit

DEBITS = "debits"  # what the id of such an item begins with; the keys of its debits follow
COLUMNS = (
    "pk", "amount", "end_to_end_id", "batch", "order__number", "collected_on", "mandate__customer_id",
    "mandate__customer__name",
)  # fmt: skip


def expected_debits(company: Company) -> Iterator[OpenItem]:
    """The ordered debits of a company, by all the names under which the bank may credit them. One query."""
    rows = DirectDebit.everywhere.filter(company=company, status=DebitStatus.ORDERED).order_by("pk")
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows.values(*COLUMNS):
        order, batch = row["order__number"], row["batch"]
        keys: tuple[tuple[str, ...], ...] = ((order,), (batch, order), (row["end_to_end_id"],))
        for key in keys:
            groups.setdefault(key, []).append(row)
    # a file of one batch, or of one debit, is one thing by several names
    names: dict[tuple[int, ...], list[str]] = {}
    rows_of: dict[tuple[int, ...], list[dict[str, Any]]] = {}
    for key, group in groups.items():
        members = tuple(row["pk"] for row in group)
        names.setdefault(members, []).extend(key)
        rows_of[members] = group
    for members, group in rows_of.items():
        yield _item(members, list(dict.fromkeys(names[members])), group)


def _item(keys: tuple[int, ...], names: list[str], group: list[dict[str, Any]]) -> OpenItem:
    customers = {(row["mandate__customer_id"], row["mandate__customer__name"]) for row in group}
    customer, name = customers.pop() if len(customers) == 1 else (None, "")
    return OpenItem(
        id=(DEBITS, *keys),
        number=names[0],
        rf_reference="",
        balance=sum((row["amount"] for row in group), ZERO),
        customer_id=customer,
        customer_name=name,
        due_on=max(row["collected_on"] for row in group),
        kind=DEBIT_ORDER,
        end_to_end_ids=tuple(names[1:]),
    )


def debits_credited(line: BankLine, keys: Sequence[int]) -> list[DirectDebit]:
    """Those debits, where the bank still owes them all and the line is of the account they were to come on."""
    rows = DirectDebit.everywhere.filter(
        company=line.company_id, pk__in=keys, status=DebitStatus.ORDERED, order__bank_account=line.account_id
    )
    found = list(rows.select_related("invoice", "mandate__customer", "order").order_by("pk"))
    return found if len(found) == len(keys) else []
