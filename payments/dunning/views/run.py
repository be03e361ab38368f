"""The reminder run: what goes out, to whom and how firmly, and the one letter of an invoice, read before it is sent."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from billing.models import Invoice
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.jobs import requested
from config.kernel.sent_once import sent_once
from payments.dunning.forms import WaiverForm
from payments.dunning.models import ReminderLevel, ReminderStatus
from payments.dunning.planning import Group, letters_due
from payments.dunning.policy import WAIVABLE
from payments.dunning.preview import preview_of
from payments.dunning.sending import Waiver, remind_invoice, send_reminders
from payments.dunning.views.lists import planned_row, sentence_of

MOST_LETTERS = 100  # letters of one sending: the page answers within seconds, and the rest keeps its button


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def reminder_send_due(request: HttpRequest) -> HttpResponse:
    """What goes out, to whom and how firmly, each ticked; then those that were left ticked."""
    company = cast(MemberRequest, request).membership.company
    if request.method == "GET":
        groups = letters_due(company=company, at=timezone.now(), limit=MOST_LETTERS + 1)
        context = {"rows": [_letter(group) for group in groups[:MOST_LETTERS]], "more": len(groups) > MOST_LETTERS}
        return render(request, "payments/reminder/send_due.html", context)
    actor, now = actor_of(request), timezone.now()
    chosen = _chosen(request.POST.getlist("invoice")[:MOST_LETTERS])
    with requested("reminders", queue="notifications", company=company, actor=actor, at=now) as (_job, result):
        queued = send_reminders(company=company, actor=actor, at=now, chosen=chosen)
        result["queued"] = len(queued)
    sentence = ngettext("%(count)s relance préparée.", "%(count)s relances préparées.", len(queued))
    messages.success(request, sentence % {"count": len(queued)})
    return redirect("payments:reminder-list")


def _chosen(typed: list[str]) -> set[int]:
    """The invoices of the letters that were left ticked: of each, all its keys."""
    keys = [key for letter in typed for key in letter.split(",")]
    return {int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 19}


def _letter(group: Group) -> dict[str, Any]:
    """One letter as the run shows it: its first invoice, and how many go with it."""
    invoices = group.invoices
    return planned_row(group.first) | {
        "keys": ",".join(str(one.pk) for one in invoices),
        "others": len(invoices) - 1,
        "level": group.level.label,
        "total": sum(one.balance for one in invoices),
    }


@require_http_methods(["GET", "POST"])
@member("invoices", posts="reminders.send")
@sent_once
def reminder_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter of an invoice as it will go, and what holds it back; then it is sent, against a reason if need be."""
    rows = Invoice.objects.select_related("customer", "company")
    invoice = get_object_or_404(rows.outstanding(), pk=pk)
    preview = preview_of(invoice, at=timezone.now())
    waived = [one.reason for one in preview.against if one.reason in WAIVABLE]
    form = WaiverForm(request.POST if request.method == "POST" else None, needs_reason=bool(preview.against))
    if request.method == "POST" and form.is_valid():
        # what was shown is what may be set aside: a guard that came since still holds
        codes = [code for code in request.POST.getlist("waived") if code in waived]
        waiver = Waiver(codes, form.cleaned_data.get("reason", ""))
        try:
            reminder = remind_invoice(invoice=invoice, waiver=waiver, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            if reminder.status == ReminderStatus.DRAFTED:
                messages.success(request, _("Mise en demeure préparée : relisez-la, puis envoyez-la."))
                return redirect("payments:reminder-letter", reminder.pk)
            messages.success(request, _("Relance préparée : elle part dans un instant."))
            return redirect(invoice)
    context = {
        "invoice": invoice,
        "preview": preview,
        "level": preview.level.label if preview.level else "",
        "is_notice": preview.level == ReminderLevel.FINAL,
        "reasons": [{"sentence": sentence_of(one), "fixed": one.reason not in WAIVABLE} for one in preview.against],
        "waived": waived,
        "blocked": len(waived) < len(preview.against) or preview.letter is None,
        "form": form,
        "may_send": cast(MemberRequest, request).membership.may("reminders.send"),
    }
    status = 422 if form.errors else 200
    return render(request, "payments/reminder/preview.html", context, status=status)
