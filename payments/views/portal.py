"""What the company does about its customers' pages: links made and taken back, and what customers told."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.models import Invoice
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.confirming import Confirmation, confirm
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.sent_once import sent_once
from customers.models import Customer
from payments.collecting_columns import NOTICES
from payments.list_filters import NoticeFilter
from payments.portal.links import link_to_invoice, link_to_statement, revoke_link
from payments.portal.models import CustomerLink, CustomerNotice
from payments.portal.notices import handle_notice, waiting_notices

WAITING, ALL = "waiting", "all"


@require_POST
@member("invoices.issue")
def link_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A link to the invoice to be copied, for no recipient in particular."""
    invoice: Invoice = get_object_or_404(Invoice.objects.select_related("customer"), pk=pk)
    link_to_invoice(invoice=invoice, recipient="", actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Lien créé : copiez-le dans « Lien pour le client »."))
    return redirect(invoice)


@require_POST
@member("invoices.issue")
def statement_link_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A link to all that the customer has open."""
    customer: Customer = get_object_or_404(Customer.objects, pk=pk)
    link_to_statement(customer=customer, recipient="", actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Lien créé : copiez-le dans « Lien pour le client »."))
    return redirect(customer)


@require_http_methods(["GET", "POST"])
@member("invoices.issue")
@sent_once
def link_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a link back, after a page that says for whom it opens what."""
    rows = CustomerLink.objects.select_related("invoice", "customer")
    link: CustomerLink = get_object_or_404(rows, pk=pk, revoked_at=None)
    record = link.invoice or link.customer
    if request.method == "POST":
        revoke_link(link=link, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Lien révoqué : il n’ouvre plus rien."))
        return redirect(record)
    facts = [
        (_("Client"), link.customer.name),
        (_("Destinataire"), str(link)),
        (_("Ouvert la première fois le"), typography.moment(link.opened_at)),
    ]
    return confirm(
        request,
        Confirmation(
            title=_("Révoquer le lien"),
            effect=_("Qui a ce lien n’ouvrira plus la page. Le prochain message en porte un nouveau."),
            facts=facts,
            back=record.get_absolute_url(),
            back_label=record,
            icon="trash",
            danger=True,
        ),
    )


@require_GET
@member("invoices")
def notice_list(request: HttpRequest) -> HttpResponse:
    """What customers told on their pages: what waits for somebody, or all."""
    shown = ALL if request.GET.get("shown") == ALL else WAITING
    found = CustomerNotice.objects.all() if shown == ALL else waiting_notices()
    filters = NoticeFilter(request.GET)
    rows = filters.narrow(found.select_related("invoice__customer", "link"))
    listed = open_list(request, NOTICES, rows, sorts={"date": "at"}, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    choices = [(WAITING, _("À traiter")), (ALL, _("Tous"))]
    context = {
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "page": listed.page,
        "summary": summary_of(rows),
        "shown": shown,
        "tabs": [{"label": label, "url": f"?shown={key}", "active": key == shown} for key, label in choices],
        "may_handle": cast(MemberRequest, request).membership.may("payments.record"),
    }
    return render(request, "payments/notice/list.html", context)


@require_http_methods(["POST"])
@member("payments.record")
def notice_handle(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has dealt with it."""
    notice: CustomerNotice = get_object_or_404(CustomerNotice.objects.select_related("invoice__customer"), pk=pk)
    handle_notice(notice=notice, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Message traité."))
    return redirect("payments:notice-list")
