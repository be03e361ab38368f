"""Reminders: requested by a partner, under the same guards as those of the clock."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework import serializers

from billing.models import Invoice
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Day, Id, Moment, Money, Page, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.versions import versioned
from config.kernel.api.view import ApiView, Call
from payments.api import rows
from payments.api.bodies import ReasonBody
from payments.dunning.letters import LetterText
from payments.dunning.models import Reminder, ReminderLevel, ReminderStatus
from payments.dunning.notices import cancel_drafted, send_drafted
from payments.dunning.sending import remind_invoice

CANCELLED_BY_API = "Abandonnée par API"
LEVELS = {"friendly": ReminderLevel.FRIENDLY, "firm": ReminderLevel.FIRM, "final": ReminderLevel.FINAL}
STATES = {
    "drafted": ReminderStatus.DRAFTED,
    "queued": ReminderStatus.QUEUED,
    "sent": ReminderStatus.SENT,
    "cancelled": ReminderStatus.CANCELLED,
    "returned": ReminderStatus.RETURNED,
}
STATE_WORDS = tuple(STATES)


class ReminderBody(Body):
    reminder_type = serializers.ChoiceField(["email"], default="email")
    subject = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    message = serializers.CharField(max_length=5000, required=False, allow_blank=True, default="")


class ReminderFilter(Page):
    invoice_id = Id(required=False)
    customer_id = Id(required=False)
    status = Word(STATES, required=False)
    from_date = Day(required=False)
    to_date = Day(required=False)


class ReminderShape(serializers.Serializer):
    id = Id()
    invoice_id = Id()
    invoice_number = serializers.CharField()
    customer_id = Id()
    customer_name = serializers.CharField()
    reminder_type = serializers.ChoiceField(["email"])
    level = Word(LEVELS)
    status = Word(STATES)
    sent = serializers.BooleanField(help_text="Whether the mail server has taken it.")
    sent_at = Moment(allow_null=True)
    recipient = serializers.CharField(allow_blank=True)
    subject = serializers.CharField(allow_blank=True)
    balance_due = Money(help_text="What was due when it was written.")
    cancelled_because = serializers.CharField(allow_blank=True)
    created_at = Moment()

    def to_representation(self, instance: Reminder) -> Any:
        email, invoice = instance.email, instance.invoice
        return super().to_representation(
            {
                "id": instance.pk,
                "invoice_id": instance.invoice_id,
                "invoice_number": invoice.number,
                "customer_id": invoice.customer_id,
                "customer_name": invoice.customer.name,
                "reminder_type": "email",
                "level": instance.level,
                "status": instance.status,
                "sent": instance.sent_at is not None,
                "sent_at": instance.sent_at,
                "recipient": email.recipient if email else "",
                "subject": email.subject_line if email else "",
                "balance_due": instance.balance,
                "cancelled_because": instance.cancelled_because,
                "created_at": instance.created_at,
            }
        )


class ReminderAnswer(serializers.Serializer):
    message = serializers.CharField()
    reminder = ReminderShape()


def reminders() -> Any:
    return Reminder.objects.select_related("invoice__customer", "email")


def reminder_of(pk: int) -> Reminder:
    """Raises Http404."""
    reminder: Reminder = get_object_or_404(reminders(), pk=pk)
    return reminder


class InvoiceReminder(ApiView):
    area = "invoices"

    def find(self, **path: Any) -> Invoice:
        return rows.invoice_of(path["id"])

    @operation(action="reminders.send", body=ReminderBody, answer=ReminderAnswer)
    @repeatable(OPTIONAL)
    @documented(
        id="invoice_remind",
        examples=[
            sent(
                {
                    "reminder_type": "email",
                    "subject": "Rappel facture INV-2024-0001",
                    "message": "Nous vous rappelons que la facture est en attente de paiement.",
                }
            )
        ],
    )
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Remind a customer of an invoice.

        The level (friendly, firm, final) is the one that is due by the company's delays. `subject` and `message` take
        the place of the letter's own words; the exact balance and how to pay it always follow. Refused in words (409
        `nothing_to_send`) when nothing may leave: not due, paid, disputed, credited, a credit that could cover it,
        bank data older than 24 hours, too soon after the last one. The message is queued and judged once more as it
        leaves: `sent` turns true, with `sent_at`, when the mail server has taken it. The final level (a formal notice)
        keeps its legal text, is `drafted`, and leaves by POST /api/reminders/{id}/send.
        """
        return remind(request, self.find(id=id))


def remind(request: Call, invoice: Invoice) -> dict[str, Any]:
    """Write the reminder of a `ReminderBody`, and answer with it."""
    text = LetterText(request.values["subject"], request.values["message"])
    reminder = remind_invoice(invoice=invoice, text=text, actor=request.caller.actor, at=request.at)
    return {"message": _("Relance enregistrée avec succès"), "reminder": reminder_of(reminder.pk)}


class ReminderList(ApiView):
    area = "invoices"

    @operation(query=ReminderFilter, answer=ReminderShape, many=True)
    @documented(id="reminder_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Reminders, the latest first. Filters combine; the dates are those on which they were written."""
        columns = {
            "invoice_id": "invoice_id",
            "customer_id": "invoice__customer_id",
            "status": "status",
            "from_date": "created_at__date__gte",
            "to_date": "created_at__date__lte",
        }
        filters = {column: request.query[name] for name, column in columns.items() if name in request.query}
        found = reminders().filter(**filters)
        return lists.page(self, found, by="created_at", name="reminders")


class ReminderItem(ApiView):
    area = "invoices"

    @operation(answer=ReminderShape)
    @versioned
    @documented(id="reminder_retrieve")
    def get(self, request: Call, id: int) -> Reminder:
        """A reminder."""
        return reminder_of(id)


class ReminderSend(ApiView):
    area = "invoices"

    @operation(action="reminders.send", answer=ReminderAnswer)
    @repeatable(OPTIONAL)
    @documented(id="reminder_send")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Send a drafted formal notice: somebody has decided that it must leave. The same guards apply."""
        send_drafted(reminder=reminder_of(id), actor=request.caller.actor, at=request.at)
        return {"message": _("Mise en demeure confiée à l’envoi."), "reminder": reminder_of(id)}


class ReminderCancel(ApiView):
    area = "invoices"

    def find(self, **path: Any) -> Reminder:
        return reminder_of(path["id"])

    @operation(action="reminders.send", body=ReasonBody, answer=ReminderAnswer)
    @repeatable(OPTIONAL)
    @documented(id="reminder_cancel")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Give a drafted formal notice up."""
        reason = request.values["reason"] or CANCELLED_BY_API
        cancel_drafted(reminder=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at)
        return {"message": _("Relance abandonnée."), "reminder": reminder_of(id)}
