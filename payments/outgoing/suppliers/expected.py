"""What the bank is to show of suppliers, as the matcher sees it: our transfers, our files, what they collect of us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, cast

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef, Q

from billing.models.invoice_rows import InvoiceKind
from billing.purchases.models import PurchaseInvoice, PurchaseStatus
from config.kernel.models import Company
from config.kernel.money import ZERO
from payments.matching import PURCHASE, SENT, SUPPLIER, OpenItem, Verdict
from payments.models import BankLine, MatchPart, Method, SupplierPayment, SupplierPaymentKind
from payments.outgoing.suppliers.entries import Due
from payments.services.settling_parts import OfSupplier, PurchasesPaid, SupplierPaid, SupplierReturned

ORDER, PAYMENT = "order", "payment"  # what the id of a SUPPLIER is of
COLUMNS = (
    "pk", "number", "amount", "currency", "method", "iban", "reference", "made_on", "order_id", "order__number",
    "run__number", "supplier_id", "supplier__name", "is_shown",
)  # fmt: skip
DEBITED = ("PRLV", "PRELEVEMENT", "PRÉLÈVEMENT", "DIRECT DEBIT", "/PMNT/RDDT")


def supplier_money(company: Company, since: date) -> Iterator[OpenItem]:
    """Of the company: what we paid since that day, and what its suppliers are owed. Two queries."""
    shown = MatchPart.everywhere.filter(supplier_payment=OuterRef("pk"), match__undone_at=None)
    returned = SupplierPayment.everywhere.filter(returns=OuterRef("pk"), cancelled_at=None)
    rows = SupplierPayment.everywhere.filter(company=company, cancelled_at=None, made_on__gte=since)
    rows = rows.filter(~Exists(returned), kind=SupplierPaymentKind.PAYMENT).annotate(is_shown=Exists(shown))
    orders: dict[int, list[dict[str, Any]]] = {}
    for row in rows.order_by("pk").values(*COLUMNS):
        if row["method"] == Method.TRANSFER:
            yield _item(row, SENT, row["pk"], row["number"], (row["number"],))
        if row["is_shown"]:
            continue
        if row["order_id"]:
            orders.setdefault(row["order_id"], []).append(row)
        else:
            yield _item(row, SUPPLIER, (PAYMENT, row["pk"]), row["number"], (row["number"], row["reference"]))
    for key, group in orders.items():
        yield from _of_order(key, group)
    yield from _purchases(company)


def _of_order(key: int, group: list[dict[str, Any]]) -> Iterator[OpenItem]:
    """A file of one transfer is one thing by several names; of several, the bank shows each or all in one line."""
    first = group[0]
    names = (first["order__number"], first["run__number"] or "")
    if len(group) == 1:
        yield _item(first, SUPPLIER, (PAYMENT, first["pk"]), first["number"], (first["number"], *names))
        return
    for row in group:
        yield _item(row, SUPPLIER, (PAYMENT, row["pk"]), row["number"], (row["number"],))
    total = {**first, "amount": sum((row["amount"] for row in group), ZERO), "iban": "", "supplier__name": ""}
    yield _item(total, SUPPLIER, (ORDER, key), first["order__number"], names)


def _item(row: dict[str, Any], kind: str, key: Any, number: str, names: tuple[str, ...]) -> OpenItem:
    return OpenItem(
        id=key,
        number=number,
        rf_reference="",
        balance=row["amount"],
        customer_id=row["supplier_id"],
        customer_name=row["supplier__name"],
        due_on=row["made_on"],
        currency=row["currency"],
        kind=kind,
        end_to_end_ids=tuple(dict.fromkeys(filter(None, names))),
        given_ids=tuple(filter(None, (row["iban"],))),
    )


def _purchases(company: Company) -> Iterator[OpenItem]:
    rows = PurchaseInvoice.everywhere.filter(company=company, status=PurchaseStatus.BOOKED, disputed_at=None)
    confirmed = Q(supplier__ibans__confirmed_at__isnull=False)
    rows = rows.exclude(kind=InvoiceKind.CREDIT_NOTE).select_related("supplier")
    rows = rows.annotate(ibans=ArrayAgg("supplier__ibans__iban", filter=confirmed, default=[]))
    for row in rows.order_by("due_date", "pk"):
        yield OpenItem(
            id=row.pk,
            number=row.number,
            rf_reference="",
            balance=row.balance,
            customer_id=row.supplier_id,
            customer_name=row.supplier.name,
            due_on=row.due_date,
            currency=row.currency,
            kind=PURCHASE,
            end_to_end_ids=tuple(filter(None, (row.reference, row.payment_reference))),
            given_ids=tuple(row.ibans),
        )


def parts_of_suppliers(line: BankLine, verdict: Verdict) -> list[OfSupplier]:
    """The parts of a verdict about suppliers, that settling checks again; none of another bank account."""
    parts: list[OfSupplier] = []
    for shown, _amount in verdict.suppliers:
        kind, key = cast("tuple[str, int]", shown)
        rows = SupplierPayment.everywhere.filter(company=line.company_id, cancelled_at=None)
        own = rows.filter(Q(bank_account=None) | Q(bank_account=line.account_id)).select_related("supplier")
        found = list(own.filter(order=key).order_by("number") if kind == ORDER else own.filter(pk=key))
        if kind == ORDER:
            found = [row for row in found if not _is_shown(row)]
        parts += [SupplierPaid(row) for row in found]
    for purchase_id, amount in cast("Any", verdict.purchases):
        purchases = PurchaseInvoice.everywhere.filter(company=line.company_id, pk=purchase_id)
        dues = [Due(row, amount) for row in purchases.select_related("supplier")]
        parts += [PurchasesPaid([due], method_of(line)) for due in dues]
    for sent, _amount in cast("Any", verdict.came_back):
        rows = SupplierPayment.everywhere.filter(company=line.company_id, pk=sent)
        parts += [SupplierReturned(row) for row in rows.select_related("supplier")]
    return parts


def _is_shown(payment: SupplierPayment) -> bool:
    live = MatchPart.everywhere.filter(supplier_payment=payment, match__undone_at=None)
    return bool(live.exists()) or bool(SupplierPayment.everywhere.filter(returns=payment, cancelled_at=None).exists())


def method_of(line: BankLine) -> str:
    """A direct debit where the bank says so."""
    told = f"{line.transaction_code} {line.remittance}".upper()
    is_debit = bool(line.mandate_reference) or any(word in told for word in DEBITED)
    return Method.DIRECT_DEBIT if is_debit else Method.TRANSFER
