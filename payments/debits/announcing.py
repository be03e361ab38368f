"""Which invoices may be debited, and the notice that announces it to the debtor (pre-notification, EPC016-06 4.2)."""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import override

from billing.models import Email, EmailKind, EmailStatus, Invoice
from billing.services.emails import queue_email
from billing.services.settling import lock_invoice
from config.kernel import audit, states, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Stale
from config.kernel.models import Company
from payments.debits import target_days
from payments.debits.mandates import usable_mandates
from payments.dunning.planning import reminder_address
from payments.models import DebitStatus, DirectDebit, Mandate, Sequence
from payments.services.cash import settings_of

LEAD_DAYS = 1  # settlement days between the file and the debit, Core and B2B alike
SUBJECTS = {"fr": "Prélèvement de la facture {number} le {day}", "en": "Direct debit of invoice {number} on {day}"}


class NotDebitable(DomainError):
    code = "not_debitable"
    message = (
        "%(number)s ne peut pas être prélevée : elle ne doit rien, elle est contestée ou un prélèvement est en cours."
    )


class NoMandate(DomainError):
    code = "no_mandate"
    message = "Le client de %(number)s n’a pas de mandat signé et utilisable."


class NotAnnounced(DomainError):
    code = "not_announced"
    message = "Ce prélèvement n’attend plus : il est déjà demandé à la banque, ou annulé."


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice that may be debited, by which mandate, and on which day at the earliest."""

    invoice: Invoice
    mandate: Mandate
    collected_on: date


def debitable(company: Company) -> QuerySet[Invoice]:
    """Issued and unpaid, in euros, not disputed, no debit pending, of a customer with a mandate that is signed."""
    pending = DirectDebit.everywhere.filter(invoice=OuterRef("pk"), status__in=DirectDebit.PENDING)
    theirs = Q(customer=OuterRef("customer")) | Q(customer__merged_into=OuterRef("customer"))
    mandates = Mandate.everywhere.filter(theirs, signed_on__isnull=False, revoked_at=None)
    rows: QuerySet[Invoice] = Invoice.everywhere.outstanding().filter(
        Exists(mandates), company=company, currency="EUR", disputed_at=None
    )
    return rows.exclude(Exists(pending)).select_related("customer")


def candidates(invoices: Rows[Invoice], *, at: datetime) -> list[Candidate]:
    """Those of the invoices whose customer has a usable mandate, each with its day."""
    found = []
    mandates = usable_mandates({invoice.customer_id for invoice in invoices}, local_day(at))
    for invoice in invoices:
        mandate = mandates.get(invoice.customer_id)
        if mandate is not None and invoice.balance > 0:
            found.append(Candidate(invoice, mandate, collection_day(invoice, mandate, at)))
    return found


def notice_days(mandate: Mandate) -> int:
    """The days agreed with the debtor, else the company's."""
    return mandate.notice_days or settings_of(mandate.company_id).notice_days


def collection_day(invoice: Invoice, mandate: Mandate, at: datetime) -> date:
    """The due date, not before the notice has run, on a day on which banks settle."""
    earliest = local_day(at) + timedelta(days=notice_days(mandate))
    return target_days.on_or_after(max(invoice.due_date or earliest, earliest))


def earliest_order_day(at: datetime) -> date:
    """The first day that a file made now may ask for."""
    return target_days.after(local_day(at), LEAD_DAYS)


@transaction.atomic
def announce_debit(*, invoice: Invoice, actor: Actor, at: datetime, collected_on: date | None = None) -> DirectDebit:
    """Plan the debit of what the invoice still asks for, and queue the notice to its debtor.

    `collected_on` is never before the notice has run: an earlier day is put off to it, a day without settlement to the
    next. Raises NotDebitable, NoMandate; Stale when another has planned it at the same moment.
    """
    locked = lock_invoice(invoice)
    if not debitable(locked.company).filter(pk=locked.pk).exists() or locked.balance <= 0:
        raise NotDebitable(number=str(locked))
    mandate = usable_mandates([locked.customer_id], local_day(at)).get(locked.customer_id)
    if mandate is None:
        raise NoMandate(number=str(locked))
    day = collection_day(locked, mandate, at)
    day = max(day, target_days.on_or_after(collected_on)) if collected_on else day
    debit = DirectDebit(
        company_id=locked.company_id, mandate=mandate, invoice=locked, amount=locked.balance, collected_on=day,
        sequence=sequence_of(mandate), announced_at=at,
    )  # fmt: skip
    debit.end_to_end_id = f"PRL{debit.pk}"
    debit.notice = _queue_notice(debit, at)
    try:
        with transaction.atomic():
            debit.save(force_insert=True)
    except IntegrityError as error:
        raise Stale from error
    audit.record(
        "payments.debit.announced", subject=debit, also=[locked, locked.customer, mandate], actor=actor, at=at,
        data={"invoice": locked.number, "amount": debit.amount, "day": day},
    )  # fmt: skip
    return debit


def sequence_of(mandate: Mandate) -> str:
    """One-off, or recurrent; the first of a mandate is marked as such where the company wants it so."""
    if mandate.is_one_off:
        return Sequence.ONE_OFF
    if settings_of(mandate.company_id).first_is_recurrent:
        return Sequence.RECURRENT
    used = DirectDebit.everywhere.filter(mandate=mandate).exclude(status=DebitStatus.CANCELLED)
    return Sequence.RECURRENT if used.exists() else Sequence.FIRST


def notice_letter(debit: DirectDebit) -> tuple[str, str]:
    """Subject and text of the notice, in the language of the mandate: amount, day, mandate and creditor are named."""
    language = debit.mandate.language or "fr"
    invoice = debit.invoice
    with override(language):
        context = {
            "debit": debit, "invoice": invoice, "mandate": debit.mandate,
            "creditor_identifier": settings_of(debit.company_id).creditor_identifier,
            "account": f"…{debit.mandate.iban[-4:]}",
        }  # fmt: skip
        body = render_to_string(f"payments/emails/debit_notice_{language}.txt", context)
        subject = SUBJECTS[language].format(number=invoice.number, day=typography.day(debit.collected_on))
    return subject, body.strip() + "\n"


def _queue_notice(debit: DirectDebit, at: datetime) -> Email | None:
    """None where the customer has no address: the page says so, and the notice goes by other means."""
    address = reminder_address(debit.mandate.customer)
    if not address:
        return None
    subject, body = notice_letter(debit)
    return queue_email(
        company_id=debit.company_id, invoice=debit.invoice, kind=EmailKind.INVOICE, recipient=address,
        subject_line=subject, body=body, needs_document=False, at=at,
    )  # fmt: skip


@transaction.atomic
def cancel_debit(*, debit: DirectDebit, reason: str, actor: Actor, at: datetime) -> DirectDebit:
    """Debit the invoice not after all; a notice that has not left is withdrawn. Raises NotAnnounced, Stale."""
    invoice = lock_invoice(debit.invoice)
    debit.refresh_from_db(fields=["status"])
    if debit.status != DebitStatus.ANNOUNCED:
        raise NotAnnounced
    notice = debit.notice
    if notice is not None and notice.status == EmailStatus.QUEUED:
        states.move(
            notice, EmailStatus.CANCELLED, tag="billing.email.cancelled", actor=actor, at=at, also=[invoice],
            data={"reason": reason},
        )  # fmt: skip
    states.move(
        debit, DebitStatus.CANCELLED, tag="payments.debit.cancelled", actor=actor, at=at,
        also=[invoice, invoice.customer], data={"invoice": invoice.number, "reason": reason},
    )  # fmt: skip
    return debit
