"""Invoices: the list, the record, and what billing alone can do with one."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from billing.forms.invoices import DisputeForm, NotesForm
from billing.models import Invoice, InvoiceKind, InvoiceLine
from billing.panels import Action, choose, contributed_actions, panels_of
from billing.pdf import render_pdf
from billing.services import snapshots
from billing.services.crediting import shown_totals
from billing.services.deposits import takes_deposit
from billing.services.invoices import annotate_invoice, close_dispute, delete_draft, open_dispute
from billing.standing import chips_of, days_late
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.editing import as_read
from config.kernel.errors import DomainError, TransitionRefused
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of

# a PDF is shown by the browser's own viewer, which needs its own styles
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def load_invoice(pk: int) -> Invoice:
    rows = Invoice.objects.select_related("company", "customer__terms", "order", "corrects", "replaces")
    return cast(Invoice, get_object_or_404(rows, pk=pk))


@require_GET
@member("invoices")
def invoice_detail(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = load_invoice(pk)
    today = local_day(timezone.now())
    chip = chips_of([invoice], today)[invoice.pk]
    actions = [*contributed_actions(invoice, today), *own_actions(invoice)]
    membership = cast(MemberRequest, request).membership
    primary, menu = choose(actions, membership.may)
    context = {
        "invoice": invoice,
        "standing": chip.label,
        "tone": chip.tone,
        "late": days_late(invoice, today),
        "primary": primary,
        "menu": menu,
        "may_edit": membership.may("invoices.edit") and invoice.is_draft and not invoice.is_credit_note,
        "panels": panels_of(invoice),
        "emails": list(invoice.emails.order_by("-created_at")[:20]),
        **_relatives(invoice),
        "timeline": timeline_of(invoice, membership.role),
        **_document(invoice),
    }
    return render(request, "billing/invoice/detail.html", context)


def _relatives(invoice: Invoice) -> dict[str, Any]:
    """The documents that settle it with others: credit notes, its corrected invoice, deposits on either side."""
    later = list(invoice.corrections.order_by("created_at"))
    return {
        "credit_notes": [note for note in later if note.is_credit_note],
        "corrected_by": next((row for row in later if row.kind == InvoiceKind.CORRECTED), None),
        "deductions": list(invoice.deductions.select_related("deposit")) if invoice.amount_deposited else [],
        "deducted_by": invoice.deducted_by.filter(is_live=True).select_related("invoice").first()
        if invoice.is_deposit
        else None,
    }


def _document(invoice: Invoice) -> dict[str, Any]:
    """What the document says: from the frozen columns, or as issuing would freeze them today."""
    lines = list(InvoiceLine.objects.filter(invoice=invoice).order_by("position"))
    if not invoice.is_draft:
        vat = list(invoice.vat_subtotals.all())
        return {
            "lines": lines,
            "vat": vat,
            "seller": invoice.seller,
            "buyer": invoice.buyer,
            "mentions": invoice.mentions,
        }
    vat_rows = shown_totals(invoice, lines).subtotals if lines else ()
    try:
        buyer: dict[str, Any] | None = snapshots.buyer(invoice.customer, invoice.delivery)
    except snapshots.NoBillingAddress:
        buyer = None
    return {
        "lines": lines,
        "vat": vat_rows,
        "seller": snapshots.seller(invoice.company),
        "buyer": buyer,
        "mentions": snapshots.mentions(invoice, invoice.company),
    }


def _corrected_by(invoice: Invoice) -> Invoice | None:
    """Its corrected invoice, drafted or issued."""
    return next((row for row in invoice.corrections.all() if row.kind == InvoiceKind.CORRECTED), None)


def own_actions(invoice: Invoice) -> list[Action]:
    """What billing itself offers in the invoice's present state."""
    here = [invoice.pk]
    actions = [Action(_("Aperçu"), reverse("billing:invoice-preview", args=here), "eye")]
    if invoice.takes_deposits:
        url = reverse("billing:invoice-deductions", args=here)
        actions.append(Action(_("Déduire des acomptes"), url, "coins", needs="invoices.edit"))
    if takes_deposit(invoice):
        url = reverse("billing:invoice-deposit", args=here)
        actions.append(Action(_("Facturer un acompte"), url, "invoice", needs="invoices.edit"))
    if invoice.can_be_corrected and not _corrected_by(invoice):
        url = reverse("billing:invoice-correct", args=here)
        actions.append(Action(_("Rectifier"), url, "edit", needs="invoices.credit"))
    if invoice.can_be_disputed and not invoice.disputed_at:
        actions.append(
            Action(_("Contester"), reverse("billing:invoice-dispute", args=here), "alert", needs="invoices.edit")
        )
    if invoice.disputed_at:
        actions.append(
            Action(
                _("Lever la contestation"),
                reverse("billing:invoice-dispute-close", args=here),
                "check",
                needs="invoices.edit",
            )
        )
    actions.append(
        Action(_("Notes internes"), reverse("billing:invoice-notes", args=here), "edit", needs="invoices.edit")
    )
    if invoice.is_draft:
        actions.append(
            Action(
                _("Supprimer le brouillon"),
                reverse("billing:invoice-delete", args=here),
                "trash",
                danger=True,
                needs="invoices.edit",
            )
        )
    return actions


@require_GET
@member("invoices")
def invoice_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The readable document as it is now; a draft bears a watermark and no number. Nothing is stored."""
    invoice = load_invoice(pk)
    name = f"{invoice.number or _('brouillon')}.pdf".replace("/", "-")
    response = HttpResponse(render_pdf(invoice), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = PDF_POLICY
    return response


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
def invoice_notes(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = load_invoice(pk)
    form = _notes_form(invoice, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        notes = form.cleaned_data["internal_notes"]
        try:
            with as_read(form, invoice, _notes_form):
                annotate_invoice(invoice=invoice, internal_notes=notes, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Notes enregistrées."))
            return redirect(invoice)
    return _small_form(request, invoice, form, title=_("Notes internes"), button=_("Enregistrer"))


def _notes_form(invoice: Invoice, sent: Any = None) -> NotesForm:
    return NotesForm(sent, initial={"internal_notes": invoice.internal_notes})


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
@sent_once
def invoice_dispute(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = load_invoice(pk)
    if not invoice.can_be_disputed:
        raise TransitionRefused(state=invoice.get_status_display())
    form = DisputeForm(request.POST or None) if request.method == "POST" else DisputeForm()
    if request.method == "POST" and form.is_valid():
        open_dispute(invoice=invoice, reason=form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Contestation notée : les relances sont suspendues."))
        return redirect(invoice)
    return _small_form(request, invoice, form, title=_("Contestation"), button=_("Noter la contestation"))


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
@sent_once
def invoice_dispute_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Lift it after a page that says what follows: a reminder may leave from then on."""
    invoice = load_invoice(pk)
    if request.method == "POST":
        close_dispute(invoice=invoice, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Contestation levée."))
        return redirect(invoice)
    facts = [*_whose(invoice), (_("Contestée le"), typography.moment(invoice.disputed_at))]
    return confirm(
        request,
        Confirmation(
            title=_("Lever la contestation"),
            effect=_("Les relances de cette facture reprennent, dès qu’une est due."),
            facts=[*facts, (_("Motif"), invoice.dispute_reason)],
            back=invoice.get_absolute_url(),
            back_label=invoice,
            icon="check",
        ),
    )


def _whose(invoice: Invoice) -> list[tuple[str, str]]:
    total = typography.money(invoice.total_gross, invoice.currency)
    return [(_("Client"), invoice.buyer_name or invoice.customer.name), (_("Total TTC"), total)]


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
@sent_once
def invoice_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away, after a page that says which one: it cannot be brought back."""
    invoice = load_invoice(pk)
    if request.method == "POST":
        delete_draft(invoice=invoice, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Brouillon supprimé. Aucun numéro n’avait été pris."))
        return redirect("billing:invoice-list")
    effect = _("Il n’a pas de numéro : la suite des numéros reste continue. Un brouillon effacé ne revient pas.")
    return confirm(
        request,
        Confirmation(
            title=_("Supprimer le brouillon"),
            effect=effect,
            facts=_whose(invoice),
            back=invoice.get_absolute_url(),
            back_label=invoice,
            icon="trash",
            danger=True,
        ),
    )


def _small_form(request: HttpRequest, invoice: Invoice, form: Any, *, title: str, button: str) -> HttpResponse:
    context = {"invoice": invoice, "form": form, "title": title, "button": button}
    return render(request, "billing/invoice/small_form.html", context, status=422 if form.errors else 200)
