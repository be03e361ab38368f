"""What a person decides of the line on the worktable: each act answers where to go, or the form that is refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal, InvalidOperation

from django import forms
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from billing.models import Invoice
from config.kernel.access import actor_of
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from customers.models import Customer
from payments.checkouts.payout_parts import payout_parts
from payments.forms import ReasonForm
from payments.line_forms import BookingForm, NoteForm, SplitForm
from payments.models import BankLine, Match, Payment, Payout
from payments.services.allocations import Share
from payments.services.explaining import parts_of_verdict
from payments.services.noting import note_line
from payments.services.reconciliation import accept_match
from payments.services.settling import NothingToMatch, settle_line, suspend_line
from payments.services.settling_debts import Difference, receive_for
from payments.services.settling_parts import Credit, Found, Part, Received
from payments.views.bank import MOST_OTHERS, matching
from payments.views.proposed_invoices import AND_VAT
from payments.views.proposed_money import verdict_of
from payments.views.worktable_queue import onwards

MOST_TERMS = 8  # « FAC-12 ; Dubois ; 340 » searched at once
Answer = HttpResponse | forms.Form


def _settle(line: BankLine, form: forms.Form, write: Callable[[], Match]) -> Answer:
    try:
        return onwards(line, write())
    except DomainError as error:
        add_domain_error(form, error)
        return form


def _parts(
    request: HttpRequest, line: BankLine, form: forms.Form, parts: Callable[[], list[Part]], rule: str = "person"
) -> Answer:
    def write() -> Match:
        return settle_line(
            line=line, parts=parts(), rule=rule, is_automatic=False, actor=actor_of(request), at=timezone.now()
        )

    return _settle(line, form, write)


def _match(request: HttpRequest, line: BankLine) -> Answer:
    """The invoices as they were shown: balances that moved since are refused."""
    owed, used = _amounts(request, "owed_"), _amounts(request, "credit_")
    invoices = Invoice.objects.select_related("customer").in_bulk(owed)
    older = Payment.objects.in_bulk(used)
    debts = [Share(invoices[key], amount) for key, amount in owed.items() if key in invoices]
    credits_used = [Credit(older[key], amount) for key, amount in used.items() if key in older]

    def write() -> Match:
        if not debts:
            raise NothingToMatch
        is_changed = any(debt.invoice.currency != line.currency for debt in debts)
        part = (
            Received(debts[0].invoice.customer, line.amount, debts, credits_used)
            if is_changed
            else receive_for(line.amount, debts, credits_used, _difference(request))
        )
        return accept_match(
            line=line,
            shares=part.shares,
            credits_used=part.credits,
            write_offs=part.write_offs,
            kept=part.kept,
            actor=actor_of(request),
            at=timezone.now(),
        )

    return _settle(line, forms.Form(request.POST), write)


def _difference(request: HttpRequest) -> Difference | None:
    reason = request.POST.get("difference_reason", "")
    amount = _amount(request.POST.get("difference", ""))
    if not reason or amount is None:
        return None
    note = request.POST.get("difference_note", "").strip()[:300]
    return Difference(amount, reason.removesuffix(AND_VAT), reason.endswith(AND_VAT), note)


def _amounts(request: HttpRequest, prefix: str) -> dict[int, Decimal]:
    """The hidden fields of a proposal: a row's key after the prefix, and its amount."""
    found: dict[int, Decimal] = {}
    for name, value in request.POST.items():
        key, amount = name.removeprefix(prefix), _amount(str(value))
        if key != name and key.isdecimal() and len(key) < 19 and amount is not None and amount > 0:
            found[int(key)] = amount
    return found


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < Decimal(10) ** 14 else None


def _credit(request: HttpRequest, line: BankLine) -> Answer:
    """All of it to a customer's credit: a second payment of what is settled, or an advance."""
    key = request.POST.get("customer", "")
    customer: Customer = get_object_or_404(Customer.objects, pk=key if key.isdecimal() and len(key) < 19 else 0)
    return _parts(request, line, forms.Form(request.POST), lambda: [Received(customer, line.amount)])


def _known(request: HttpRequest, line: BankLine) -> Answer:
    """A slip, a payment, a refund or a return that the books know: looked at again, and refused where it has moved."""
    fields = [(name, amount) for name, value in request.POST.items() if (amount := _amount(str(value))) is not None]
    verdict = verdict_of(fields)
    return _parts(request, line, forms.Form(request.POST), lambda: parts_of_verdict(line, verdict))


def _payout(request: HttpRequest, line: BankLine) -> Answer:
    key = request.POST.get("payout", "")
    rows = Payout.objects.select_related("account")
    payout = get_object_or_404(rows, pk=key if key.isdecimal() and len(key) < 19 else 0)
    return _parts(request, line, forms.Form(request.POST), lambda: payout_parts(payout), "payout")


def _found(request: HttpRequest, line: BankLine) -> Answer:
    key = request.POST.get("payment", "")
    rows = Payment.objects.select_related("customer")
    payment = get_object_or_404(rows, pk=key if key.isdecimal() and len(key) < 19 else 0)
    return _parts(request, line, forms.Form(request.POST), lambda: [Found(payment, line.amount)])


def _book(request: HttpRequest, line: BankLine) -> Answer:
    form = BookingForm(request.POST)
    return _parts(request, line, form, lambda: [form.booked(line)]) if form.is_valid() else form


def _split(request: HttpRequest, line: BankLine) -> Answer:
    form = split_form(line, request.GET.get("q", "").strip()[:200], request)
    return _parts(request, line, form, lambda: form.parts(line)) if form.is_valid() else form


def _suspend(request: HttpRequest, line: BankLine) -> Answer:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return form

    def write() -> Match:
        reason = form.cleaned_data["reason"]
        return suspend_line(line=line, reason=reason, actor=actor_of(request), at=timezone.now())

    return _settle(line, form, write)


def _note(request: HttpRequest, line: BankLine) -> Answer:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return form
    note_line(line=line, note=form.cleaned_data["note"], actor=actor_of(request), at=timezone.now())
    return redirect("payments:worktable-line", line.pk)


ACTS: dict[str, Callable[[HttpRequest, BankLine], Answer]] = {
    "match": _match,
    "credit": _credit,
    "known": _known,
    "payout": _payout,
    "found": _found,
    "book": _book,
    "split": _split,
    "suspend": _suspend,
    "note": _note,
}


def split_form(
    line: BankLine,
    text: str,
    request: HttpRequest | None = None,
    *,
    first: Sequence[Invoice] = (),
    near: Collection[int] = (),
) -> SplitForm:
    """What was searched for, several terms at once; else `first`, or of the customers `near` the nearest to the amount:
    whoever is not near is searched for, and ten thousand balances are not computed to show twelve."""
    rows = Invoice.objects.outstanding().select_related("customer").with_balance()
    terms = [term.strip() for term in text.split(";") if term.strip()][:MOST_TERMS]
    keys = [name.removeprefix("share_") for name in request.POST if name.startswith("share_")] if request else []
    sent = [int(key) for key in keys[: MOST_OTHERS * 4] if key.isdecimal() and len(key) < 19]
    if sent:
        found = list(rows.filter(pk__in=sent).order_by("due_date", "id"))
    elif terms:
        wanted = Q()
        for term in terms:
            wanted |= matching(term)
        found = list(rows.filter(wanted).order_by("due_date", "id")[: MOST_OTHERS * 2])
    elif first:
        found = list(first)
    else:
        nearest = rows.filter(customer__in=near).order_by(Abs(F("open_balance") - abs(line.amount)), "due_date", "id")
        found = list(nearest[:MOST_OTHERS]) if near else []
    return SplitForm(request.POST if request is not None else None, invoices=found)
