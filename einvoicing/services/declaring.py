"""The statuses we declare: 212 (encaissée) for each payment of a transmitted invoice, 220 after its replacement.

212 gives what was received, with VAT, per VAT rate (BR-FR-CDV-14); it is repeated for each partial payment, and
negative when money is taken back. What came before a platform had the invoice is declared after its deposit. A credit
note changes what the money already received has paid: 212 then moves it from one rate to another. Whether it goes on to
the public concentrator (it does where VAT falls due on collection, CGI 269-2 c) is the platform's to decide: MDT-2
cannot tell it, for the official rules of 1.4 take REGULATED alone.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet, Sum

from billing.models import Invoice
from billing.services.settling import lock_invoice
from billing.sharing import split_vat
from billing.standing_vat import standing_vat
from billing.totals import VatSubtotal as VatRow
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.money import ZERO
from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.mapping import buyer_address
from einvoicing.models import PlatformAccount, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.registry import PLATFORMS
from payments.models import Allocation

RECEIVED, REPLACED = "212", "220"
MONEY_RECEIVED = "MEN"  # MDT-207, an amount with VAT
# transmitted, or about to be: what was refused has no life to declare
ALIVE = (
    TransmissionStatus.PENDING,
    TransmissionStatus.SENDING,
    TransmissionStatus.UNKNOWN,
    TransmissionStatus.DEPOSITED,
    TransmissionStatus.ACCEPTED,
)


def declare_received(
    *, allocation: Allocation, on: date, holders: Sequence[PlatformAccount], actor: Actor, at: datetime
) -> list[Transmission]:
    """Queue 212 for this allocation on each of `holders` that takes it. Call it in the payment's transaction.

    `on` is the day of collection, on which VAT falls due (CGI 269-2 c), or the day the money was taken back.
    """
    invoice = allocation.invoice
    holders = [account for account in holders if RECEIVED in PLATFORMS[account.kind].declares]
    return _declare_rest(invoice, on=on, to=holders, actor=actor, at=at)


@transaction.atomic
def declare_credited(*, note: Invoice, actor: Actor, at: datetime) -> list[Transmission]:
    """Queue 212 for what stays paid of the invoice that this credit note, issued just now, corrects.

    What was declared at a rate that is credited goes to the rates that remain: the sum of the message is zero.
    """
    invoice = note.corrects
    if invoice is None:
        return []
    return _declare_rest(invoice, on=local_day(at), to=_holders(invoice, RECEIVED, actor), actor=actor, at=at)


@transaction.atomic
def declare_earlier(*, invoice: Invoice, account: PlatformAccount, actor: Actor, at: datetime) -> list[Transmission]:
    """Queue 212 for what was received before `account` had the invoice, each amount on the day of its payment."""
    if RECEIVED not in PLATFORMS[account.kind].declares:
        return []
    # a payment is either written before, and counted here, or after, and declared by itself
    invoice = lock_invoice(invoice)
    paid, rows = ZERO, []
    covered = sum(declared_by_rate(invoice, account).values(), ZERO)
    for day, amount in _held_by_day(invoice):
        paid += amount
        if paid > covered:
            rows += _declare_rest(invoice, paid=paid, on=day, to=[account], actor=actor, at=at)
    return rows + _declare_rest(invoice, on=local_day(at), to=[account], actor=actor, at=at)


def _held_by_day(invoice: Invoice) -> list[tuple[date, Decimal]]:
    """What the invoice holds of the payments of each day, the earliest first."""
    held = Allocation.everywhere.filter(invoice=invoice).values("payment__paid_on").annotate(held=Sum("amount"))
    return [(row["payment__paid_on"], row["held"]) for row in held.order_by("payment__paid_on") if row["held"]]


def _declare_rest(
    invoice: Invoice,
    *,
    on: date,
    to: Sequence[PlatformAccount],
    actor: Actor,
    at: datetime,
    paid: Decimal | None = None,
) -> list[Transmission]:
    """Queue 212 for what each of these platforms still has to know of what is paid, all that stands when None.

    Each rate's share of it, less what earlier messages told: no cent is lost on the way, nothing is taken back that
    was not declared, and what was missed once is made up for. The invoice is locked meanwhile: all others are earlier.
    """
    if not to or invoice.is_credit_note:
        return []
    stands = _allocated(Allocation.everywhere.filter(invoice=invoice)) if paid is None else paid
    told = [declared_by_rate(invoice, account) for account in to]
    if not stands and not any(told):
        return []
    due = split_by_rate(stands, _gross_by_rate(invoice))
    rows = []
    for account, known in zip(to, told, strict=True):
        amounts = {rate: due.get(rate, ZERO) - known.get(rate, ZERO) for rate in [*due, *(known.keys() - due.keys())]}
        amounts = {rate: amount for rate, amount in amounts.items() if amount}
        if amounts:
            detail = _received(amounts, invoice.currency, on)
            rows += _declare(invoice, RECEIVED, (detail,), to=[account], actor=actor, at=at)
    return rows


def declared_by_rate(invoice: Invoice, account: PlatformAccount) -> dict[Decimal, Decimal]:
    """What our statuses 212 tell `account` in all of each rate, those too that wait, or wait to be sent again."""
    told: dict[Decimal, Decimal] = {}
    statuses = Transmission.everywhere.filter(
        invoice=invoice, account=account, kind=TransmissionKind.STATUS, declared_code=RECEIVED
    )
    for content in statuses.values_list("content", flat=True):
        for detail in cdar.parse(bytes(content or b"")).details:
            for one in detail.characteristics:
                rate = one.percent or ZERO
                told[rate] = told.get(rate, ZERO) + (one.amount or ZERO)
    return {rate: amount for rate, amount in told.items() if amount}


def _received(amounts: Mapping[Decimal, Decimal], currency: str, day: date) -> cdar.StatusDetail:
    return cdar.StatusDetail(
        sequence=1,
        characteristics=tuple(
            cdar.Characteristic(
                type_code=MONEY_RECEIVED, amount=amount, currency=currency, value_date=day, percent=rate
            )
            for rate, amount in amounts.items()
        ),
    )


@transaction.atomic
def declare_replaced(*, invoice: Invoice, by: Invoice, actor: Actor, at: datetime) -> list[Transmission]:
    """Queue 220 for an invoice that a corrected one (384) replaces."""
    detail = cdar.StatusDetail(sequence=1, notes=(f"Remplacée par {by.number}",))
    return _declare(invoice, REPLACED, (detail,), to=_holders(invoice, REPLACED, actor), actor=actor, at=at)


def shares_by_rate(allocation: Allocation) -> dict[Decimal, Decimal]:
    """What the allocation just written pays of each VAT rate, with VAT, to the cent; rates without a share left out.

    Each rate's share of all that was ever allocated, less what earlier ones declared: no cent is lost on the way,
    and a payment taken back gives the opposite of itself. The invoice is locked meanwhile: all others are earlier.
    """
    invoice = allocation.invoice
    before = _allocated(Allocation.everywhere.filter(invoice=invoice).exclude(pk=allocation.pk))
    return split_by_rate(allocation.amount, _gross_by_rate(invoice), already_paid=before)


def split_by_rate(
    paid: Decimal, gross: Mapping[Decimal, Decimal], *, already_paid: Decimal = ZERO
) -> dict[Decimal, Decimal]:
    """`paid` shared over the rates in proportion to their gross: no cent is lost beside what was `already_paid`."""
    rows = [VatRow("", rate, amount, ZERO) for rate, amount in gross.items()]
    shares = split_vat(paid, rows, already_paid=already_paid)
    return {share.rate: share.amount for share in shares if share.amount}


def _allocated(rows: QuerySet[Allocation]) -> Decimal:
    return rows.aggregate(sum=Sum("amount"))["sum"] or ZERO


def _gross_by_rate(invoice: Invoice) -> dict[Decimal, Decimal]:
    """What the invoice asks for at each rate, less what is credited of it.

    The deposits it deducts were declared on their own.
    """
    totals = {row.rate: row.base + row.amount for row in standing_vat(invoice)}
    return totals or {ZERO: invoice.payable}


def holders_of(invoices: Sequence[Invoice], actor: Actor) -> list[list[PlatformAccount]]:
    """The platforms that have each invoice, but the one that told us of what is to be declared. One query."""
    found: dict[int, list[PlatformAccount]] = {}
    transmitted = Transmission.everywhere.filter(invoice__in=invoices, kind=TransmissionKind.INVOICE, status__in=ALIVE)
    for row in transmitted.select_related("account"):
        if row.account.kind in PLATFORMS and actor != Actor.platform(row.account.name):
            found.setdefault(row.invoice_id, []).append(row.account)
    return [found.get(invoice.pk, []) for invoice in invoices]


def _holders(invoice: Invoice, code: str, actor: Actor) -> list[PlatformAccount]:
    (holders,) = holders_of([invoice], actor)
    return [account for account in holders if code in PLATFORMS[account.kind].declares]


def _declare(
    invoice: Invoice,
    code: str,
    details: tuple[cdar.StatusDetail, ...],
    *,
    to: Sequence[PlatformAccount],
    actor: Actor,
    at: datetime,
) -> list[Transmission]:
    """One row for each of the platforms."""
    if not to:
        return []
    content = cdar.render(status_message(invoice, code, details, at=at))
    rows = []
    for account in to:
        row: Transmission = Transmission.everywhere.create(
            company_id=invoice.company_id,
            invoice=invoice,
            account=account,
            kind=TransmissionKind.STATUS,
            declared_code=code,
            content=content,
            document_sha256=hashlib.sha256(content).hexdigest(),
            tracking_id=uuid.uuid4().hex,
            next_attempt_at=at,
            created_at=at,
        )
        audit.record(
            "einvoicing.status.queued",
            subject=row,
            also=[invoice],
            actor=actor,
            at=at,
            data={"code": code, "label": lifecycle.label(code), "platform": account.name},
        )
        rows.append(row)
    return rows


def status_message(
    invoice: Invoice, code: str, details: tuple[cdar.StatusDetail, ...], *, at: datetime
) -> cdar.StatusMessage:
    """The CDAR by which the seller declares to the buyer this status of an issued invoice."""
    status = lifecycle.STATUSES[code]
    buyer = invoice.buyer
    address, scheme = buyer_address(buyer)
    return cdar.StatusMessage(
        message_id=f"{invoice.number}_{code}_{at:%Y%m%d%H%M%S}_{uuid.uuid4().hex[:8]}",
        created_at=at,
        sender=cdar.StatusParty(role="WK"),
        issuer=cdar.StatusParty(
            role="SE", identifier=invoice.seller["siren"], scheme="0002", name=invoice.seller["name"]
        ),
        recipients=(
            cdar.StatusParty(
                role="BY",
                identifier=buyer.get("siren", ""),
                scheme="0002",
                name=buyer["name"],
                electronic_address=address,
                electronic_scheme=scheme,
            ),
        ),
        phase=status.phase,
        status_at=at,
        invoice_number=invoice.number or "",
        untdid_status=status.untdid,
        invoice_type=invoice.kind,
        invoice_date=invoice.issue_date,
        status_code=code,
        status_label=status.label,
        seller_siren=invoice.seller["siren"],
        details=details,
    )
