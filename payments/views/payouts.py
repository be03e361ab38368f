"""Transfers of a payment service: the columns of its report, and each transaction with what explains it here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.models import Invoice
from config.kernel.access import MemberRequest, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from payments.checkouts.models import Payout
from payments.checkouts.payout_parts import Explained, explain_payout
from payments.column_forms import PayoutColumnsForm
from payments.line_forms import PayoutInvoicesForm
from payments.models import BankLine, LineStatus, Payment
from payments.services.payout_reports import name_invoices
from payments.services.settling_parts import Found, Received
from payments.services.uploads import bytes_of, choose
from payments.statements.base import InvalidStatement
from payments.statements.payout_report import Columns, bare_columns, first_rows
from payments.views.uploads import load_upload, may_be_report

MOST_ROWS = 300


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
def upload_payout_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Which column of a payment service's report is what: told by the names, chosen otherwise."""
    row = load_upload(pk)
    if not may_be_report(row):
        raise Http404
    data = bytes_of(row)
    try:
        chosen = row.mapping or {}
        columns = Columns.from_json(chosen) if "report" in chosen else bare_columns(data)
    except InvalidStatement as error:
        raise Http404 from error
    form = PayoutColumnsForm(request.POST if request.method == "POST" else None, columns=columns)
    if request.method == "POST" and form.is_valid():
        try:
            choose(row=row, mapping=form.columns(), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return redirect("payments:upload-batch", pk)
    context = {"form": form, "upload": row, "cells": first_rows(data, columns)}
    return render(request, "payments/bankupload/columns.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member("bank", posts="bank.reconcile")
@sent_once
def payout_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What the report says of one transfer; the invoice of a transaction that nothing explains is named here."""
    payout: Payout = get_object_or_404(Payout.objects.select_related("account"), pk=pk)
    rows = explain_payout(payout)
    unknown = {place for place, row in enumerate(rows) if row.part is None or row.entry.get("invoice")}
    asked = [place for place in sorted(unknown) if rows[place].entry["kind"] == "payment"] if not payout.account else []
    form = PayoutInvoicesForm(request.POST if request.method == "POST" else None, entries=payout.entries, places=asked)
    if request.method == "POST" and form.is_valid():
        try:
            name_invoices(payout=payout, numbers=form.numbers())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            line = _line_of(payout)
            return redirect("payments:worktable-line", line.pk) if line else redirect(payout)
    context = {
        "payout": payout,
        "rows": [_shown(row, form, place) for place, row in enumerate(rows[:MOST_ROWS])],
        "more": max(0, len(rows) - MOST_ROWS),
        "form": form,
        "asked": bool(asked) and cast(MemberRequest, request).membership.may("bank.reconcile"),
        "fee": payout.amount - sum(row.part.amount for row in rows if row.part is not None),
        "line": _line_of(payout),
    }
    return render(request, "payments/payout/detail.html", context, status=422 if form.errors else 200)


def _line_of(payout: Payout) -> BankLine | None:
    """The open line that may be this transfer: the first of its amount."""
    rows = BankLine.objects.filter(status=LineStatus.OPEN, amount=payout.amount, currency=payout.currency)
    return cast("BankLine | None", rows.order_by("booked_on", "id").first())


def _shown(row: Explained, form: PayoutInvoicesForm, place: int) -> dict[str, Any]:
    """One transaction: what the report says of it, and what it is here."""
    part, entry = row.part, row.entry
    found: Any = None
    if isinstance(part, Found):
        found = part.payment
    elif isinstance(part, Received):
        found = part.shares[0].invoice if part.shares else part.customer
    words = " · ".join(filter(None, (str(entry["reference"]), str(entry.get("text") or ""))))
    return {
        "words": words or str(entry["kind"]),
        "gross": Decimal(str(entry["gross"])),
        "fee": Decimal(str(entry["fee"])),
        "found": found,
        "customer": found.customer if isinstance(found, Payment | Invoice) else None,
        "is_fee": row.is_fee,
        "field": form[form.name_of(place)] if form.name_of(place) in form.fields else None,
    }
