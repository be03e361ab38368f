"""What of payments is erased with a person, what the law keeps, and what holds an erasure up.

A mandate proves a debit as long as it can be contested: thirteen months (CMF L133-24); its bank data go then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n

from billing.retention import kept
from config.kernel.clock import local_day
from customers.erasing import Erased, Kept, Person
from customers.erasing import register as register_erasing
from payments.dunning.models import Reminder, ReminderHold, ReminderSettings, ReminderStatus, ReminderText
from payments.merging import in_flight
from payments.models import BankLine, DirectDebit, Mandate, Payment, Refund
from payments.portal.models import CustomerLink, CustomerNotice

CONTESTED_FOR = timedelta(days=400)  # at least thirteen months: PostgreSQL counts them
CONTESTED = _("preuve d’un prélèvement contestable treize mois (CMF L133-24)")
ACCOUNT = {"debtor_name": "", "iban": "", "bic": ""}


def register() -> None:
    register_erasing(blocks=_blocks, erases=_erases, keeps=_keeps)


def _blocks(person: Person) -> Iterator[str]:
    if person.contact:
        return
    mandates = Mandate.objects.filter(customer__in=person.records, revoked_at=None)
    if mandates.exclude(signed_on=None).exists():
        yield n("un mandat de prélèvement est en vigueur : révoquez-le.")
    waiting = Reminder.objects.filter(invoice__customer__in=person.records)
    if waiting.filter(status__in=[ReminderStatus.DRAFTED, ReminderStatus.QUEUED]).exists():
        yield n("une relance attend : envoyez-la ou annulez-la.")
    yield from dict.fromkeys(reason for record in person.records for reason in in_flight(record))


def _ended(person: Person, at: datetime) -> QuerySet[Mandate]:
    """The mandates whose last debit can be contested no more, and those that nobody signed."""
    before = at - CONTESTED_FOR
    recent = DirectDebit.objects.filter(mandate=OuterRef("pk"), collected_on__gte=local_day(before))
    over = Q(signed_on=None) | Q(~Exists(recent), revoked_at__lt=before)
    return Mandate.objects.filter(over, customer__in=person.records)


def _erases(person: Person, at: datetime) -> Iterator[Erased]:
    records = person.records
    links = CustomerLink.objects.filter(person.addressed("recipient"), customer__in=records).exclude(recipient="")
    ended = {"recipient": "", "revoked_at": Coalesce(F("revoked_at"), at)}
    yield Erased(_("Liens vers ses pages : ils n’ouvrent plus"), links, ended)
    if person.contact:
        return
    notices = CustomerNotice.objects.filter(link__customer__in=records).exclude(text="")
    yield Erased(_("Messages écrits sur ses pages"), notices, {"text": ""})
    mandates = _ended(person, at).exclude(**ACCOUNT)
    yield Erased(_("Titulaire, IBAN et BIC de mandats éteints"), mandates, ACCOUNT)
    reminders = Reminder.objects.filter(invoice__customer__in=records)
    words = {"waived_because": "", "cancelled_because": "", "tracking_number": ""}
    yield Erased(_("Motifs et suivi des relances"), reminders.exclude(**words), words)
    holds = ReminderHold.objects.filter(invoice__customer__in=records).exclude(note="")
    yield Erased(_("Notes des suspensions de relance"), holds, {"note": ""})
    yield Erased(_("Réglages de ses relances"), ReminderSettings.objects.filter(customer__in=records))
    yield Erased(_("Textes de ses relances"), ReminderText.objects.filter(customer__in=records))
    payments = Payment.objects.filter(customer__in=records).exclude(notes="")
    yield Erased(_("Notes des encaissements"), payments, {"notes": ""})


def _keeps(person: Person) -> Iterator[Kept]:
    if person.contact:
        return
    records = person.records
    payments = Payment.objects.filter(customer__in=records)
    yield from kept(_("Encaissements"), payments, "recorded_at")
    yield from kept(_("Remboursements, et leur IBAN"), Refund.objects.filter(customer__in=records), "at")
    debits = DirectDebit.objects.filter(mandate__customer__in=records)
    yield from kept(_("Prélèvements"), debits, "collected_on")
    lines = BankLine.objects.filter(matches__undone_at=None, matches__parts__payment__in=payments).distinct()
    yield from kept(_("Lignes de relevé bancaire"), lines, "booked_on")
    running = Mandate.objects.filter(customer__in=records).exclude(pk__in=_ended(person, timezone.now()))
    for mandate in running.exclude(revoked_at=None):
        days = [local_day(mandate.revoked_at), *mandate.debits.values_list("collected_on", flat=True)]
        yield Kept(_("Mandat éteint : titulaire et IBAN"), 1, max(days) + CONTESTED_FOR, CONTESTED)
