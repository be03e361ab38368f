"""Payments: the list, the record, a new one, what remains to allocate, and the reversal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import Invoice
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from customers.models import Customer
from payments.columns import PAYMENTS
from payments.forms import PaymentFilter, PaymentForm, PaymentTextForm, ReasonForm, SharesForm
from payments.models import Allocation, MatchPart, Payment
from payments.sentences import recorded
from payments.services.allocations import allocate_shares
from payments.services.payments import change_payment_text, record_payment
from payments.services.undoing import take_back_payment
from payments.views.money_tabs import money_tabs

SORTS: dict[str, Any] = {
    "date": "paid_on",
    "number": "number",
    "customer": "customer__name",
    "amount": "amount",
    "left": F("amount") - F("allocated"),
}
MOST_OPEN = 60


@require_GET
@member("payments")
def payment_list(request: HttpRequest) -> HttpResponse:
    filters = PaymentFilter(request.GET)
    found = filters.narrow(Payment.objects.all())
    rows = found.select_related("customer", "reverses")
    listed = open_list(request, PAYMENTS, rows, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    context = {
        "tabs": money_tabs(request, "payments:payment-list"),
        "listed": listed,
        "page": page,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "may_record": cast(MemberRequest, request).membership.may("payments.record"),
    }
    return render(request, "payments/payment/list.html", context)


def _summary(found: Any) -> str:
    """The totals of the whole filter, a currency after the other, in one query."""
    rows = found.order_by().values("currency")
    rows = rows.annotate(
        rows=Count("pk", filter=Q(reverses=None)),
        undone=Count("reverses"),
        received=Sum("amount"),
        spent=Sum("allocated"),
    )
    return " · ".join(_figures(row) for row in rows.order_by("currency"))


def _figures(sums: dict[str, Any]) -> str:
    summary = ngettext("%(rows)s encaissement", "%(rows)s encaissements", sums["rows"])
    figures = _("reçu %(amount)s · affecté %(allocated)s") % {
        "amount": typography.money(sums["received"], sums["currency"]),
        "allocated": typography.money(sums["spent"], sums["currency"]),
    }
    summary %= {"rows": typography.number(sums["rows"])}
    if sums["undone"]:
        undone = ngettext("%(rows)s annulation", "%(rows)s annulations", sums["undone"])
        summary = f"{summary}, {undone % {'rows': typography.number(sums['undone'])}}"
    return f"{summary} · {figures}"


def load_payment(pk: int) -> Payment:
    rows = Payment.objects.select_related("customer", "reverses", "reversal")
    return cast(Payment, get_object_or_404(rows, pk=pk))


def open_invoices(customer: Customer) -> list[Invoice]:
    """The customer's invoices that still wait for money, the oldest debt first."""
    rows = Invoice.objects.outstanding().filter(customer=customer).oldest_debt_first()
    return [invoice for invoice in rows[:MOST_OPEN] if invoice.balance]


def _live_parts(payment: Payment) -> QuerySet[MatchPart]:
    """Where the bank says it: the lines that the payment explains."""
    parts: QuerySet[MatchPart] = MatchPart.objects.filter(payment=payment, match__undone_at=None)
    return parts.select_related("match__line").order_by("match__line__booked_on", "id")


@require_GET
@member("payments")
def payment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    payment = load_payment(pk)
    may = cast(MemberRequest, request).membership.may("payments.record")
    context = {
        "payment": payment,
        "allocations": list(Allocation.objects.filter(payment=payment).select_related("invoice").order_by("at", "id")),
        "lines": [part.match.line for part in _live_parts(payment)],
        "reversal": getattr(payment, "reversal", None),
        "may_record": may,
        "may_allocate": may and payment.unallocated > 0,
        "may_reverse": may and payment.can_be_reversed,
        "timeline": timeline_of(payment, role_of(request)),
    }
    return render(request, "payments/payment/detail.html", context)


@require_http_methods(["GET", "POST"])
@member("payments.record")
@sent_once
def payment_new(request: HttpRequest) -> HttpResponse:
    """Record money received. `?invoice=` or `?customer=` fills what is known; the rest of the page follows."""
    query = request.POST if request.method == "POST" else request.GET
    invoice = _row_named(Invoice.objects.select_related("customer"), query.get("invoice"))
    customer = invoice.customer if invoice else _customer_named(query)
    if customer is None:
        return render(request, "payments/payment/choose.html", {"text": query.get("customer_text", "")})
    # the invoice one comes from is served first, then the oldest debt
    invoices = sorted(open_invoices(customer), key=lambda row: row != invoice)
    preset = {invoice.pk: invoice.balance} if invoice else {}
    initial = {"paid_on": local_day(timezone.now()), "amount": invoice.balance if invoice else None}
    form = PaymentForm(
        request.POST if "amount" in request.POST else None, invoices=invoices, preset=preset, initial=initial
    )
    if form.is_bound and form.is_valid():
        try:
            payment = record_payment(
                customer=customer,
                amount=form.cleaned_data["amount"],
                method=form.cleaned_data["method"],
                paid_on=form.cleaned_data["paid_on"],
                shares=form.shares(form.cleaned_data["amount"]),
                reference=form.cleaned_data["reference"],
                notes=form.cleaned_data["notes"],
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, recorded(payment))
            return redirect(invoice or payment)
    context = {"form": form, "customer": customer, "invoice": invoice, "rows": form.rows()}
    return render(request, "payments/payment/form.html", context, status=422 if form.errors else 200)


def _row_named(rows: Any, key: Any) -> Any:
    typed = str(key)
    return get_object_or_404(rows, pk=typed) if typed.isascii() and typed.isdigit() and len(typed) < 20 else None


def _customer_named(query: Any) -> Customer | None:
    """By id, or without JavaScript by the exact name."""
    chosen = _row_named(Customer.objects.active().customers(), query.get("customer"))
    if chosen is None and query.get("customer_text"):
        chosen = Customer.objects.active().customers().filter(name__folded=query["customer_text"].strip()).first()
    return cast("Customer | None", chosen)


@require_http_methods(["GET", "POST"])
@member("payments.record")
@sent_once
def payment_allocate(request: HttpRequest, pk: int) -> HttpResponse:
    """Use what remains of a payment for the customer's open invoices."""
    payment = load_payment(pk)
    invoices = open_invoices(payment.customer)
    form = SharesForm(request.POST if request.method == "POST" else None, invoices=invoices)
    if request.method == "POST" and form.is_valid():
        try:
            shares = form.shares(payment.unallocated)
            allocate_shares(payment=payment, shares=shares, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Affectation enregistrée."))
            return redirect(payment)
    context = {"form": form, "payment": payment, "rows": form.rows()}
    return render(request, "payments/payment/allocate.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member("payments.record")
def payment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    payment = load_payment(pk)
    form = _text_form(payment, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with as_read(form, payment, _text_form):
                change_payment_text(payment=payment, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Encaissement modifié."))
            return redirect(payment)
    return small_form(request, form, row=payment, title=_("Référence et notes"), button=_("Enregistrer"))


def _text_form(payment: Payment, sent: Any = None) -> PaymentTextForm:
    return PaymentTextForm(sent, initial={"reference": payment.reference, "notes": payment.notes})


@require_http_methods(["GET", "POST"])
@member("payments.record")
@sent_once
def payment_reverse(request: HttpRequest, pk: int) -> HttpResponse:
    payment = load_payment(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        reversal = take_back_payment(payment=payment, reason=reason, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Encaissement annulé par %(number)s.") % {"number": reversal.number})
        return redirect(payment)
    title = _("Annuler l’encaissement")
    note = _("Les factures réglées par cet encaissement redeviennent à payer. L’historique est conservé.")
    return small_form(request, form, row=payment, title=title, button=title, note=note, facts=_freed(payment))


def _freed(payment: Payment) -> list[tuple[str, str]]:
    """The invoices that are to be paid again, each with its amount."""
    shares = Allocation.objects.filter(payment=payment).values_list("invoice__number", "invoice__currency")
    rows = shares.annotate(total=Sum("amount")).exclude(total=0).order_by("invoice__number")
    return [(number, typography.money(total, currency)) for number, currency, total in rows]


def small_form(
    request: HttpRequest,
    form: Any,
    *,
    row: Any,
    title: str,
    button: str,
    note: str = "",
    facts: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """A page with one short form about one row; `facts` are what it bears on, pairs of label and value."""
    context = {"form": form, "row": row, "title": title, "button": button, "note": note, "facts": facts}
    return render(request, "payments/small_form.html", context, status=422 if form.errors else 200)
