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
from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum

from billing.models import Invoice
from billing.services.settling import lock_invoice
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.money import ZERO
from config.kernel.rows import insert_each
from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.mapping import buyer_address
from einvoicing.models import PlatformAccount, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.services.rate_shares import gross_of, held_by, split_by_rate
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


class Declaration(NamedTuple):
    """What is to be declared of an invoice's payments: of `paid`, or of all that stands when None, on that day."""

    invoice: Invoice
    on: date
    to: Sequence[PlatformAccount]
    paid: Decimal | None = None


def declare_received(
    *,
    allocations: Sequence[Allocation],
    days: Sequence[date],
    holders: Sequence[Sequence[PlatformAccount]],
    actor: Actor,
    at: datetime,
) -> list[Transmission]:
    """Queue 212 for these allocations, of an invoice each, on each of its `holders` that takes it, in as many
    statements as for one. Call it in the payment's transaction.

    `days` are those of collection, on which VAT falls due (CGI 269-2 c), or on which the money was taken back.
    """
    declarations = [
        Declaration(allocation.invoice, day, [one for one in known if RECEIVED in PLATFORMS[one.kind].declares])
        for allocation, day, known in zip(allocations, days, holders, strict=True)
    ]
    return _declare_rest(declarations, actor=actor, at=at)


@transaction.atomic
def declare_credited(*, note: Invoice, actor: Actor, at: datetime) -> list[Transmission]:
    """Queue 212 for what stays paid of the invoice that this credit note, issued just now, corrects.

    What was declared at a rate that is credited goes to the rates that remain: the sum of the message is zero.
    """
    invoice = note.corrects
    if invoice is None:
        return []
    rest = Declaration(invoice, local_day(at), _holders(invoice, RECEIVED, actor))
    return _declare_rest([rest], actor=actor, at=at)


@transaction.atomic
def declare_earlier(*, invoice: Invoice, account: PlatformAccount, actor: Actor, at: datetime) -> list[Transmission]:
    """Queue 212 for what was received before `account` had the invoice, each amount on the day of its payment."""
    if RECEIVED not in PLATFORMS[account.kind].declares:
        return []
    # a payment is either written before, and counted here, or after, and declared by itself
    invoice = lock_invoice(invoice)
    paid, rows = ZERO, []
    (told,) = declared_by_rate([(invoice, account)])
    covered = sum(told.values(), ZERO)
    for day, amount in _held_by_day(invoice):
        paid += amount
        if paid > covered:
            rows += _declare_rest([Declaration(invoice, day, [account], paid)], actor=actor, at=at)
    return rows + _declare_rest([Declaration(invoice, local_day(at), [account])], actor=actor, at=at)


def _held_by_day(invoice: Invoice) -> list[tuple[date, Decimal]]:
    """What the invoice holds of the payments of each day, the earliest first."""
    held = Allocation.everywhere.filter(invoice=invoice).values("payment__paid_on").annotate(held=Sum("amount"))
    return [(row["payment__paid_on"], row["held"]) for row in held.order_by("payment__paid_on") if row["held"]]


def _declare_rest(declarations: Sequence[Declaration], *, actor: Actor, at: datetime) -> list[Transmission]:
    """Queue 212 for what each platform still has to know of what is paid of these invoices, each of them once.

    Each rate's share of it, less what earlier messages told: no cent is lost on the way, nothing is taken back that
    was not declared, and what was missed once is made up for. The invoices are locked meanwhile: all others are
    earlier.
    """
    declarations = [one for one in declarations if one.to and not one.invoice.is_credit_note]
    if not declarations:
        return []
    invoices = [one.invoice for one in declarations]
    told = iter(declared_by_rate([(one.invoice, account) for one in declarations for account in one.to]))
    held, gross = held_by(invoices), gross_of(invoices)
    statuses = []
    for invoice, day, to, paid in declarations:
        stands = held.get(invoice.pk, ZERO) if paid is None else paid
        known = [(account, next(told)) for account in to]
        if not stands and not any(by_rate for _account, by_rate in known):
            continue
        due = split_by_rate(stands, gross[invoice.pk])
        for account, by_rate in known:
            amounts = {rate: due.get(rate, ZERO) - by_rate.get(rate, ZERO) for rate in {**due, **by_rate}}
            amounts = {rate: amount for rate, amount in amounts.items() if amount}
            if amounts:
                statuses.append(Status(invoice, RECEIVED, (_received(amounts, invoice.currency, day),), [account]))
    return _declare(statuses, actor=actor, at=at)


def declared_by_rate(pairs: Sequence[tuple[Invoice, PlatformAccount]]) -> list[dict[Decimal, Decimal]]:
    """What our statuses 212 of each invoice tell the platform in all of each rate, those too that wait, or wait to be
    sent again. One query.
    """
    told: dict[tuple[int, int], dict[Decimal, Decimal]] = {(invoice.pk, account.pk): {} for invoice, account in pairs}
    statuses = Transmission.everywhere.filter(
        invoice__in={invoice for invoice, _account in told},
        account__in={account for _invoice, account in told},
        kind=TransmissionKind.STATUS,
        declared_code=RECEIVED,
    )
    for invoice_id, account_id, content in statuses.values_list("invoice_id", "account_id", "content"):
        sums = told.get((invoice_id, account_id), {})
        for detail in cdar.parse(bytes(content or b"")).details:
            for one in detail.characteristics:
                rate = one.percent or ZERO
                sums[rate] = sums.get(rate, ZERO) + (one.amount or ZERO)
    found = (told[invoice.pk, account.pk] for invoice, account in pairs)
    return [{rate: amount for rate, amount in sums.items() if amount} for sums in found]


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
    return _declare([Status(invoice, REPLACED, (detail,), _holders(invoice, REPLACED, actor))], actor=actor, at=at)


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


class Status(NamedTuple):
    """A status of an invoice that is to be declared to these platforms."""

    invoice: Invoice
    code: str
    details: tuple[cdar.StatusDetail, ...]
    to: Sequence[PlatformAccount]


def _declare(statuses: Sequence[Status], *, actor: Actor, at: datetime) -> list[Transmission]:
    """One row for each of the platforms, all in as many statements as one."""
    rows, happenings = [], []
    for invoice, code, details, to in statuses:
        content = cdar.render(status_message(invoice, code, details, at=at)) if to else b""
        for account in to:
            row = Transmission(
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
            data = {"code": code, "label": lifecycle.label(code), "platform": account.name}
            happenings.append(audit.Happening(subject=row, also=[invoice], data=data))
            rows.append(row)
    insert_each(rows)
    audit.record_all("einvoicing.status.queued", happenings, actor=actor, at=at)
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
