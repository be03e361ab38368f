"""Deposit invoices (386): asked for from an order or a draft, and chosen to be deducted from the final invoice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, Sum

from billing import totals
from billing.deposits import share_out, what_is_left
from billing.models import (
    DepositDeduction,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceQuerySet,
    InvoiceStatus,
    OrderLine,
    OrderStatus,
    SalesOrder,
)
from billing.models.lines import DocumentLine
from billing.services.deducting import DepositNotDeductible, deductible_from, write_deductions
from billing.services.invoices import lock_draft, save_draft
from billing.services.lines import LineInput
from billing.sharing import apportion
from billing.totals import VatSubtotal
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import HUNDRED, ZERO, cents, from_cents, round_in
from config.kernel.typography import money

DRAFTED = "billing.invoice.deposit_drafted"
NO_SUCH_DEPOSIT = "Aucun acompte n’a l’identifiant %(key)s."


class NoDepositHere(DomainError):
    code = "no_deposit_here"
    message = "Un acompte se facture sur une commande confirmée, tant que sa facture n’est pas émise."


class DepositTooLarge(Invalid):
    code = "deposit_too_large"
    message = "Il reste %(room)s TTC à facturer : l’acompte ne peut pas dépasser ce montant."


class DepositTooSmall(Invalid):
    code = "deposit_too_small"
    message = "Le montant de l’acompte doit être positif."


class NoDeductionHere(DomainError):
    code = "no_deduction_here"
    message = "Seul le brouillon d’une facture déduit des acomptes, pas celui d’un acompte ni d’un avoir."


def takes_deposit(source: SalesOrder | Invoice) -> bool:
    """Whether a deposit may be invoiced now: on a confirmed order not invoiced yet, or on a draft without an order."""
    if isinstance(source, Invoice):
        return source.is_draft and source.kind == InvoiceKind.INVOICE and source.order_id is None
    final = Invoice.everywhere.of_order(source).in_force().issued()
    return source.status in {OrderStatus.PENDING, OrderStatus.SHIPPED} and not final.exists()


def room_of(source: SalesOrder | Invoice, *, besides: Invoice | None = None) -> Decimal:
    """What may still be asked for in advance, VAT included: the total less the deposits drafted or issued."""
    left = source.payable if isinstance(source, Invoice) else source.total_gross
    deposits = _deposits_on(source).exclude(pk=besides.pk) if besides else _deposits_on(source)
    open_parts = deposits.aggregate(sum=Sum(F("total_gross") - F("amount_credited")))
    return max(left - (open_parts["sum"] or ZERO), ZERO)


def check_deposit_room(deposit: Invoice, *, gross: Decimal) -> None:
    """A drafted deposit of an order or a draft goes out while that waits for its invoice, and within its total.

    Raises NoDepositHere, DepositTooLarge.
    """
    source = deposit.order or deposit.ahead_of
    if source is None:
        return
    if not takes_deposit(source):
        raise NoDepositHere
    room = room_of(source, besides=deposit)
    if gross > room:
        raise DepositTooLarge(room=money(room, deposit.currency))


def deduct_from_final_draft(deposit: Invoice, *, actor: Actor, at: datetime) -> None:
    """The final invoice of its order, where it is drafted before the deposit is issued, deducts it as far as it can."""
    made = Invoice.everywhere.of_order(deposit.order_id).filter(customer=deposit.customer_id)
    waiting = made.filter(status=InvoiceStatus.DRAFT, kind__in=[InvoiceKind.INVOICE, InvoiceKind.CORRECTED])
    drafts = Invoice.everywhere.filter(pk__in=waiting.values("pk"))
    for draft in drafts.select_for_update(no_key=True, of=("self",)):
        if deposit.total_gross <= draft.payable:
            keys = [*draft.deductions.values_list("deposit_id", flat=True), deposit.pk]
            choose_deposits(invoice=draft, keys=keys, actor=actor, at=at)


def _deposits_on(source: SalesOrder | Invoice) -> InvoiceQuerySet:
    rows = _deposits_ahead_of(source) if isinstance(source, Invoice) else Invoice.everywhere.filter(order=source)
    return rows.filter(kind=InvoiceKind.DEPOSIT)


def _rows_left(source: SalesOrder | Invoice) -> tuple[VatSubtotal, ...]:
    """What deposits have not asked for yet of each category and rate; what was credited may be asked for again."""
    requested: dict[tuple[str, Decimal], Decimal] = {}
    deposits = _deposits_on(source)
    if isinstance(source, Invoice):
        used = DepositDeduction.everywhere.filter(invoice=source).values("deposit_id")
        deposits = Invoice.everywhere.filter(Q(pk__in=used) | Q(pk__in=deposits.values("pk")))
    notes = Invoice.everywhere.filter(corrects__in=deposits, kind=InvoiceKind.CREDIT_NOTE).issued()
    for rows, sign in ((deposits, 1), (notes, -1)):
        for line in InvoiceLine.everywhere.filter(invoice__in=rows):
            key = (line.vat_category, line.vat_rate)
            requested[key] = requested.get(key, ZERO) + sign * line.net_amount
    whole = totals.compute([row.priced() for row in _rows_of(source)], currency=source.currency).subtotals
    return what_is_left(whole, requested)


def _deposits_ahead_of(draft: Invoice) -> InvoiceQuerySet:
    """The deposits drafted from a draft, save those that it or an issued invoice deducts."""
    used = DepositDeduction.everywhere.filter(Q(invoice=draft) | Q(is_live=True)).values("deposit_id")
    rows: InvoiceQuerySet = Invoice.everywhere.filter(ahead_of=draft, customer_id=draft.customer_id)
    return rows.exclude(pk__in=used)


def percent_of(source: SalesOrder | Invoice, percent: Decimal) -> Decimal:
    """`percent` of the total with VAT, rounded to the cent."""
    return round_in(source.total_gross * percent / HUNDRED, source.currency)


def deposit_description(source: SalesOrder | Invoice, percent: Decimal | None) -> str:
    """What the lines of a deposit say, in the language of the document."""
    share = "Acompte" if percent is None else f"Acompte de {percent.normalize():f} %".replace(".", ",")
    return f"{share} sur la commande {source.number}" if isinstance(source, SalesOrder) else f"{share} à la commande"


@transaction.atomic
def draft_deposit(
    *, source: SalesOrder | Invoice, gross: Decimal, description: str, actor: Actor, at: datetime
) -> Invoice:
    """« Facturer un acompte »: a draft of `gross`, VAT included, shared over the rates of the order or draft.

    `description` is what its lines say. At some rates an amount with VAT does not exist: the draft may be a cent less.
    Raises NoDepositHere, DepositTooSmall, DepositTooLarge.
    """
    locked = (
        type(source)
        .everywhere.select_for_update(no_key=True, of=("self",))
        .select_related("customer")
        .get(pk=source.pk)
    )
    if not takes_deposit(locked):
        raise NoDepositHere
    if gross <= 0:
        raise DepositTooSmall(fields={"amount": DepositTooSmall.message})
    room = room_of(locked)
    if gross > room:
        raise DepositTooLarge(room=money(room, locked.currency))
    values = {
        "kind": InvoiceKind.DEPOSIT,
        "order": locked if isinstance(locked, SalesOrder) else None,
        "ahead_of": locked if isinstance(locked, Invoice) else None,
        "purchase_order": locked.purchase_order,
        "service_code": locked.service_code,
        "contract_reference": locked.contract_reference if isinstance(locked, Invoice) else "",
        "delivery": locked.delivery,
        "currency": locked.currency,
    }
    lines = _lines(_rows_of(locked), share_out(_rows_left(locked), gross), description)
    if not lines:
        raise DepositTooSmall(fields={"amount": DepositTooSmall.message})
    deposit = save_draft(invoice=None, customer=locked.customer, values=values, lines=lines, actor=actor, at=at)
    if isinstance(locked, SalesOrder):
        audit.record("billing.order.invoiced", subject=locked, also=[deposit], actor=actor, at=at)
    else:
        data = {"total": deposit.total_gross, **audit.in_currency(deposit.currency)}
        audit.record(DRAFTED, subject=locked, also=[deposit], actor=actor, at=at, data=data)
    return deposit


def _rows_of(source: SalesOrder | Invoice) -> list[DocumentLine]:
    if isinstance(source, SalesOrder):
        return list(OrderLine.everywhere.filter(order=source).order_by("position"))
    return list(InvoiceLine.everywhere.filter(invoice=source).order_by("position"))


def _lines(rows: Sequence[DocumentLine], shares: Sequence[VatSubtotal], description: str) -> list[LineInput]:
    """One line per rate, two where a rate bears goods and services: the nature of the operation follows (BT-23)."""
    found = [(share, is_service, base) for share in shares for is_service, base in _natures(rows, share)]
    mixed = len({is_service for _share, is_service, _base in found}) > 1
    return [
        LineInput(
            description=f"{description} – {'services' if is_service else 'biens'}" if mixed else description,
            quantity=Decimal(1),
            unit_price=base,
            vat_category=share.category,
            vat_rate=share.rate,
            exemption_code=share.exemption_code,
            is_service=is_service,
        )
        for share, is_service, base in found
    ]


def _natures(rows: Sequence[DocumentLine], share: VatSubtotal) -> list[tuple[bool, Decimal]]:
    """The base of one rate over services and goods, in proportion to their nets."""
    nets = {True: ZERO, False: ZERO}
    for row in rows:
        if (row.vat_category, row.vat_rate) == (share.category, share.rate):
            nets[row.is_service] += row.net_amount
    if min(nets.values()) <= 0:
        return [(nets[True] > nets[False], share.base)]
    # in whole cents: the parts add up to the base, whatever the proportion
    services, goods = apportion(cents(share.base), [cents(nets[True]), cents(nets[False])])
    return [(is_service, from_cents(part)) for is_service, part in ((True, services), (False, goods)) if part]


@transaction.atomic
def choose_deposits(*, invoice: Invoice, keys: Sequence[int], actor: Actor, at: datetime) -> Invoice:
    """Deduct these deposits from the draft, and no others.

    Raises InvoiceIssued, NoDeductionHere, DepositNotDeductible, DepositsBeyondTotal.
    """
    draft = lock_draft(invoice)
    if not draft.takes_deposits:
        raise NoDeductionHere
    deposits = list(deductible_from(draft).filter(pk__in=keys))
    missing = set(keys) - {deposit.pk for deposit in deposits}
    if missing:
        found = Invoice.everywhere.filter(pk__in=missing, company_id=draft.company_id).order_by("pk").first()
        if found is None:
            raise DepositNotDeductible(NO_SUCH_DEPOSIT, key=min(missing))
        raise DepositNotDeductible(number=str(found))
    write_deductions(draft, deposits)
    audit.record(
        "billing.invoice.changed",
        subject=draft,
        also=[draft.customer],
        actor=actor,
        at=at,
        data={"total": draft.total_gross, "deposits": [deposit.number for deposit in deposits]},
    )
    return draft
