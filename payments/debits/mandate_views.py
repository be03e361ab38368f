"""Mandates on pages: the list, the record, a new one of a customer, the form to sign; the settings of collecting."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel import audit
from config.kernel.access import MemberRequest, actor_of, allows, member, role_of
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.rows import edit
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from customers.models import Address, AddressKind, Customer
from payments.collecting_columns import MANDATES
from payments.debits.forms import CollectionSettingsForm, MandateForm, SignedForm
from payments.debits.mandates import lapse_days, prepare_mandate, revoke_mandate, sign_mandate
from payments.debits.tabs import TONES, debit_tabs
from payments.forms import ReasonForm
from payments.list_filters import MandateFilter
from payments.models import DebitStatus, DirectDebit, Mandate
from payments.printing import print_form
from payments.services.cash import settings_of
from payments.views.money_tabs import money_tabs
from payments.views.payments import small_form


def state_of(mandate: Mandate, limit: date | None) -> tuple[str, str]:
    """The chip: words and tone; `limit` is the day after which the mandate lapses."""
    if mandate.revoked_at:
        return _("Révoqué"), "neutral"
    if limit is None:
        return _("À faire signer"), "warn"
    if limit < local_day(timezone.now()):
        return _("Caduc : 36 mois sans prélèvement"), "bad"
    return _("Signé"), "good"


@require_GET
@member("bank")
def mandate_list(request: HttpRequest) -> HttpResponse:
    filters = MandateFilter(request.GET)
    rows = filters.narrow(Mandate.objects.select_related("customer"))
    sorts = {"date": "created_at", "reference": "reference", "customer": "customer__name"}
    listed = open_list(request, MANDATES, rows, sorts=sorts, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    limits = lapse_days(listed.page.rows)
    context = {
        "tabs": money_tabs(request, "payments:debit-list"),
        "kinds": debit_tabs("payments:mandate-list"),
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "page": listed.page,
        "summary": summary_of(rows),
        "rows": [{"row": row, "state": state_of(row, limits[row.pk])} for row in listed.page],
    }
    return render(request, "payments/debit/mandates.html", context)


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def mandate_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A mandate of one customer."""
    customer = get_object_or_404(Customer.objects.active(), pk=pk)
    initial = {"debtor_name": customer.name[:70], "language": "fr", "scheme": "CORE"}
    form = MandateForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            mandate = prepare_mandate(
                customer=customer, actor=actor_of(request), at=timezone.now(), **form.cleaned_data
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Mandat %(reference)s enregistré.") % {"reference": mandate.reference})
            return redirect(mandate)
    title = _("Mandat de prélèvement")
    return small_form(request, form, row=customer, title=title, button=_("Enregistrer"))


def _find(pk: int) -> Mandate:
    return cast(Mandate, get_object_or_404(Mandate.objects.select_related("customer", "company"), pk=pk))


@require_GET
@member("bank")
def mandate_detail(request: HttpRequest, pk: int) -> HttpResponse:
    mandate = _find(pk)
    debits = DirectDebit.objects.filter(mandate=mandate).select_related("invoice").order_by("-collected_on", "-id")
    may = cast(MemberRequest, request).membership.may("payments.collect")
    limit = lapse_days([mandate])[mandate.pk]
    context = {
        "mandate": mandate,
        "state": state_of(mandate, limit),
        "lapses_on": limit,
        "debits": [{"debit": debit, "tone": TONES[DebitStatus(debit.status)]} for debit in debits[:60]],
        "may_sign": may and not mandate.signed_on and not mandate.revoked_at,
        "may_revoke": may and not mandate.revoked_at,
        "timeline": timeline_of(mandate, role_of(request)),
    }
    return render(request, "payments/debit/mandate.html", context)


@require_GET
@member("bank")
def mandate_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The mandate to print and sign, as PDF, in the language of the debtor (EPC's form)."""
    mandate = _find(pk)
    place = Address.objects.filter(customer=mandate.customer, kind=AddressKind.BILLING).first()
    context: dict[str, Any] = {
        "mandate": mandate,
        "company": mandate.company,
        "place": place,
        "creditor_identifier": settings_of(mandate.company_id).creditor_identifier,
    }
    with override(mandate.language):
        pdf = print_form("payments/pdf/mandate.html", context, name=f"mandate:{mandate.pk}")
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = 'inline; filename="mandat.pdf"'
    return answer


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def mandate_sign(request: HttpRequest, pk: int) -> HttpResponse:
    mandate, now = _find(pk), timezone.now()
    form = SignedForm(request.POST if request.method == "POST" else None, initial={"signed_on": local_day(now)})
    if request.method == "POST" and form.is_valid():
        try:
            sign_mandate(mandate=mandate, actor=actor_of(request), at=now, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Mandat signé : ses factures peuvent être prélevées."))
            return redirect(mandate)
    title = _("Le mandat est signé")
    note = _(
        "Gardez l’original signé : il se produit en cas de contestation, jusqu’à treize mois après un prélèvement."
    )
    return small_form(request, form, row=mandate, title=title, button=_("Enregistrer"), note=note)


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def mandate_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    mandate = _find(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            revoke_mandate(mandate=mandate, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Mandat révoqué."))
            return redirect(mandate)
    title = _("Révoquer le mandat")
    note = _("Un mandat révoqué ne sert plus : pour prélever de nouveau, faites-en signer un autre.")
    return small_form(request, form, row=mandate, title=title, button=title, note=note)


@require_http_methods(["GET", "POST"])
@member("bank", posts="settings.edit")
@sent_once
def collection_settings(request: HttpRequest) -> HttpResponse:
    """The creditor identifier, the notice, the limits of cash."""
    company = cast(MemberRequest, request).membership.company
    row = settings_of(company.pk)
    names = list(CollectionSettingsForm.base_fields)
    initial = {name: getattr(row, name) for name in names}
    form = CollectionSettingsForm(request.POST if request.method == "POST" else None, initial=initial)
    may = allows(role_of(request), "settings.edit")
    for field in form.fields.values():
        field.disabled = not may
    if request.method == "POST" and form.is_valid():
        changed = edit(row, form.cleaned_data)
        if changed:
            data = {"fields": ", ".join(changed)}
            audit.record(
                "payments.collection.changed", subject=row, actor=actor_of(request), at=timezone.now(), data=data
            )
        messages.success(request, _("Réglages enregistrés."))
        return redirect("payments:debit-list")
    context = {
        "form": form,
        "tabs": money_tabs(request, "payments:debit-list"),
        "kinds": debit_tabs("payments:collection-settings"),
        "may_edit": may,
    }
    return render(request, "payments/debit/settings.html", context, status=422 if form.errors else 200)
