"""Issuing with open eyes, sending again, transmitting, and the legal files themselves."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import DocumentKind, Invoice
from billing.pdf import render_pdf
from billing.services.emails import invoice_letter
from billing.services.number_patterns import kind_of, patterns_of, place_of_next
from billing.variables import previewed
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError, Invalid
from config.kernel.kept import read_kept
from config.kernel.middleware import say
from config.kernel.sent_once import sent_once
from einvoicing.forms import LetterForm
from einvoicing.problems.broken_rules import BrokenRule, broken_rule, broken_rules_of, for_role
from einvoicing.problems.fixes import BY_CODE, apply_fix
from einvoicing.problems.places import customer_url
from einvoicing.services.directory import unreachable_buyer
from einvoicing.services.documents import DocumentInvalid, ensure_facturx, find_document
from einvoicing.services.routing import carrier_for
from einvoicing.services.sending import email_invoice, issue_checked, recipients, send_invoice, version_of
from einvoicing.services.transmissions import queue_transmission
from einvoicing.services.transmissions.queue import carrier_to

KINDS = {"facturx": (DocumentKind.FACTURX, "application/pdf"), "cii": (DocumentKind.CII, "application/xml")}
MOST_RECIPIENTS = 10


def _load(pk: int) -> Invoice:
    rows = Invoice.objects.select_related("company", "customer__terms", "order", "corrects")
    return cast(Invoice, get_object_or_404(rows, pk=pk))


@require_http_methods(["GET", "POST"])
@member("invoices.issue")
def invoice_issue(request: HttpRequest, pk: int) -> HttpResponse:
    """« Émettre et envoyer »: first what will be frozen and sent, then, on POST, the act that cannot be undone."""
    invoice, at = _load(pk), timezone.now()
    if not invoice.can_be_issued:
        return redirect(invoice)
    if request.method == "GET":
        return _confirmation(request, pk, at)
    if "fix" in request.POST:
        return _fix(request, invoice, at)
    by_mail = request.POST.get("send") != "no"
    try:
        issue = send_invoice if by_mail else issue_checked
        issued = issue(invoice=invoice, actor=actor_of(request), at=at, version=request.POST.get("version", ""))
    except DomainError as error:
        if not _load(pk).can_be_issued:  # a second sending of the same form, or somebody else, was quicker
            return redirect(invoice)
        return _confirmation(request, pk, at, refused=error)
    sentence = _("%(number)s émise et en file d’envoi.") if by_mail else _("%(number)s émise.")
    messages.success(request, sentence % {"number": issued.number})
    return redirect(issued)


def _fix(request: HttpRequest, invoice: Invoice, at: datetime) -> HttpResponse:
    """One press of a button of the pre-flight: the fix is written, nothing is issued."""
    fix = BY_CODE.get(request.POST["fix"])
    if fix is None:
        raise Http404
    if not cast(MemberRequest, request).membership.may(fix.needs):
        raise PermissionDenied
    try:
        apply_fix(code=fix.code, invoice=invoice, actor=actor_of(request), at=at)
    except DomainError as error:
        return _confirmation(request, invoice.pk, at, refused=error)
    messages.success(request, _("Corrigé. Le brouillon est contrôlé de nouveau."))
    return redirect("einvoicing:invoice-issue", pk=invoice.pk)


def _confirmation(request: HttpRequest, pk: int, at: datetime, *, refused: DomainError | None = None) -> HttpResponse:
    invoice = _load(pk)
    rules = for_role(_broken_rules(invoice, at, refused), role_of(request))
    day = local_day(at)
    account = carrier_for(invoice)
    to_platform = account is not None and account.sends_automatically
    context = {
        "invoice": invoice,
        "broken_rules": rules,
        "blocked": any(rule.fatal for rule in rules),
        "series": _series(invoice, day),
        "day": day,
        "due": invoice.due_date or invoice.customer.terms.due_date(day),
        "lines": invoice.lines.count(),
        "version": version_of(invoice),
        "addresses": recipients(invoice.customer),
        "customer_url": customer_url(invoice),
        "account": account if to_platform else None,
        "refused": say(refused) if refused and not isinstance(refused, DocumentInvalid) else "",
    }
    return render(request, "einvoicing/invoice/issue.html", context, status=422 if refused else 200)


def _broken_rules(invoice: Invoice, at: datetime, refused: DomainError | None) -> list[BrokenRule]:
    """What the official rules say of the draft, and whether the directory has its buyer."""
    if isinstance(refused, DocumentInvalid):
        return [broken_rule(violation, invoice) for violation in refused.report.violations]
    found = broken_rules_of(invoice, at)
    if refused or any(not broken.rule for broken in found):  # refused before any rule ran
        return found
    unreachable = unreachable_buyer(invoice, at)
    return [*found, broken_rule(unreachable, invoice)] if unreachable else found


def _series(invoice: Invoice, on: date) -> str:
    """The number as it would be given now; somebody else may take it first."""
    pattern, stem, first = patterns_of(invoice.company_id)[kind_of(invoice.kind)]
    return pattern.number(on, place_of_next(invoice.company_id, pattern, on, stem=stem, first=first))


@require_http_methods(["GET", "POST"])
@member("invoices.issue")
@sent_once
def invoice_send(request: HttpRequest, pk: int) -> HttpResponse:
    """The e-mail again, to whom one says; the message is shown before it is queued."""
    invoice = _load(pk)
    if invoice.is_draft:
        return redirect("einvoicing:invoice-issue", pk=pk)
    typed = request.POST.get("addresses", ", ".join(recipients(invoice.customer)))
    problem, (subject, body) = "", invoice_letter(invoice)
    ours = {"subject_line": subject, "body": body}
    form = LetterForm({**ours, **request.POST.dict()} if request.method == "POST" else None, initial=ours)
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        try:
            letter = (form.cleaned_data["subject_line"], form.cleaned_data["body"] + "\n")
            email_invoice(invoice=invoice, addresses=_addresses(typed), at=timezone.now(), letter=letter)
        except Invalid as error:
            problem = say(error)
        else:
            messages.success(request, _("Message en file d’envoi."))
            return redirect(invoice)
    shown = form.cleaned_data.get("body", body) if form.is_bound else body
    context = {"invoice": invoice, "typed": typed, "problem": problem, "form": form, "body": previewed(shown)}
    return render(request, "einvoicing/invoice/send.html", context, status=422 if problem or form.errors else 200)


def _addresses(typed: str) -> list[str]:
    """The addresses, separated by commas, semicolons or spaces, each once. Raises Invalid."""
    found = list(dict.fromkeys(typed.replace(",", " ").replace(";", " ").split()))
    if not found:
        raise Invalid("Indiquez au moins une adresse e-mail.")
    if len(found) > MOST_RECIPIENTS:
        raise Invalid("Dix adresses au plus à la fois.")
    for address in found:
        try:
            validate_email(address)
        except ValidationError as error:
            raise Invalid("« %(address)s » n’est pas une adresse e-mail.", address=address[:100]) from error
    return found


@require_http_methods(["GET", "POST"])
@member("einvoicing.send")
@sent_once
def invoice_transmit(request: HttpRequest, pk: int) -> HttpResponse:
    """To its buyer's platform, after a page that says what goes where: it cannot be called back."""
    invoice = _load(pk)
    if invoice.is_draft:
        return redirect("einvoicing:invoice-issue", pk=pk)
    if request.method == "GET":
        facts = [
            (_("Client"), invoice.buyer_name),
            (_("Total TTC"), typography.money(invoice.total_gross, invoice.currency)),
            (_("Plateforme"), carrier_to(invoice).name),
        ]
        return confirm(
            request,
            Confirmation(
                title=_("Transmettre à la plateforme"),
                effect=_("Une facture transmise ne peut pas être rappelée."),
                facts=facts,
                back=invoice.get_absolute_url(),
                back_label=invoice,
            ),
        )
    queue_transmission(invoice=invoice, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Facture dans la file de la plateforme."))
    return redirect(invoice)


@require_GET
@member("invoices")
def document_download(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The legal file, made and judged now if it never was; for a draft, its preview."""
    invoice = _load(pk)
    if kind not in KINDS:
        raise Http404
    if invoice.is_draft:
        if kind != "facturx":
            raise Http404
        return _attached(HttpResponse(render_pdf(invoice), content_type="application/pdf"), f"{_('brouillon')}.pdf")
    document_kind, content_type = KINDS[kind]
    made: Any = ensure_facturx(invoice=invoice, actor=actor_of(request), at=timezone.now())
    document = made if document_kind == DocumentKind.FACTURX else find_document(invoice, document_kind)
    if document is None:
        raise Http404
    name = str(document.file.name).rpartition("/")[2]
    data = read_kept(document, record=invoice, at=timezone.now())
    return _attached(HttpResponse(data, content_type=content_type), name)


def _attached(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
