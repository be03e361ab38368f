"""Customers: the list, the record, its form, and the answers to a typed name."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.kernel import parking, typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.bulk.offering import offer
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from customers.columns import CUSTOMERS
from customers.exemptions import mention
from customers.forms import CustomerFilter, CustomerForm
from customers.models import Address, AddressKind, Customer, CustomerQuerySet
from customers.panels import actions_of, balances_of, figures_of, owed_by, panels_of
from customers.services import archive_customer, restore_customer, save_customer

SORTS: dict[str, Any] = {"name": "name", "created": "created_at"}
MOST_OPTIONS = 10


def load_customer(pk: int) -> Customer:
    return cast(Customer, get_object_or_404(Customer.objects.select_related("company", "terms", "merged_into"), pk=pk))


@require_GET
@member("customers")
def customer_list(request: HttpRequest) -> HttpResponse:
    filters = CustomerFilter(request.GET)
    found = filters.narrow(Customer.objects.customers())
    city = Address.everywhere.filter(customer=OuterRef("pk"), kind=AddressKind.BILLING).values("city")[:1]
    rows = found.select_related("terms").annotate(city=Subquery(city))
    listed = open_list(request, CUSTOMERS, rows, sorts=SORTS, default="name")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    owed = balances_of(page.rows)
    context = {
        "listed": listed,
        "page": page,
        "bulk": offer(request, "customers", page, found),
        "rows": [{"customer": customer, "balance": owed.get(customer.pk)} for customer in page],
        "q": filters.value("q"),
        "filters": filters.controls(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "may_edit": cast(MemberRequest, request).membership.may("customers.edit"),
    }
    return render(request, "customers/customer/list.html", context)


def _summary(found: CustomerQuerySet) -> str:
    rows = found.aggregate(rows=Count("pk"))["rows"]
    if not rows:
        return ""
    counted = ngettext("%(rows)s client", "%(rows)s clients", rows) % {"rows": typography.number(rows)}
    return f"{counted} · {_('reste à payer %(owed)s') % {'owed': typography.money(owed_by(found))}}"


@require_GET
@member("customers")
def customer_detail(request: HttpRequest, pk: int) -> HttpResponse:
    customer = load_customer(pk)
    membership = cast(MemberRequest, request).membership
    actions = actions_of(customer, membership.may) if customer.archived_at is None else []
    primary = next((action for action in actions if action.primary), None)
    may_edit = membership.may("customers.edit") and customer.erased_at is None
    menu = [action for action in actions if action is not primary] + (own_actions(customer) if may_edit else [])
    if membership.may("settings.edit"):
        menu.append(_personal_data(customer))
    context = {
        "customer": customer,
        "addresses": list(Address.objects.filter(customer=customer).order_by("kind", "id")),
        "contacts": list(customer.contacts.order_by("name", "id")),
        "primary": primary,
        "menu": menu,
        "may_edit": may_edit,
        "figures": figures_of(customer),
        "panels": panels_of(customer),
        "timeline": timeline_of(customer, membership.role),
        "exemption": mention(customer.exemption_code),
    }
    return render(request, "customers/customer/detail.html", context)


def own_actions(customer: Customer) -> list[dict[str, Any]]:
    """What customers itself offers for the record, beside editing it."""
    here = [customer.pk]
    if customer.archived_at:
        restore = reverse("customers:customer-restore", args=here)
        return [{"label": _("Rétablir"), "url": restore, "icon": "undo", "post": True}]
    archive = reverse("customers:customer-archive", args=here)
    return [
        {"label": _("Ajouter un contact"), "url": reverse("customers:contact-new", args=here), "icon": "user"},
        {"label": _("Réunir deux fiches"), "url": reverse("customers:customer-merge", args=here), "icon": "users"},
        {"label": _("Archiver"), "url": archive, "icon": "archive", "post": True},
    ]


def _personal_data(customer: Customer) -> dict[str, Any]:
    address = reverse("customers:customer-personal-data", args=[customer.pk])
    return {"label": _("Données personnelles"), "url": address, "icon": "user"}


@require_http_methods(["GET", "POST"])
@member("customers.edit")
@sent_once
def customer_new(request: HttpRequest) -> HttpResponse:
    """A new customer; `?name=` is what somebody typed and did not find. `?beside`: in a dialog over the form it is for,
    `?back=`: on a page of its own that leads back there."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@member("customers.edit")
def customer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, load_customer(pk))


def _form(request: HttpRequest, customer: Customer | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    beside = "beside" in request.GET
    form = CustomerForm(
        sent,
        company=cast(MemberRequest, request).membership.company,
        customer=customer,
        name=request.GET.get("name", "")[:200],
        auto_id="beside_%s" if beside else "id_%s",
    )
    saved = _save(request, customer, form) if sent is not None and form.is_valid() else None
    if saved is not None and beside:
        return JsonResponse({"value": saved.pk, "label": saved.name})
    if saved is not None:
        messages.success(request, _("Client enregistré."))
        return redirect(parking.way_back(request, saved.pk) or saved)
    context = {"customer": customer, "form": form, "back": parking.way_back(request), "beside": beside}
    return render(request, "customers/customer/form.html", context, status=200 if sent is None else 422)


def _save(request: HttpRequest, customer: Customer | None, form: CustomerForm) -> Customer | None:
    """The customer as written, or None with the refusal put on the form."""
    company = cast(MemberRequest, request).membership.company
    try:
        with as_read(form, customer, lambda row: CustomerForm(company=company, customer=row)):
            return save_customer(
                customer=customer,
                company_id=company.pk,
                values=form.values(),
                address=form.address(),
                delivery=form.delivery(),
                actor=actor_of(request),
                at=timezone.now(),
            )
    except DomainError as error:
        add_domain_error(form, error)
        return None


@require_POST
@member("customers.edit")
@sent_once
def customer_archive(request: HttpRequest, pk: int) -> HttpResponse:
    customer = archive_customer(customer=load_customer(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Client archivé. Ses factures restent."))
    return redirect(customer)


@require_POST
@member("customers.edit")
@sent_once
def customer_restore(request: HttpRequest, pk: int) -> HttpResponse:
    customer = restore_customer(customer=load_customer(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Client rétabli."))
    return redirect(customer)


@require_GET
@member("customers")
def customer_options(request: HttpRequest) -> HttpResponse:
    """What a typed name could mean: a few customers, and « Créer » for whom may."""
    text = request.GET.get("q", "").strip()[:100]
    found = Customer.objects.active().customers()
    rows = (found.matching(text) if text else found).order_by("name", "id")[:MOST_OPTIONS]
    context = {
        "options": [{"value": row.pk, "label": row.name, "detail": _detail(row)} for row in rows],
        "query": text,
    }
    if text and cast(MemberRequest, request).membership.may("customers.edit"):
        context["create_url"] = f"{reverse('customers:customer-new')}?{urlencode({'name': text})}"
    return render(request, "components/_options.html", context)


def _detail(customer: Customer) -> str:
    return f"SIREN {typography.siren(customer.siren)}" if customer.siren else customer.email
