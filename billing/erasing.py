"""What of billing is erased with a person, what the law keeps, and what holds an erasure up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n

from billing.merging import in_flight
from billing.models import (
    NO_ADDRESS,
    Bounce,
    Email,
    EmailAttachment,
    EmailStatus,
    Invoice,
    InvoiceStatus,
    JournalLine,
    OrderStatus,
    PurchaseInvoice,
    SalesOrder,
    SupplierIban,
)
from billing.retention import kept
from config.kernel.models import AuditEvent
from customers.erasing import Erased, Kept, Person
from customers.erasing import register as register_erasing

ERASED = "Message effacé"
AUDIT = _("piste d’audit (CGI 289, VII), chaînée")


def register() -> None:
    register_erasing(blocks=_blocks, erases=_erases, keeps=_keeps)


def _blocks(person: Person) -> Iterator[str]:
    """Who is owed or owes something is written to until it is settled (GDPR, art. 17(3)(e))."""
    if _mails(person).filter(status__in=[EmailStatus.QUEUED, EmailStatus.SENDING]).exists():
        yield n("un message lui part : attendez qu’il soit parti, ou annulez-le.")
    if person.contact:
        return
    invoices = Invoice.objects.filter(customer__in=person.records)
    if invoices.outstanding().exists():
        yield n("une facture n’est pas soldée : encaissez-la, créditez-la ou passez-la en perte.")
    if invoices.filter(status=InvoiceStatus.DRAFT).exists():
        yield n("un brouillon de facture est à son nom : émettez-le ou supprimez-le.")
    if SalesOrder.objects.filter(customer__in=person.records, status=OrderStatus.DRAFT).exists():
        yield n("un brouillon de commande est à son nom : supprimez-le.")
    yield from dict.fromkeys(reason for record in person.records for reason in in_flight(record))


def _mails(person: Person) -> QuerySet[Email]:
    return Email.objects.filter(person.addressed("recipient"), invoice__customer__in=person.records)


def _erases(person: Person, _at: datetime) -> Iterator[Erased]:
    mails, records = _mails(person), person.records
    texts = {"recipient": NO_ADDRESS, "subject_line": ERASED, "body": "", "last_error": ""}
    yield Erased(_("Adresses et textes des messages"), mails.exclude(recipient=NO_ADDRESS), texts)
    bounces = Bounce.objects.filter(person.addressed("address"), email__invoice__customer__in=records)
    answers = {"address": "", "diagnostic": ""}
    yield Erased(_("Réponses de sa messagerie"), bounces.exclude(**answers), answers)
    if person.contact:
        return
    noted = Invoice.objects.filter(customer__in=records).exclude(internal_notes="")
    yield Erased(_("Notes internes des factures"), noted, {"internal_notes": ""})
    yield Erased(_("IBAN de fournisseur"), SupplierIban.objects.filter(supplier__in=records))


def _keeps(person: Person) -> Iterator[Kept]:
    records = person.records
    invoices = Invoice.objects.filter(customer__in=records).issued()
    if not person.contact:
        yield from kept(_("Factures et avoirs émis, et leurs fichiers"), invoices, "issue_date")
        orders = SalesOrder.objects.filter(customer__in=records).exclude(status=OrderStatus.DRAFT)
        yield from kept(_("Commandes confirmées"), orders, "order_date")
        yield from kept(_("Lignes d’écritures"), JournalLine.objects.filter(customer__in=records), "day")
        purchases = PurchaseInvoice.objects.filter(supplier__in=records)
        yield from kept(_("Factures reçues"), purchases, "issue_date")
    attached = EmailAttachment.objects.filter(email__in=_mails(person))
    yield from kept(_("Fichiers joints aux messages"), attached, "created_at")
    keys = [f"customers.customer:{record.pk}" for record in records]
    events = AuditEvent.objects.filter(subjects__overlap=keys)
    yield from kept(_("Événements du journal, avec son nom ou son adresse"), events, "at", AUDIT)
