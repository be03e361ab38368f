"""« Clients › Remises de fin d’année »: the agreements, what each comes to with its invoices, and the credit notes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.db.models import Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from billing.columns import REBATES
from billing.forms.picking import customer_chosen
from billing.forms.rebates import RebateFilter, RebateForm
from billing.models import RebateAgreement
from billing.services.rebates import PeriodNotOver, compute_rebate, credit_rebate, save_rebate
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of


def load_rebate(pk: int) -> RebateAgreement:
    rebate: RebateAgreement = get_object_or_404(RebateAgreement.objects.select_related("customer"), pk=pk)
    return rebate


@require_GET
@member("invoices")
def rebate_list(request: HttpRequest) -> HttpResponse:
    filters = RebateFilter(request.GET)
    rows = filters.narrow(RebateAgreement.objects.select_related("customer"))
    sorts = {"period": "ends_on", "customer": "customer__name"}
    listed = open_list(request, REBATES, rows, sorts=sorts, default="-period")
    if not isinstance(listed, ShownList):
        return listed
    context = {
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "page": listed.page,
        "summary": summary_of(rows, "amount", currency=Value("EUR")),
    }
    return render(request, "billing/rebate/list.html", context)


@require_http_methods(["GET", "POST"])
@member("invoices.credit")
@sent_once
def rebate_new(request: HttpRequest) -> HttpResponse:
    """`?customer=` fills whom it is for."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@member("invoices.credit")
@sent_once
def rebate_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, load_rebate(pk))


def _form(request: HttpRequest, agreement: RebateAgreement | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    form = RebateForm(sent, agreement=agreement, customer=customer_chosen(request.GET.get("customer")))
    if sent is not None and form.is_valid():
        try:
            with as_read(form, agreement, lambda row: RebateForm(agreement=row)):
                saved = save_rebate(
                    agreement=agreement,
                    company_id=cast(MemberRequest, request).membership.company_id,
                    values=form.values(),
                    tiers=form.cleaned_data["tiers"],
                    products=form.cleaned_data["products"],
                    actor=actor_of(request),
                    at=timezone.now(),
                )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Remise enregistrée."))
            return redirect(saved)
    context = {"form": form, "agreement": agreement}
    return render(request, "billing/rebate/form.html", context, status=422 if sent is not None else 200)


@require_GET
@member("invoices")
def rebate_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What it comes to as of now, or came to when it was credited, with the invoices and the credit notes."""
    agreement = load_rebate(pk)
    notes = list(agreement.notes.select_related("note__corrects").order_by("note__corrects__issue_date", "note_id"))
    rebate = None if notes else compute_rebate(agreement)
    membership = cast(MemberRequest, request).membership
    may = membership.may("invoices.credit") and not notes
    context: dict[str, Any] = {
        "agreement": agreement,
        "notes": [row.note for row in notes],
        "rebate": rebate,
        "tiers": list(agreement.tiers.order_by("above")),
        "products": list(agreement.products.values_list("product__reference", flat=True)),
        "edit_url": reverse("billing:rebate-edit", args=[pk]) if may else "",
        "credit_url": reverse("billing:rebate-credit", args=[pk]) if may and rebate and rebate.amount > 0 else "",
        "drafts_url": f"{reverse('billing:invoice-list')}?status=draft&kind=381&customer={agreement.customer_id}",
        "timeline": timeline_of(agreement, membership.role),
    }
    return render(request, "billing/rebate/detail.html", context)


@require_http_methods(["GET", "POST"])
@member("invoices.credit")
@sent_once
def rebate_credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Prepare its credit notes, after a page that says on how many invoices."""
    agreement = load_rebate(pk)
    if request.method == "POST":
        shown = request.GET.get("amount", "")
        notes = credit_rebate(agreement=agreement, shown=_read(shown), actor=actor_of(request), at=timezone.now())
        words = ngettext("%(count)s brouillon d’avoir préparé.", "%(count)s brouillons d’avoir préparés.", len(notes))
        messages.success(request, words % {"count": typography.number(len(notes))})
        return redirect(agreement)
    rebate = compute_rebate(agreement)
    if request.GET.get("amount") != str(rebate.amount):
        # what is confirmed stands in the address: an amount that changes meanwhile is another page
        return redirect(f"{request.path}?amount={rebate.amount}")
    touched = sum(bool(share.parts) for share in rebate.shares)
    is_over = local_day(timezone.now()) > agreement.ends_on
    return confirm(
        request,
        Confirmation(
            title=_("Préparer les avoirs"),
            effect=_("Un brouillon d’avoir par facture, à relire et à émettre comme les autres. Rien n’est émis ici."),
            facts=[
                (_("Client"), agreement.customer.name),
                (_("Chiffre d’affaires retenu"), typography.money(rebate.turnover)),
                (_("Remise HT"), typography.money(rebate.amount)),
                (_("Factures"), typography.number(touched)),
            ],
            warning="" if is_over else _(PeriodNotOver.message),
            back=agreement.get_absolute_url(),
            back_label=agreement.name,
            icon="invoice",
        ),
    )


def _read(text: str) -> Decimal:
    """An amount of ours, from the address; zero for what is none, which is no rebate's."""
    whole, _point, cents = text.partition(".")
    is_ours = whole.isascii() and whole.isdigit() and cents.isascii() and cents.isdigit() and len(text) < 20
    return Decimal(text) if is_ours else Decimal(0)
