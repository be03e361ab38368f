"""Three-way match: what an invoice bills against what was ordered and what came, within the company's tolerances.

Each line is matched with the ordered line that it bills; what differs are doubts, which a person settles or a receipt
resolves. What other invoices bill of the same ordered line counts too, and credit notes give it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext as _

from billing.models import PurchaseInvoice
from billing.purchases.models import (
    ENDED,
    OrderMatch,
    PurchaseLine,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderStatus,
    PurchaseSettings,
    ReceiptLine,
)
from billing.purchases.resemblance import plain_name
from config.kernel.money import HUNDRED, ZERO, round2
from config.kernel.rows import lock
from config.kernel.typography import number, price

OF_ORDER = frozenset({"order_unknown", "order_price", "order_quantity", "not_received"})
OURS = "CDF-"  # numbers that are our orders, or were meant to be


@dataclass(frozen=True, slots=True)
class Difference:
    """What of a line is not as ordered or received: the doubt that it makes, and the figures in a sentence."""

    doubt: str
    line: PurchaseLine
    sentence: str


def order_of(purchase: PurchaseInvoice) -> PurchaseOrder | None:
    """The order of ours that the purchase quotes: one placed with its supplier."""
    if not purchase.order_reference:
        return None
    orders = PurchaseOrder.everywhere.filter(supplier_id=purchase.supplier_id, number=purchase.order_reference.strip())
    row: PurchaseOrder | None = orders.exclude(
        status__in=(PurchaseOrderStatus.DRAFT, PurchaseOrderStatus.CANCELLED)
    ).first()
    return row


def match_lines(purchase: PurchaseInvoice) -> None:
    """Match each line of a purchase with the ordered line that it bills, and propose that one's account.

    By most words in common, then by the same price, then in order. A line that a person booked keeps its account.
    """
    OrderMatch.everywhere.filter(purchase_line__purchase=purchase).delete()
    order = order_of(purchase)
    if order is None:
        return
    # of two invoices that bill one order at once the second sees what the first bills
    lock(order)
    ordered = list(PurchaseOrderLine.everywhere.filter(order=order).order_by("position"))
    matches = []
    for line in PurchaseLine.everywhere.filter(purchase=purchase).order_by("position"):
        found = _most_like(line, ordered)
        if found is None:
            continue
        matches.append(OrderMatch(company_id=purchase.company_id, purchase_line=line, order_line=found))
        if found.account and line.proposed_because.get("kind") in {"word", "default", "history"}:
            line.account, line.proposed_because = found.account, {"kind": "order", "number": order.number}
            line.save(update_fields=["account", "proposed_because"])
    OrderMatch.everywhere.bulk_create(matches)


def _most_like(line: PurchaseLine, ordered: Iterable[PurchaseOrderLine]) -> PurchaseOrderLine | None:
    wanted = set(plain_name(line.description).split())
    best, most = None, (Decimal(0), False)
    for one in ordered:
        words = set(plain_name(one.description).split())
        common = Decimal(len(wanted & words)) / max(len(wanted | words), 1)
        likeness = (common, line.unit_price is not None and line.unit_price == one.unit_price)
        if likeness > most:
            best, most = one, likeness
    return best


def order_doubts(purchase: PurchaseInvoice) -> set[str]:
    """The doubts that its order and its receipts make about a purchase as it stands."""
    if not purchase.order_reference:
        return set()
    if order_of(purchase) is None:
        return {"order_unknown"} if purchase.order_reference.strip().upper().startswith(OURS) else set()
    return {difference.doubt for difference in differences_of(purchase)}


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A line of a purchase beside the ordered one that it bills (None: it bills none), with what differs.

    `billed` and `received` are those of the ordered line in all; `asked` is the price of one on the purchase.
    """

    line: PurchaseLine
    ordered: PurchaseOrderLine | None
    quantity: Decimal
    asked: Decimal
    billed: Decimal
    received: Decimal
    differences: tuple[Difference, ...]


def compare_lines(purchase: PurchaseInvoice) -> list[MatchedLine]:
    """Each line against its order and its receipts. Nothing of a credit note, a deposit, or what quotes no order of
    ours.
    """
    if purchase.is_credit_note or purchase.is_deposit or order_of(purchase) is None:
        return []
    settings = settings_of(purchase.company_id)
    lines = list(PurchaseLine.everywhere.filter(purchase=purchase).order_by("position"))
    rows = OrderMatch.everywhere.filter(purchase_line__in=lines).select_related("order_line")
    matched = {row.purchase_line_id: row.order_line for row in rows}
    billed, received = billed_of(matched.values()), _received(matched.values())
    return [_matched(line, matched.get(line.pk), billed, received, settings) for line in lines]


def settings_of(company_id: int) -> PurchaseSettings:
    return PurchaseSettings.everywhere.filter(company_id=company_id).first() or PurchaseSettings()


def differences_of(purchase: PurchaseInvoice) -> list[Difference]:
    """What of the purchase is dearer or more than ordered, or more than received. None for a credit note."""
    return [difference for row in compare_lines(purchase) for difference in row.differences]


def say_differences(purchase: PurchaseInvoice) -> dict[str, list[str]]:
    """The differences in words, by the doubt that each makes, with the line where there are several."""
    found: dict[str, list[str]] = {}
    for difference in differences_of(purchase):
        found.setdefault(difference.doubt, []).append(f"{difference.line.description} : {difference.sentence}")
    return found


def _matched(
    line: PurchaseLine,
    ordered: PurchaseOrderLine | None,
    billed: Mapping[int, Decimal],
    received: Mapping[int, Decimal],
    settings: PurchaseSettings,
) -> MatchedLine:
    if ordered is None:
        sentence = _("Cette ligne n’est pas dans la commande.")
        found = (Difference("order_quantity", line, sentence),) if line.net > 0 else ()
        return MatchedLine(line, None, line.quantity or Decimal(1), line.net, ZERO, ZERO, found)
    quantity = quantity_of(line, ordered)
    asked = line.net / quantity if quantity else line.net
    known = billed[ordered.pk], received.get(ordered.pk, ZERO)
    return MatchedLine(
        line, ordered, quantity, round2(asked), *known, tuple(_differences(line, ordered, *known, settings))
    )


def _differences(
    line: PurchaseLine, ordered: PurchaseOrderLine, billed: Decimal, received: Decimal, settings: PurchaseSettings
) -> Iterator[Difference]:
    quantity = quantity_of(line, ordered)
    at_its_price = quantity * ordered.unit_price
    over = line.net - at_its_price
    share = at_its_price * settings.price_tolerance_percent / HUNDRED
    if over > max(share, settings.price_tolerance_amount):
        asked = line.net / quantity if quantity else line.net
        figures = {"asked": price(round2(asked)), "ordered": price(ordered.unit_price)}
        yield Difference("order_price", line, _("Facturé %(asked)s, commandé à %(ordered)s.") % figures)
    room = 1 + settings.quantity_tolerance_percent / HUNDRED
    figures = {"billed": number(billed), "ordered": number(ordered.quantity), "received": number(received)}
    if billed > ordered.quantity * room:
        yield Difference("order_quantity", line, _("Facturé %(billed)s en tout, commandé %(ordered)s.") % figures)
    if settings.requires_receipt and billed > received * room:
        yield Difference("not_received", line, _("Facturé %(billed)s en tout, reçu %(received)s.") % figures)


def quantity_of(line: PurchaseLine, ordered: PurchaseOrderLine) -> Decimal:
    """How many a line bills; where its document does not say, as many as its amount pays for at the ordered price."""
    if line.quantity is not None:
        return line.quantity
    return (line.net / ordered.unit_price).quantize(Decimal("0.0001")) if ordered.unit_price else Decimal(1)


def billed_of(ordered: Iterable[PurchaseOrderLine]) -> Mapping[int, Decimal]:
    """What all living invoices bill of these lines, less what credit notes give back."""
    lines = {one.pk: one for one in ordered}
    rows = OrderMatch.everywhere.filter(order_line__in=lines.values()).select_related("purchase_line__purchase")
    sums = dict.fromkeys(lines, Decimal(0))
    for row in rows.exclude(purchase_line__purchase__status__in=ENDED):
        line = row.purchase_line
        sums[row.order_line_id] += line.purchase.sign * quantity_of(line, lines[row.order_line_id])
    return sums


def _received(ordered: Iterable[PurchaseOrderLine]) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = {}
    for row in ReceiptLine.everywhere.filter(order_line__in=list(ordered)):
        sums[row.order_line_id] = sums.get(row.order_line_id, Decimal(0)) + row.quantity
    return sums


def received_of(order: PurchaseOrder) -> dict[int, Decimal]:
    """What came of each line of an order, by the key of the line."""
    rows = ReceiptLine.everywhere.filter(order_line__order=order).order_by().values("order_line_id")
    return dict(rows.annotate(sum=Sum("quantity")).values_list("order_line_id", "sum"))
