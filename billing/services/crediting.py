"""What a credit note takes back, line by line and rate by rate, never more than was invoiced and to the last cent.

Amounts are cumulated. A quantity takes its share of the net that earlier notes left on its line, and the last quantity
takes all of it; the VAT of a rate is the VAT of all that is credited at that rate less what earlier notes gave back.
So any split of an invoice, in any order, ends at zero for each line, rate and total (the cent stays within BR-CO-17's
tolerance). Only issued notes count: a draft is computed again, under the lock of its invoice, when it is issued.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, localcontext

from django.db import transaction
from django.db.models import Sum

from billing import totals
from billing.models import Invoice, InvoiceKind, InvoiceLine, InvoiceStatus, VatSubtotal
from billing.services.deducting import deposits_of, write_deductions
from billing.services.settling import CreditTooLarge, check_creditable, lock_invoice
from billing.totals import Totals
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import PRECISION, ZERO, round2, round6, round_in
from config.kernel.typography import money, number


class LineCreditTooLarge(CreditTooLarge):
    message = "« %(line)s » : il ne peut plus être crédité que %(quantity)s pour %(net)s HT."


class NothingGivenBack(Invalid):
    code = "amount_not_positive"
    message = "L’avoir ne rend rien : son total doit être positif."


class RateCreditTooLarge(CreditTooLarge):
    message = (
        "Au taux de %(rate)s %%, l’avoir sort de ce qui a été facturé : il reste %(room)s HT à créditer. "
        "Créditez ensemble les lignes et leurs remises."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedPart:
    """What is taken back of an invoice's line: a quantity, or an `amount` without VAT (a rebate on its price)."""

    line: InvoiceLine
    quantity: Decimal = ZERO
    amount: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRoom:
    """What issued credit notes left of an invoice's line."""

    line: InvoiceLine
    quantity: Decimal
    net: Decimal

    @property
    def is_open(self) -> bool:
        return bool(self.quantity or self.net)


def rooms_of(invoice: Invoice) -> list[LineRoom]:
    """Each line of the invoice with what may still be credited of it. Two queries."""
    rows = InvoiceLine.everywhere.filter(credited_line__invoice=invoice).exclude(invoice__status=InvoiceStatus.DRAFT)
    sums = rows.order_by().values("credited_line").annotate(quantity=Sum("credited_quantity"), net=Sum("net_amount"))
    credited = {row["credited_line"]: (row["quantity"], row["net"]) for row in sums}
    found = []
    for line in InvoiceLine.everywhere.filter(invoice=invoice).order_by("position"):
        quantity, net = credited.get(line.pk, (ZERO, ZERO))
        found.append(LineRoom(line=line, quantity=line.quantity - quantity, net=line.net_amount - net))
    return found


def the_rest(rooms: Sequence[LineRoom]) -> list[CreditedPart]:
    """« Ce qui reste »: all that issued credit notes left."""
    return [CreditedPart(line=room.line, quantity=room.quantity) for room in rooms if room.is_open]


def price_note(note: Invoice, rows: Sequence[InvoiceLine]) -> Totals:
    """The totals of a drafted credit note as of now; the rows' nets and prices are set, in memory.

    What leaves nothing of a final invoice takes back its deductions too (`prepaid`): the deposits are free again.
    Raises CreditTooLarge where a line, a VAT rate or the whole would give back more than was invoiced, and
    NothingGivenBack.
    """
    if note.corrects_id is None:
        raise ValueError("a credit note corrects an invoice")
    # as it stands now: the note may have been read before others were issued
    invoice = Invoice.everywhere.get(pk=note.corrects_id)
    left = {room.line.pk: room for room in rooms_of(invoice)}
    for row in rows:
        room = left.get(row.credited_line_id or 0)
        if room is None:
            raise ValueError("the line of a credit note credits a line of its invoice")
        _price(row, room, invoice)
        # two rows of one note may credit the same line: the second finds what the first left
        left[room.line.pk] = replace(
            room, quantity=room.quantity - row.credited_quantity, net=room.net - row.net_amount
        )
    computed = _with_cumulated_vat(invoice, totals.compute([row.priced() for row in rows], currency=invoice.currency))
    if computed.gross < 0 or (not computed.gross and invoice.total_gross):
        raise NothingGivenBack
    prepaid = ZERO if any(room.net for room in left.values()) else invoice.amount_deposited
    computed = replace(computed, prepaid=prepaid, payable=computed.gross - prepaid)
    open_amount = invoice.payable - invoice.amount_credited
    if invoice.status == InvoiceStatus.CREDITED or computed.payable > open_amount:
        wanted, room_left = (money(value, invoice.currency) for value in (computed.payable, open_amount))
        raise CreditTooLarge(number=invoice.number, amount=wanted, room=room_left)
    return computed


def reprice_note(note: Invoice, rows: Sequence[InvoiceLine]) -> Totals:
    """Write a drafted credit note as it is to be issued now, under the lock of its invoice. Raises as price_note."""
    computed = price_note(note, rows)
    InvoiceLine.everywhere.bulk_update(rows, ["unit_price", "discount_percent", "net_amount"])
    note.total_net, note.total_vat, note.total_gross = computed.net, computed.vat, computed.gross
    note.save(update_fields=["total_net", "total_vat", "total_gross"])
    write_deductions(note, deposits_taken_back(note, computed))
    return computed


def deposits_taken_back(note: Invoice, computed: Totals) -> list[Invoice]:
    """The deposits that a note of these totals sets free."""
    return deposits_of(note.corrects) if computed.prepaid and note.corrects is not None else []


def totals_of(draft: Invoice, rows: Sequence[InvoiceLine]) -> Totals:
    """The totals of a draft as issuing would write them. Raises what price_note does."""
    if draft.is_credit_note:
        return price_note(draft, rows)
    return totals.compute([row.priced() for row in rows], currency=draft.currency)


def shown_totals(draft: Invoice, rows: Sequence[InvoiceLine]) -> Totals:
    """The totals of a draft for a page: a note that may no longer be issued shows those it was drafted with."""
    try:
        return totals_of(draft, rows)
    except DomainError:
        return totals.compute([row.priced() for row in rows], currency=draft.currency)


def _within(amount: Decimal, whole: Decimal) -> bool:
    return min(whole, ZERO) <= amount <= max(whole, ZERO)


def _price(row: InvoiceLine, room: LineRoom, invoice: Invoice) -> None:
    """Set the net (BT-131) of a note's row, and the price that gives it where the one of the invoice does not."""
    net = row.net_amount
    if row.credited_quantity and _within(row.credited_quantity, room.quantity):
        with localcontext() as context:
            context.prec = PRECISION
            # of what is left, not of the whole: so the last quantity takes the last cent, in whatever order notes come
            net = round_in(room.net * row.credited_quantity / room.quantity, invoice.currency)
    if not _within(row.credited_quantity, room.quantity) or not _within(net, room.net):
        raise LineCreditTooLarge(
            line=row.description, quantity=number(room.quantity), net=money(room.net, invoice.currency)
        )
    row.net_amount = net
    if not row.credited_quantity:
        return
    billed = room.line.priced()
    row.unit_price, row.discount_percent = billed.unit_price, billed.discount_percent
    # BR-FR-DEC and BT-131: quantity × price must give the net that stands there; without the discount, one price does
    if totals.line_net(replace(billed, quantity=row.quantity, net=None), invoice.currency) != net:
        row.unit_price, row.discount_percent = round6(net / row.quantity), Decimal(0)


def _with_cumulated_vat(invoice: Invoice, computed: Totals) -> Totals:
    billed = {(row.category, row.rate): row for row in VatSubtotal.everywhere.filter(invoice=invoice)}
    earlier = _credited_by_rate(invoice)
    subtotals = []
    for row in computed.subtotals:
        whole = billed[row.category, row.rate]
        base, vat = earlier.get((row.category, row.rate), (ZERO, ZERO))
        if not _within(base + row.base, whole.base):
            raise RateCreditTooLarge(
                number=invoice.number, rate=number(row.rate), room=money(whole.base - base, invoice.currency)
            )
        # the last note takes the VAT that is left, to the cent: the sum of rounded parts is seldom the rounded whole
        cumulated = base + row.base
        after = whole.amount if cumulated == whole.base else totals.vat_of(cumulated, row.rate, invoice.currency)
        subtotals.append(replace(row, amount=after - vat))
    vat = totals.total(row.amount for row in subtotals)
    return replace(computed, subtotals=tuple(subtotals), vat=vat, gross=computed.net + vat)


def _credited_by_rate(invoice: Invoice) -> Mapping[tuple[str, Decimal], tuple[Decimal, Decimal]]:
    """Base and VAT that issued credit notes gave back, per category and rate."""
    rows = VatSubtotal.everywhere.filter(invoice__corrects=invoice, invoice__kind=InvoiceKind.CREDIT_NOTE)
    sums = rows.exclude(invoice__status=InvoiceStatus.DRAFT).order_by().values("category", "rate")
    return {
        (row["category"], row["rate"]): (row["base"], row["vat"])
        for row in sums.annotate(base=Sum("base"), vat=Sum("amount"))
    }


def _row(note: Invoice, part: CreditedPart, position: int) -> InvoiceLine:
    line = part.line
    columns = {
        name: getattr(line, name)
        for name in ("product_id", "description", "is_service", "unit", "vat_category", "vat_rate", "exemption_code")
    }
    row = InvoiceLine(
        company_id=note.company_id,
        invoice=note,
        position=position,
        credited_line=line,
        **columns,
        quantity=part.quantity,
        credited_quantity=part.quantity,
        unit_price=line.unit_price,
        discount_percent=line.discount_percent,
    )
    if not part.quantity:
        if not part.amount or round2(part.amount) != part.amount:
            raise Invalid("Une remise est un montant au centime, différent de zéro.")
        row.description = f"Remise sur « {line.description} »"[:500]
        row.quantity = Decimal(1).copy_sign(part.amount)
        row.unit, row.unit_price, row.discount_percent = "C62", abs(part.amount), Decimal(0)
        row.net_amount = part.amount
    return row


def _note_of(invoice: Invoice, reason: str) -> Invoice:
    """A credit note with what it takes over from its invoice; nothing is stored."""
    return Invoice(
        company=invoice.company,
        customer=invoice.customer,
        buyer_name=invoice.customer.name,
        kind=InvoiceKind.CREDIT_NOTE,
        corrects=invoice,
        credit_reason=reason,
        purchase_order=invoice.purchase_order,
        service_code=invoice.service_code,
        contract_reference=invoice.contract_reference,
        delivery=invoice.delivery,
        currency=invoice.currency,
        supply_date=invoice.supply_date,
    )


@transaction.atomic
def draft_credit_note(
    *, invoice: Invoice, parts: Sequence[CreditedPart] | None, reason: str, actor: Actor, at: datetime
) -> Invoice:
    """A draft credit note (381) of all that is left of the invoice, or of given parts. Amounts are positive.

    Raises NothingToCredit, DepositDeducted, CreditTooLarge, Invalid.
    """
    invoice = lock_invoice(invoice)
    check_creditable(invoice)
    rest = the_rest(rooms_of(invoice))
    if invoice.status == InvoiceStatus.CREDITED or not rest:
        raise CreditTooLarge(
            number=invoice.number,
            amount=money(invoice.total_gross, invoice.currency),
            room=money(ZERO, invoice.currency),
        )
    note = _note_of(invoice, reason)
    rows = [_row(note, part, position) for position, part in enumerate(rest if parts is None else parts, start=1)]
    computed = price_note(note, rows)
    note.total_net, note.total_vat, note.total_gross = computed.net, computed.vat, computed.gross
    note.save(force_insert=True)
    InvoiceLine.everywhere.bulk_create(rows)
    audit.record(
        "billing.invoice.drafted",
        subject=note,
        also=[invoice.customer, invoice],
        actor=actor,
        at=at,
        data={"total": note.total_gross, **audit.in_currency(note.currency)},
    )
    write_deductions(note, deposits_taken_back(note, computed))
    return note


def preview_credit(invoice: Invoice, parts: Sequence[CreditedPart]) -> Totals:
    """What a note of these parts would give back, without storing anything. Raises CreditTooLarge, Invalid."""
    note = Invoice(company_id=invoice.company_id, kind=InvoiceKind.CREDIT_NOTE, corrects=invoice)
    return price_note(note, [_row(note, part, position) for position, part in enumerate(parts, start=1)])
