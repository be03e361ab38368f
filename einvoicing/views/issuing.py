"""« Émettre la sélection »: many drafts, first what would be frozen and what would be refused, then the deed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from billing.forms.invoices import InvoiceFilter
from billing.models import Invoice, InvoiceQuerySet
from config.kernel.access import actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.money import ZERO
from einvoicing.services.readiness import judge
from einvoicing.services.sending import issue_many

MOST = 100  # at once: the rules judge each, some thirty milliseconds, while the person waits


@dataclass(frozen=True, slots=True)
class Choice:
    """An invoice that was chosen: a draft with what refuses it ('' for nothing), or issued already."""

    invoice: Invoice
    refusal: str = ""

    @property
    def is_ready(self) -> bool:
        return self.invoice.is_draft and not self.refusal


@require_http_methods(["GET", "POST"])
@member("invoices.issue")
def invoice_issue_many(request: HttpRequest) -> HttpResponse:
    """Show the chosen drafts, or those of the list's filter, and ask; then issue the ones that were left checked.

    The page after it is the same: it says of each invoice its number, or what refuses it.
    """
    at = timezone.now()
    if request.method == "POST":
        return _issue(request, at)
    found = _chosen(request, at)
    invoices = list(found[: MOST + 1])
    choices = [_choice(invoice, at) for invoice in invoices[:MOST]]
    ready = [choice.invoice for choice in choices if choice.is_ready]
    context: dict[str, Any] = {
        "choices": choices,
        "ready": len(ready),
        "refused": sum(bool(choice.refusal) for choice in choices),
        "total": sum((-row.total_gross if row.is_credit_note else row.total_gross for row in ready), ZERO),
        "rest": found.count() - MOST if len(invoices) > MOST else 0,
        "day": local_day(at),
    }
    return render(request, "einvoicing/invoice/issue_many.html", context)


def _chosen(request: HttpRequest, at: datetime) -> InvoiceQuerySet:
    """The oldest first: they are numbered in this order."""
    rows: InvoiceQuerySet = Invoice.objects.select_related("company", "customer__terms", "order", "corrects")
    if request.GET.get("all"):
        rows = InvoiceFilter(request.GET).narrow(rows, on=local_day(at)).filter(number=None)
    else:
        rows = rows.filter(pk__in=_keys(request.GET.getlist("invoice")))
    return rows.order_by("created_at", "id")


def _keys(given: list[str]) -> list[int]:
    return [int(key) for key in given if key.isascii() and key.isdigit() and len(key) < 19][:MOST]


def _choice(invoice: Invoice, at: datetime) -> Choice:
    if not invoice.is_draft:
        return Choice(invoice)
    if not invoice.lines.exists():
        return Choice(invoice, _("Ajoutez au moins une ligne avant d’émettre."))
    verdict = judge(invoice=invoice, at=at)
    if isinstance(verdict, DomainError):
        return Choice(invoice, say(verdict))
    return Choice(invoice, _(verdict.fatal[0].text) if verdict.fatal else "")


def _issue(request: HttpRequest, at: datetime) -> HttpResponse:
    keys = _keys(request.POST.getlist("invoice"))
    # issued meanwhile, by the same form sent twice or by somebody else: the page after says so
    rows = Invoice.objects.select_related("customer").filter(pk__in=keys, number=None).order_by("created_at", "id")
    drafts = list(rows)
    by_mail = request.POST.get("send") == "yes"
    try:
        outcomes = issue_many(invoices=drafts, actor=actor_of(request), at=at, by_mail=by_mail)
    except DomainError as error:
        outcomes = [error]
    issued = [outcome for outcome in outcomes if isinstance(outcome, Invoice)]
    if issued:
        sentence = ngettext("%(count)s facture émise.", "%(count)s factures émises.", len(issued))
        messages.success(request, sentence % {"count": len(issued)})
    for text in dict.fromkeys(say(outcome) for outcome in outcomes if isinstance(outcome, DomainError)):
        messages.error(request, text)
    return redirect(f"{request.path}?{urlencode({'invoice': keys}, doseq=True)}")
