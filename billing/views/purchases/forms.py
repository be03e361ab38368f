"""The form of a supplier invoice: entered by hand, or corrected as long as nobody has approved it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.forms.picking import third_party_chosen
from billing.forms.purchases.accounts import bought_on
from billing.forms.purchases.lines import (
    PurchaseLineForm,
    breakdown,
    compared,
    lines_of,
    purchase_lines,
    rate_on_document,
)
from billing.forms.purchases.purchases import PurchaseForm
from billing.models import InvoiceKind, PurchaseInvoice, PurchaseOrder
from billing.purchases.changeable import check_open
from billing.purchases.checking import save_purchase
from billing.purchases.content import LineContent, PurchaseContent
from billing.purchases.drafts import PurchaseLineInput
from billing.purchases.models import PurchaseLine
from billing.purchases.order_standing import lines_to_bill
from billing.purchases.recording import record_purchase
from billing.purchases.regimes import regime_on
from billing.views.purchases.creating import come_back, step_aside
from config.kernel import parking
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error, filled_forms
from config.kernel.money import HUNDRED, ZERO
from config.kernel.sent_once import sent_once


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_new(request: HttpRequest) -> HttpResponse:
    """A document that came on paper: of `?supplier=`, what bills `?order=`, or what corrects `?corrects=` (a credit
    note, or `&kind=384`)."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
def purchase_edit(request: HttpRequest, pk: int) -> HttpResponse:
    purchase = get_object_or_404(PurchaseInvoice.objects.select_related("supplier__terms"), pk=pk)
    check_open(purchase)
    return _form(request, purchase)


def _form(request: HttpRequest, purchase: PurchaseInvoice | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    if sent is not None and (aside := step_aside(request)) is not None:
        return aside
    typed = come_back(request) if sent is None else sent
    order = _named(PurchaseOrder.objects.select_related("supplier"), request.GET.get("order", ""))
    form = _form_of(request, typed, purchase, order)
    form.formset = formset = purchase_lines(typed, rows=() if typed is not None else _rows(purchase, order))
    valid = sent is not None and all([form.is_valid(), formset.is_valid()])
    saved = _save(request, purchase, form, formset) if valid else None
    if saved is not None:
        messages.success(request, _("Facture enregistrée."))
        return redirect(saved)
    totals = _totals(form, formset)
    if sent is None and typed is not None:
        parking.unjudged(form, formset)
    context = {
        "purchase": purchase,
        "form": form,
        "formset": formset,
        "totals": totals,
        "accounts": bought_on(),
        "may_create": cast(MemberRequest, request).membership.may("purchases.edit"),
    }
    return render(request, "billing/purchases/form.html", context, status=200 if sent is None else 422)


def _named(rows: Any, wanted: str) -> Any:
    """The row whose key an address names; None without one."""
    known = wanted if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else "0"
    return rows.filter(pk=int(known)).first()


def _rows(purchase: PurchaseInvoice | None, order: PurchaseOrder | None) -> list[PurchaseLine]:
    """The lines of the purchase as stored; of a new one those that came of its order and nobody has billed."""
    return _stored(purchase) if purchase else lines_to_bill(order) if order else []


def _form_of(
    request: HttpRequest, typed: Any, purchase: PurchaseInvoice | None, order: PurchaseOrder | None
) -> PurchaseForm:
    corrected = _named(PurchaseInvoice.objects.select_related("supplier"), request.GET.get("corrects", ""))
    asked = request.GET.get("kind", "")
    kind = asked if asked in {InvoiceKind.CREDIT_NOTE, InvoiceKind.CORRECTED} else InvoiceKind.CREDIT_NOTE
    supplier = third_party_chosen(request.GET.get("supplier"))
    return PurchaseForm(typed, purchase=purchase, supplier=supplier, corrected=corrected, kind=kind, order=order)


def _stored(purchase: PurchaseInvoice) -> list[PurchaseLine]:
    return list(purchase.lines.order_by("position"))


def _as_stored(purchase: PurchaseInvoice) -> PurchaseForm:
    """The form of the record as it is stored."""
    form = PurchaseForm(purchase=purchase)
    form.formset = purchase_lines(rows=_stored(purchase))
    return form


def _save(
    request: HttpRequest, purchase: PurchaseInvoice | None, form: PurchaseForm, formset: Any
) -> PurchaseInvoice | None:
    """The purchase as written, or None with the refusal put on the form."""
    try:
        if not filled_forms(formset):
            form.add_error(None, _("Une facture a au moins une ligne."))
            return None
        if purchase is None:
            return _record(request, form, lines_of(formset))
        with as_read(form, purchase, _as_stored):
            return _correct(request, purchase, form, lines_of(formset))
    except DomainError as error:
        add_domain_error(form, error, formset)
        return None


@transaction.atomic
def _record(request: HttpRequest, form: PurchaseForm, lines: list[PurchaseLineInput]) -> PurchaseInvoice:
    """Record it as any document is, then write the accounts and regimes that were typed over those proposed."""
    at, actor, supplier = timezone.now(), actor_of(request), form.cleaned_data["customer"]
    rows = breakdown(lines, form.cleaned_data["total_vat"])
    values = form.values(sum((row.amount for row in rows), ZERO))
    notes = values.pop("internal_notes")
    content = PurchaseContent(
        supplier_name=supplier.name, lines=tuple(map(_content, lines)), vat_rows=tuple(rows), **values
    )
    purchase = record_purchase(
        company_id=cast(MemberRequest, request).membership.company_id,
        supplier=supplier,
        content=content,
        received_on=local_day(at),
        actor=actor,
        at=at,
    )
    own = [_over(proposed, typed) for proposed, typed in zip(_stored(purchase), lines, strict=True)]
    changes = {"internal_notes": notes} if notes else {}
    if any(_is_own(line) for line in lines) or changes:
        save_purchase(purchase=purchase, values=changes, lines=own, actor=actor, at=at)
    return purchase


def _content(line: PurchaseLineInput) -> LineContent:
    return LineContent(
        description=line.description,
        net=line.net,
        vat_rate=rate_on_document(line),
        vat_category=line.vat_category or "S",
        quantity=line.quantity,
        unit_price=line.unit_price,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
    )


def _is_own(line: PurchaseLineInput) -> bool:
    """Whether the person said of the line what is otherwise proposed."""
    return bool(line.account or line.regime or line.starts_on or line.deductible_share != HUNDRED)


def _over(proposed: PurchaseLine, typed: PurchaseLineInput) -> PurchaseLineInput:
    """The line as typed, completed by what was proposed."""
    own_rate = typed.regime and rate_on_document(typed) != typed.vat_rate
    return replace(
        typed,
        account=typed.account or proposed.account,
        regime=typed.regime or _regime(proposed, typed),
        vat_rate=typed.vat_rate if own_rate else proposed.vat_rate,
        vat_category=typed.vat_category or proposed.vat_category,
        deductible_share=proposed.deductible_share if typed.deductible_share == HUNDRED else typed.deductible_share,
        starts_on=typed.starts_on or proposed.starts_on,
        ends_on=typed.ends_on or proposed.ends_on,
    )


def _regime(proposed: PurchaseLine, typed: PurchaseLineInput) -> str:
    if not typed.account or typed.account == proposed.account:
        return proposed.regime
    return regime_on(typed.account, vat_rate=typed.vat_rate, proposed=proposed.regime)


def _correct(
    request: HttpRequest, purchase: PurchaseInvoice, form: PurchaseForm, lines: list[PurchaseLineInput]
) -> PurchaseInvoice:
    rows = breakdown(lines, form.cleaned_data["total_vat"])
    values = form.values(sum((row.amount for row in rows), ZERO))
    values |= {"supplier": form.cleaned_data["customer"], "due_date": values["due_date"] or purchase.due_date}
    kept = [
        _kept(line, before) for line, before in zip(lines, [*_stored(purchase), *[None] * len(lines)], strict=False)
    ]
    return save_purchase(
        purchase=purchase, values=values, lines=kept, vat_rows=rows, actor=actor_of(request), at=timezone.now()
    )


def _kept(line: PurchaseLineInput, before: PurchaseLine | None) -> PurchaseLineInput:
    """The line as typed; a regime left empty stays as it was, or is by the nature of its account."""
    known = before.regime if before else ""
    regime = line.regime or regime_on(line.account, vat_rate=line.vat_rate, proposed=known)
    return replace(line, regime=regime, vat_category=line.vat_category or "S")


@require_POST
@member("purchases")
def purchase_totals(request: HttpRequest) -> HttpResponse:
    """What the lines being typed make, beside the totals of the document. Rows not yet complete are left out."""
    form = PurchaseForm(request.POST)
    return HttpResponse(_totals(form, purchase_lines(request.POST)))


def _totals(form: PurchaseForm, formset: Any) -> str:
    """The figures at the foot of the sheet."""
    if formset.is_bound:
        formset.is_valid()
        form.is_valid()
        lines = [cast(PurchaseLineForm, row).line() for row in filled_forms(formset) if not row.errors]
        stated = {name: form.cleaned_data.get(name) for name in ("total_vat", "total_gross")}
    else:
        lines = [_input(row.initial) for row in formset.forms if row.initial]
        stated = {name: form.initial.get(name) for name in ("total_vat", "total_gross")}
    if not lines:
        return ""
    figures = compared(
        lines, cast("Decimal | None", stated["total_vat"]), cast("Decimal | None", stated["total_gross"])
    )
    return render_to_string("billing/purchases/_sheet_totals.html", {"figures": figures})


def _input(initial: dict[str, Any]) -> PurchaseLineInput:
    share = initial["deductible_share"]
    return PurchaseLineInput(**{**initial, "deductible_share": HUNDRED if share is None else share})
