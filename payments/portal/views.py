"""The customer's pages: an invoice, what is open, the legal files, and what the customer tells about an invoice."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import Invoice, InvoiceDocument, InvoiceLine
from billing.pdf import payment_code
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.identifiers import payment_reference
from config.kernel.kept import FileRefused, read_kept
from config.kernel.middleware import POLICY
from payments.checkouts.accounts import account_of
from payments.checkouts.opening import EURO
from payments.portal import notices, reading
from payments.portal.access import LinkRequest, by_link, form_key
from payments.portal.forms import DisputeForm, PaidForm
from payments.portal.models import CustomerLink

FORMS = "form-action 'self'"
SLASH = "~"  # stands in an address for the « / » of a number, which has no such sign (BR-FR-02)
MEDIA_TYPES = {"pdf": "application/pdf", "xml": "application/xml"}


class FileAway(DomainError):
    code = "file_away"
    message = "Ce fichier n’est pas disponible pour l’instant. Réessayez plus tard, ou écrivez-nous."
    status = 503


@require_GET
@by_link
def portal(request: HttpRequest, token: str) -> HttpResponse:
    """What the link opens: its invoice, or all that its customer has open."""
    link = cast(LinkRequest, request).link
    if link.invoice is not None:
        return _invoice_page(request, token, link.invoice)
    today = local_day(timezone.now())
    rows = reading.shown_statement(link.customer, today)
    context = {
        **frame_of(request, token, link),
        "rows": [{"shown": row, "url": address_in("portal-invoice", token, row.invoice)} for row in rows],
        "totals": reading.totals_due(rows),
        "today": today,
    }
    return render(request, "payments/portal/statement.html", context)


@require_GET
@by_link
def portal_invoice(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """One invoice of the customer's."""
    return _invoice_page(request, token, find_invoice(request, number))


def _invoice_page(request: HttpRequest, token: str, invoice: Invoice) -> HttpResponse:
    link = cast(LinkRequest, request).link
    shown = reading.shown_invoice(invoice, local_day(timezone.now()))
    asks = shown.asks
    account = account_of(invoice.company_id) if asks and invoice.currency == EURO else None
    context = {
        **frame_of(request, token, link),
        "invoice": invoice,
        "shown": shown,
        "lines": list(InvoiceLine.objects.filter(invoice=invoice).order_by("position")),
        "vat": list(invoice.vat_subtotals.all()),
        "related": list(invoice.corrections.issued().order_by("issue_date", "id")),
        "files": [_file(kind, row, token, invoice) for kind, row in reading.documents_of(invoice).items()],
        "qr": payment_code(invoice, shown.due) if asks else "",
        "reference": payment_reference.format(invoice.payment_reference),
        "paid_url": address_in("portal-paid", token, invoice) if asks else "",
        "dispute_url": address_in("portal-dispute", token, invoice) if _may_dispute(invoice) else "",
        "card_number": in_address(invoice) if account else "",
        "told": request.GET.get("told", ""),
    }
    response = render(request, "payments/portal/invoice.html", context)
    if account is not None:
        # the form's answer leads to the provider's page, which browsers judge as the form's own target
        response["Content-Security-Policy"] = POLICY.replace(FORMS, f"{FORMS} {account.page_origin}")
    return response


def _may_dispute(invoice: Invoice) -> bool:
    return invoice.can_be_disputed and not invoice.is_credit_note and not invoice.disputed_at


def frame_of(request: HttpRequest, token: str, link: CustomerLink) -> dict[str, Any]:
    chosen = request.GET.get("lang", "")
    return {
        "link": link,
        "token": token,
        "suffix": f"?lang={get_language()}" if chosen else "",
        "statement_url": reverse("payments:portal", args=[token]) if link.invoice is None else "",
    }


def find_invoice(request: HttpRequest, number: str) -> Invoice:
    """The issued document of that number, if the link opens it. Raises Http404."""
    link = cast(LinkRequest, request).link
    rows = Invoice.objects.issued().filter(customer_id=link.customer_id, number=number.replace(SLASH, "/"))
    invoice: Invoice | None = rows.select_related("customer", "company").first()
    if invoice is None or link.invoice_id not in (None, invoice.pk):
        raise Http404
    return invoice


def in_address(invoice: Invoice) -> str:
    """Its number as it stands in addresses."""
    return str(invoice.number).replace("/", SLASH)


def address_in(name: str, token: str, invoice: Invoice, *more: str) -> str:
    return reverse(f"payments:{name}", args=[token, in_address(invoice), *more])


def _file(kind: str, row: InvoiceDocument, token: str, invoice: Invoice) -> dict[str, str]:
    return {
        "name": _name_of(row),
        "url": address_in("portal-file", token, invoice, kind),
        "detail": str(row.get_kind_display()),
        "hash": row.sha256,
    }


def _name_of(row: InvoiceDocument) -> str:
    return str(row.file.name).rpartition("/")[2]


@require_GET
@by_link
def portal_file(request: HttpRequest, token: str, number: str, kind: str) -> HttpResponse:
    """A legal file, byte for byte as it was made. Raises FileAway."""
    invoice = find_invoice(request, number)
    row = reading.documents_of(invoice).get(kind)
    if row is None:
        raise FileAway
    try:
        data = read_kept(row, record=invoice, at=timezone.now())
    except FileRefused as error:  # what is wrong is written down for the team, and is no matter of the customer's
        raise FileAway from error
    response = HttpResponse(data, content_type=MEDIA_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{_name_of(row)}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_http_methods(["GET", "POST"])
@by_link
def portal_paid(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """« J’ai payé »: when, how, with what reference."""
    invoice, at = find_invoice(request, number), timezone.now()
    form = PaidForm(request.POST) if request.method == "POST" else PaidForm(initial={"paid_on": local_day(at)})
    if request.method == "POST" and form.is_valid():
        link, key = cast(LinkRequest, request).link, form_key(request)
        try:
            notices.tell_paid(link=link, invoice=invoice, form_key=key, at=at, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return _back(request, token, invoice, "paid")
    effect = _("Dites-nous quand et comment : nous suspendons les rappels le temps de recevoir votre paiement.")
    return _form_page(request, token, invoice, form, title=_("J’ai payé"), effect=effect)


@require_http_methods(["GET", "POST"])
@by_link
def portal_dispute(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """« Je conteste »: why."""
    invoice, at = find_invoice(request, number), timezone.now()
    form = DisputeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        link, key = cast(LinkRequest, request).link, form_key(request)
        try:
            notices.tell_dispute(link=link, invoice=invoice, form_key=key, at=at, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return _back(request, token, invoice, "disputed")
    effect = _("Nous recevons votre message aussitôt, et aucun rappel ne part tant que nous n’y avons pas répondu.")
    return _form_page(request, token, invoice, form, title=_("Je conteste"), effect=effect)


def _back(request: HttpRequest, token: str, invoice: Invoice, told: str) -> HttpResponse:
    """To the invoice's page, which says that the message has come."""
    language = request.GET.get("lang", "")
    query = f"?told={told}&lang={get_language()}" if language else f"?told={told}"
    return redirect(f"{home_of(request, token, invoice)}{query}")


def home_of(request: HttpRequest, token: str, invoice: Invoice) -> str:
    is_of_one = cast(LinkRequest, request).link.invoice_id is not None
    return reverse("payments:portal", args=[token]) if is_of_one else address_in("portal-invoice", token, invoice)


def _form_page(
    request: HttpRequest, token: str, invoice: Invoice, form: forms.Form, *, title: str, effect: str
) -> HttpResponse:
    shown = reading.shown_invoice(invoice, local_day(timezone.now()))
    context = {
        **frame_of(request, token, cast(LinkRequest, request).link),
        "invoice": invoice,
        "shown": shown,
        "form": form,
        "title": title,
        "effect": effect,
        "home": home_of(request, token, invoice),
    }
    return render(request, "payments/portal/form.html", context, status=422 if form.errors else 200)
