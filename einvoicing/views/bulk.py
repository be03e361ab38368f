"""Many invoices to the platform at once: what was never transmitted, queued in one go, and how far the queue is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import Invoice
from config.kernel.access import actor_of, member
from config.kernel.middleware import say
from config.kernel.money import ZERO
from einvoicing.models import Transmission, TransmissionKind, TransmissionStatus
from einvoicing.services.compliance import WAITING
from einvoicing.services.transmissions import queue_many

MOST = 200  # at once: the page answers within a second or two, and the rest keeps its button


def never_transmitted() -> QuerySet[Invoice]:
    """Issued invoices to professionals that are in no platform's queue, the oldest first."""
    live = Transmission.objects.filter(invoice=OuterRef("pk"), kind=TransmissionKind.INVOICE)
    live = live.exclude(status=TransmissionStatus.REJECTED)
    found: QuerySet[Invoice] = Invoice.objects.issued().exclude(buyer__kind="INDIVIDUAL").exclude(Exists(live))
    return found.order_by("issue_date", "id")


def progress() -> dict[str, Any]:
    """How many wait, and when the page should ask again."""
    waiting = Transmission.objects.filter(kind=TransmissionKind.INVOICE, status__in=WAITING)
    due = waiting.filter(next_attempt_at__lte=timezone.now()).count()
    return {"due": due, "later": waiting.count() - due}


@require_http_methods(["GET", "POST"])
@member("einvoicing.send")
def transmit_many(request: HttpRequest) -> HttpResponse:
    """Show those that were never transmitted and ask; then queue the ones shown, each refused or taken on its own."""
    rows = never_transmitted().select_related("customer")
    if request.method == "GET":
        shown = list(rows[:MOST])
        total = sum((invoice.total_gross for invoice in shown), ZERO)
        return render(request, "einvoicing/transmission/send_many.html", {"rows": shown, "total": total})
    # those that the person saw: what was issued meanwhile is shown first
    seen = [int(key) for key in request.POST.getlist("invoice") if key.isascii() and key.isdigit() and len(key) < 19]
    invoices = list(rows.filter(pk__in=seen[:MOST]))
    queued, refused = queue_many(invoices=invoices, actor=actor_of(request), at=timezone.now())
    count = len(queued)
    if count:
        sentence = ngettext("%(count)s facture mise en file.", "%(count)s factures mises en file.", count)
        messages.success(request, sentence % {"count": count})
    for invoice, error in refused[:3]:
        messages.error(request, f"{invoice.number} : {say(error)}")
    if not invoices:
        messages.info(request, _("Toutes les factures à des professionnels sont déjà confiées à une plateforme."))
    return redirect("einvoicing:transmission-list")


@require_GET
@member("einvoicing")
def queue_progress(request: HttpRequest) -> HttpResponse:
    """The part of the list that shows how far the queue is; it reloads by itself while something is due."""
    return render(request, "einvoicing/transmission/_progress.html", {"progress": progress()})
