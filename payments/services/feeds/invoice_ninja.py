"""Payments recorded in Invoice Ninja, for invoices that bear the same numbers there: money received, recorded once.

Our invoices are the truth. A payment that changes there is taken back here and recorded anew; one that a person took
back here stays so. What no invoice there has taken is the customer's credit here. What cannot be applied stands in the
trail of the feed and of the invoice, and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import Invoice
from billing.services.settling import lock_invoice
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.canonical import plain
from config.kernel.clock import local_day, start_of_day
from config.kernel.errors import DomainError, Stale
from config.kernel.models import AuditEvent
from config.kernel.money import ZERO
from config.kernel.outbound import PublicAdapter, is_simulator
from payments.feeds import invoice_ninja as remote
from payments.feeds.invoice_ninja import CREDIT, InvoiceNinja, RemotePayment
from payments.models import Feed, Method, Payment
from payments.services.allocations import held_by, lock_invoices
from payments.services.feeds.overpaid import creditor
from payments.services.payments import Origin, record_payment
from payments.services.receiving import EURO, pay_invoice
from payments.services.undoing import take_back_payment

RECORDED, REFUSED = "payments.feed.recorded", "payments.feed.refused"
# seconds before the cursor that are read again: a change is dated there before it can be seen
OVERLAP = 60
EARLIEST = date(1900, 1, 1)  # an earlier day is a placeholder
DELETED = "Supprimé dans Invoice Ninja"
CANCELLED = "Annulé dans Invoice Ninja"
FAILED = "Échoué dans Invoice Ninja"
REFUNDED = "Remboursé dans Invoice Ninja"
CHANGED = "Modifié dans Invoice Ninja"
UNDIVIDED = "L’état du paiement est inconnu, ou un avoir y sert : l’argent reçu pour chaque facture n’est pas connu."
UNNAMED_METHOD = "Moyen de paiement non précisé par Invoice Ninja."
METHODS = {
    **dict.fromkeys(remote.TRANSFERS, Method.TRANSFER),
    **dict.fromkeys(remote.CARDS, Method.CARD),
    **dict.fromkeys(remote.DIRECT_DEBITS, Method.DIRECT_DEBIT),
    remote.CASH: Method.CASH,
    remote.CHECK: Method.CHECK,
}


class UnknownNumber(DomainError):
    code = "unknown_number"
    message = "Aucune de nos factures émises ne porte ce numéro."


class IsCreditNote(DomainError):
    code = "is_credit_note"
    message = "Ce numéro est celui d’un avoir, qui n’attend pas de paiement."


class OtherCurrency(DomainError):
    code = "other_currency"
    message = "La devise du paiement n’est pas celle de la facture."


class MoreThanOutstanding(DomainError):
    code = "more_than_outstanding"
    message = "Le montant dépasse ce que la facture attend encore : il est peut-être déjà enregistré."


class TakenBackHere(DomainError):
    code = "taken_back_here"
    message = "Une personne a annulé cet encaissement ici : il n’est pas enregistré de nouveau."


class _Overtaken(Exception):
    """Another reading went further, or the feed was switched off or moved: what is in hand may be old."""


def read(feed: Feed, at: datetime) -> int:
    """Read the payments that changed. Returns how many were recorded, corrected or taken back.

    Raises RemoteError, SecretUnreadable, Stale. Call it with no transaction open.
    """
    cursor, kept = _cursor(feed), 0
    # a person typed the address: nothing that is not public is reached through it, but the simulator
    adapter = PublicAdapter(deadline=remote.DEADLINE, loopback=is_simulator(feed.base_url))
    with InvoiceNinja(feed.base_url, feed.secret("key"), adapter=adapter) as service:
        for page in service.payments(_since(feed, cursor, at)):
            try:
                for payment in page:
                    for is_changed in _keep(feed, payment, cursor, at):
                        # one by one: what was kept before another reading went further counts
                        kept += is_changed
                cursor = _advance(feed, cursor, page[-1].updated_at, at)
            except _Overtaken:
                break
    return kept


def _cursor(feed: Feed) -> str:
    return str(Feed.everywhere.values_list("cursor", flat=True).get(pk=feed.pk))


def _since(feed: Feed, cursor: str, at: datetime) -> int:
    """The second to read from. At first, the day of our first invoice: what was paid before is for none of ours."""
    if cursor:
        return max(0, int(cursor) - OVERLAP)
    days = Invoice.everywhere.issued().filter(company_id=feed.company_id).order_by("issue_date")
    first = days.values_list("issue_date", flat=True).first()
    return int((start_of_day(first) if first else at).timestamp())


@transaction.atomic
def _advance(feed: Feed, cursor: str, seen: int, at: datetime) -> str:
    """Everything up to that second is kept. A second that has not come here yet is read again."""
    _lock(feed, cursor)
    reached = str(max(int(cursor or 0), min(seen, int(at.timestamp()))))
    Feed.everywhere.filter(pk=feed.pk).update(cursor=reached)
    return reached


def _lock(feed: Feed, cursor: str) -> None:
    """One reading at a time writes. Raises _Overtaken."""
    same = Feed.everywhere.filter(pk=feed.pk, is_enabled=True, base_url=feed.base_url)
    locked = same.select_for_update(no_key=True, of=("self",)).first()
    if locked is None or locked.cursor != cursor:
        raise _Overtaken


def _keep(feed: Feed, payment: RemotePayment, cursor: str, at: datetime) -> Iterator[bool]:
    """Keep what the payment gives to each invoice, and what it no longer gives; for each, whether it changed here."""
    shares = payment.shares()
    if shares is None:
        with transaction.atomic():
            _lock(feed, cursor)
            _record_refusal(feed, payment, "", payment.received, UNDIVIDED, None, at)
        return
    recorded = _recorded(feed, payment)

    def growth(key: str) -> tuple[bool, Decimal, str]:
        row = recorded.get(key)
        held = row.amount if row and not row.reversed_at else ZERO
        return key == CREDIT and shares.get(key, ZERO) > held, shares.get(key, ZERO) - held, key

    # what goes down first: money that moves from one invoice to another is never counted twice, even by dying between
    for key in sorted({*shares, *recorded}, key=growth):
        yield _keep_share(feed, payment, key, shares.get(key, ZERO), cursor, at)


@transaction.atomic
def _keep_share(feed: Feed, payment: RemotePayment, key: str, amount: Decimal, cursor: str, at: datetime) -> bool:
    """Make what is recorded here for one invoice equal to `amount`. Whether something changed. Raises Stale."""
    _lock(feed, cursor)
    held = _recorded(feed, payment).get(key)
    live = held if held and not held.reversed_at else None
    by_person = bool(held and not live and not held.reversal.origin_service)
    if amount == (live.amount if live else ZERO) or (held and by_person and amount == held.amount):
        return False
    number = payment.numbers.get(key, "")
    invoice = Invoice.everywhere.issued().filter(company_id=feed.company_id, number=number).first() if number else None
    try:
        if by_person:
            raise TakenBackHere
        with transaction.atomic():
            _replace(feed, payment, key, amount, invoice, live, at)
    except Stale:
        raise
    except DomainError as error:
        _record_refusal(feed, payment, key, amount, str(error), invoice, at)
        return False
    return True


def _replace(
    feed: Feed,
    payment: RemotePayment,
    key: str,
    amount: Decimal,
    invoice: Invoice | None,
    held: Payment | None,
    at: datetime,
) -> None:
    """Take back what is recorded, record what is to be: all or nothing. The invoices are locked first, in order."""
    paid = _payable(payment, invoice) if amount and key != CREDIT else None
    concerned = {*(held_by(held) if held else ()), *((paid.pk,) if paid else ())}
    lock_invoices(Invoice.everywhere.in_bulk(concerned).values())
    if held is not None:
        take_back_payment(
            payment=held,
            reason=_reason(payment),
            origin=_origin(feed, payment, key),
            actor=Actor.platform(str(feed)),
            at=at,
        )
    if amount:
        _record(feed, payment, key, amount, paid, held, at)


def _payable(payment: RemotePayment, invoice: Invoice | None) -> Invoice:
    """Raises UnknownNumber, IsCreditNote, OtherCurrency."""
    if invoice is None:
        raise UnknownNumber
    if invoice.is_credit_note:
        raise IsCreditNote
    if payment.currency and payment.currency != invoice.currency:
        raise OtherCurrency
    return invoice


def _record(
    feed: Feed,
    payment: RemotePayment,
    key: str,
    amount: Decimal,
    invoice: Invoice | None,
    held: Payment | None,
    at: datetime,
) -> None:
    """Money for the invoice; for none, the customer's credit, in the place of what was `held`.

    Raises MoreThanOutstanding, OtherCurrency, UnknownClient, PartRefused, MaybeRecorded, and what recording raises.
    """
    actor, method = Actor.platform(str(feed)), METHODS.get(payment.type_id)
    terms: dict[str, Any] = {
        "amount": amount,
        "method": method or Method.TRANSFER,
        "paid_on": _paid_on(payment, local_day(at)),
        "reference": f"{feed} {payment.id}/{key}",
        "notes": "" if method else UNNAMED_METHOD,
        "origin": _origin(feed, payment, key),
        "actor": actor,
        "at": at,
    }
    if invoice is None:
        if payment.currency not in ("", EURO):
            raise OtherCurrency
        customer = creditor(feed, payment, amount, _recorded(feed, payment), held)
        recorded = record_payment(customer=customer, shares=[], **terms)
    elif amount > lock_invoice(invoice).balance:
        raise MoreThanOutstanding
    else:
        recorded = pay_invoice(invoice=invoice, **terms)
    data = _facts(feed, payment, key, amount, invoice) | {"recorded": recorded.pk}
    audit.record(RECORDED, subject=recorded, also=[feed], actor=actor, at=at, data=data)


def _paid_on(payment: RemotePayment, today: date) -> date:
    """The day given there if it is a possible one, else the day of the last change there."""
    if payment.paid_on and EARLIEST <= payment.paid_on <= today:
        return payment.paid_on
    return min(local_day(datetime.fromtimestamp(payment.updated_at, UTC)), today)


def _origin(feed: Feed, payment: RemotePayment, key: str) -> Origin:
    return Origin(service=feed.kind, payment=payment.id, invoice=key)


def _recorded(feed: Feed, payment: RemotePayment) -> dict[str, Payment]:
    """Invoice id there → the payment recorded last for it, live or reversed."""
    rows = Payment.everywhere.filter(
        company_id=feed.company_id, origin_service=feed.kind, origin_payment=payment.id, reverses=None
    )
    ordered = rows.select_related("reversal").order_by("recorded_at", "number")
    return {payment.origin_invoice: payment for payment in ordered}


def _reason(payment: RemotePayment) -> str:
    """Why what is recorded is taken back, as it is written on the reversal."""
    if payment.is_deleted:
        return DELETED
    by_status = {remote.CANCELLED: CANCELLED, remote.FAILED: FAILED}
    by_status |= {remote.REFUNDED: REFUNDED, remote.PART_REFUNDED: REFUNDED}
    return by_status.get(payment.status, CHANGED)


def _facts(feed: Feed, payment: RemotePayment, key: str, amount: Decimal, invoice: Invoice | None) -> dict[str, Any]:
    number = (invoice.number if invoice else None) or payment.numbers.get(key, "—" if key == CREDIT else "")
    return {"service": str(feed), "payment": payment.id, "invoice": key, "number": number, "amount": amount}


def _record_refusal(
    feed: Feed, payment: RemotePayment, key: str, amount: Decimal, reason: str, invoice: Invoice | None, at: datetime
) -> None:
    """Write what could not be applied in the trail of the feed and of the invoice, if any; the same refusal once."""
    data = _facts(feed, payment, key, amount, invoice) | {"reason": reason}
    recorded = AuditEvent.everywhere.filter(
        company_id=feed.company_id, subjects__contains=[feed.subject], tag=REFUSED, data=plain(data)
    )
    if not recorded.exists():
        also = [invoice] if invoice else []
        audit.record(REFUSED, subject=feed, also=also, actor=Actor.platform(str(feed)), at=at, data=data)
