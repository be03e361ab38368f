"""Writing a supplier: its form, the accounts it is paid on, and the other side of a customer."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.forms.purchases.accounts import bought_on
from billing.forms.purchases.suppliers import IbanForm, SupplierForm
from billing.purchases.distrusting import reject_iban
from billing.purchases.ibans import confirm_iban, see_iban
from billing.purchases.models import SupplierIban
from billing.purchases.suppliers import save_supplier
from billing.views.purchases.suppliers import load_supplier
from config.kernel import parking, typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.confirming import Confirmation, confirm
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from customers.models import Customer
from customers.services import mark_as_customer, mark_as_supplier

MOST_OPTIONS = 10


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def supplier_new(request: HttpRequest) -> HttpResponse:
    """A new supplier; `?name=` is what somebody typed and did not find, `?beside` and `?back=` as for a customer."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
def supplier_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, load_supplier(pk))


def _form(request: HttpRequest, supplier: Customer | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    beside = "beside" in request.GET
    name = request.GET.get("name", "")[:200]
    form = SupplierForm(sent, supplier=supplier, name=name, auto_id="beside_%s" if beside else "id_%s")
    saved = _save(request, supplier, form) if sent is not None and form.is_valid() else None
    if saved is not None and beside:
        return JsonResponse({"value": saved.pk, "label": saved.name})
    if saved is not None:
        messages.success(request, _("Fournisseur enregistré."))
        return redirect(parking.way_back(request, saved.pk) or _record(saved))
    context = {
        "supplier": supplier,
        "form": form,
        "accounts": bought_on(),
        "back": parking.way_back(request),
        "beside": beside,
    }
    return render(request, "billing/purchases/supplier/form.html", context, status=200 if sent is None else 422)


def _save(request: HttpRequest, supplier: Customer | None, form: SupplierForm) -> Customer | None:
    """The supplier as written, or None with the refusal put on the form."""
    try:
        with as_read(form, supplier, lambda row: SupplierForm(supplier=row)):
            return save_supplier(
                supplier=supplier,
                company_id=cast(MemberRequest, request).membership.company_id,
                values=form.values(),
                address=form.address(),
                iban=form.cleaned_data.get("iban", ""),
                bic=form.cleaned_data.get("bic", ""),
                rule=form.rule(),
                actor=actor_of(request),
                at=timezone.now(),
            )
    except DomainError as error:
        add_domain_error(form, error)
        return None


def _record(supplier: Customer) -> str:
    return reverse("billing:supplier-detail", args=[supplier.pk])


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def supplier_iban_new(request: HttpRequest, pk: int) -> HttpResponse:
    """An account the supplier gives: nothing is paid there before it is confirmed."""
    supplier = load_supplier(pk)
    form = IbanForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        see_iban(
            supplier=supplier, seen_in=supplier.subject, actor=actor_of(request), at=timezone.now(), **form.cleaned_data
        )
        messages.success(request, _("IBAN ajouté : rien n’y est payé avant d’être confirmé."))
        return redirect(f"{_record(supplier)}#ibans")
    context = {
        "form": form,
        "title": _("Ajouter un IBAN"),
        "button": _("Ajouter"),
        "back": f"{_record(supplier)}#ibans",
        "back_label": supplier,
        "words": _("Il attend d’être confirmé : appelez le fournisseur à un numéro que vous connaissiez déjà."),
    }
    return render(request, "billing/purchases/small_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member("purchases.pay")
@sent_once
def supplier_iban_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Trust an account, after a page that shows it beside the one that was known."""
    row = _iban(pk)
    if request.method == "POST":
        confirm_iban(iban=row, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("IBAN confirmé : ses factures peuvent y être payées."))
        return redirect(f"{_record(row.supplier)}#ibans")
    known = row.supplier.ibans.exclude(confirmed_at=None).order_by("-confirmed_at")
    facts = [(_("Fournisseur"), row.supplier.name)]
    facts += [(_("IBAN connu"), _shown(other)) for other in known[:3]] or [(_("IBAN connu"), _("aucun"))]
    facts += [(_("Nouvel IBAN"), _shown(row)), (_("Vu la première fois"), typography.moment(row.seen_at))]
    # one account under several names: a factor, or a fraud that has found a second door
    same = SupplierIban.objects.filter(iban=row.iban).exclude(pk=row.pk).select_related("supplier").order_by("pk")
    facts += [(_("Aussi demandé par"), other.supplier.name) for other in same[:5]]
    phone = row.supplier.phone or _("un numéro que vous connaissiez déjà")
    return confirm(
        request,
        Confirmation(
            title=_("Confirmer cet IBAN"),
            effect=_(
                "Les factures qui le demandent ne sont plus retenues, et les prochains virements peuvent y partir."
            ),
            warning=_(
                "Un IBAN qui change est la fraude la plus courante : appelez le fournisseur (%(phone)s), jamais au "
                "numéro écrit sur le document qui donne ce nouvel IBAN."
            )
            % {"phone": phone},
            facts=facts,
            back=f"{_record(row.supplier)}#ibans",
            back_label=row.supplier,
            icon="check",
        ),
    )


@require_http_methods(["GET", "POST"])
@member("purchases.pay")
@sent_once
def supplier_iban_reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Set an account aside for good."""
    row = _iban(pk)
    if request.method == "POST":
        reject_iban(iban=row, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("IBAN écarté : rien n’y sera payé."))
        return redirect(f"{_record(row.supplier)}#ibans")
    return confirm(
        request,
        Confirmation(
            title=_("Écarter cet IBAN"),
            effect=_(
                "Rien n’y sera payé, et il ne pourra plus être confirmé. Les factures qui le demandent sont retenues."
            ),
            facts=[(_("Fournisseur"), row.supplier.name), ("IBAN", _shown(row))],
            back=f"{_record(row.supplier)}#ibans",
            back_label=row.supplier,
            icon="close",
            danger=True,
        ),
    )


def _iban(pk: int) -> SupplierIban:
    return get_object_or_404(SupplierIban.objects.select_related("supplier"), pk=pk)


def _shown(row: SupplierIban) -> str:
    return " · ".join(part for part in (typography.iban(row.iban), row.bic, row.holder) if part)


@require_POST
@member("purchases.edit")
@sent_once
def supplier_of_customer(request: HttpRequest, pk: int) -> HttpResponse:
    """A customer bills us too."""
    customer = get_object_or_404(Customer.objects.active(), pk=pk)
    mark_as_supplier(customer=customer, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("%(name)s est aussi un fournisseur.") % {"name": customer.name})
    return redirect(_record(customer))


@require_POST
@member("customers.edit")
@sent_once
def customer_of_supplier(request: HttpRequest, pk: int) -> HttpResponse:
    """A supplier is billed too."""
    supplier = load_supplier(pk)
    mark_as_customer(customer=supplier, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("%(name)s est aussi un client.") % {"name": supplier.name})
    return redirect(supplier)


@require_GET
@member("purchases")
def supplier_options(request: HttpRequest) -> HttpResponse:
    """What a typed name could mean: a few suppliers, then customers that may become one, and « Créer » for whom may."""
    text = request.GET.get("q", "").strip()[:100]
    found = Customer.objects.active()
    found = found.matching(text) if text else found.suppliers()
    rows = found.order_by("-is_supplier", "name", "id")[:MOST_OPTIONS]
    context: dict[str, Any] = {
        "options": [{"value": row.pk, "label": row.name, "detail": _detail(row)} for row in rows],
        "query": text,
    }
    if text and cast(MemberRequest, request).membership.may("purchases.edit"):
        context["create_url"] = f"{reverse('billing:supplier-new')}?{urlencode({'name': text})}"
    return render(request, "components/_options.html", context)


def _detail(row: Customer) -> str:
    known = f"SIREN {typography.siren(row.siren)}" if row.siren else row.vat_number or row.email
    return known if row.is_supplier else " · ".join(part for part in (_("client"), known) if part)
