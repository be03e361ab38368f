"""The formal notices: read as they would leave now, as a PDF, sent by e-mail, posted, or given up."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import Invoice
from billing.variables import previewed
from config.kernel.access import actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from payments.dunning.forms import PostingForm
from payments.dunning.letters import letter_for
from payments.dunning.models import Reminder, ReminderLevel, ReminderStatus
from payments.dunning.notice_pdf import notice_pdf
from payments.dunning.notices import cancel_drafted, drafted_together, post_drafted, send_drafted, track_sent
from payments.dunning.planning import reminder_address
from payments.forms import ReasonForm
from payments.views.payments import small_form

ROWS = ("invoice__customer", "invoice__company")


def load_drafted(pk: int) -> Reminder:
    rows = Reminder.objects.select_related(*ROWS)
    return cast(Reminder, get_object_or_404(rows, pk=pk, status=ReminderStatus.DRAFTED))


def _invoices(reminder: Reminder) -> list[Invoice]:
    return [one.invoice for one in drafted_together(reminder)]


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def reminder_letter_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the formal notice as it would leave now, then send it."""
    reminder = load_drafted(pk)
    if request.method == "POST":
        send_drafted(reminder=reminder, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Mise en demeure confiée à l’envoi."))
        return redirect("payments:reminder-letters")
    letter = letter_for(_invoices(reminder), ReminderLevel(reminder.level), at=timezone.now())
    context = {
        "reminder": reminder,
        "subject": letter.subject_line,
        "letter": previewed(letter.body),
        "address": reminder_address(reminder.invoice.customer),
    }
    return render(request, "payments/reminder/letter.html", context)


@require_GET
@member("invoices")
def reminder_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """The formal notice as a PDF, as it would leave now: to print for registered mail."""
    rows = Reminder.objects.select_related(*ROWS)
    reminder = get_object_or_404(rows, pk=pk, level=ReminderLevel.FINAL)
    drafted = reminder.status == ReminderStatus.DRAFTED
    invoices = _invoices(reminder) if drafted else [reminder.invoice]
    response = HttpResponse(notice_pdf(invoices, at=timezone.now()), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="mise-en-demeure-{reminder.pk}.pdf"'
    return response


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def reminder_post(request: HttpRequest, pk: int) -> HttpResponse:
    """The notice was printed and posted: when, and under which tracking number."""
    rows = Reminder.objects.select_related(*ROWS)
    states = [ReminderStatus.DRAFTED, ReminderStatus.SENT]
    reminder = get_object_or_404(rows, pk=pk, level=ReminderLevel.FINAL, status__in=states)
    now = timezone.now()
    form = PostingForm(request.POST if request.method == "POST" else None, initial={"posted_on": local_day(now)})
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = form.cleaned_data | {"actor": actor_of(request), "at": now}
        act = post_drafted if reminder.status == ReminderStatus.DRAFTED else track_sent
        try:
            act(reminder=reminder, **values)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Mise en demeure notée comme postée."))
            return redirect(reminder.invoice)
    title, button = _("Marquer comme envoyée par la poste"), _("Enregistrer")
    return small_form(request, form, row=reminder.invoice, title=title, button=button)


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def reminder_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    reminder = load_drafted(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        cancel_drafted(reminder=reminder, reason=reason, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Relance abandonnée."))
        return redirect("payments:reminder-letters")
    return small_form(
        request, form, row=reminder.invoice, title=_("Abandonner la mise en demeure"), button=_("Abandonner")
    )
