"""Statements' files on their way in: dropped on « Banque », shown with what each would bring, kept once confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError, Sentence
from config.kernel.form_errors import add_domain_error
from config.kernel.middleware import translated
from payments.column_forms import AccountForm, ColumnsForm
from payments.formats import FORMATS
from payments.imported import REASONS, gap_words, import_sentence, was_known
from payments.models import BankAccount, BankStatement, StatementUpload, UploadState
from payments.services.accounts import add_bank_account, free_ledger_account
from payments.services.uploads import (
    TABLES,
    bytes_of,
    can_be_kept,
    choose,
    confirm,
    drop,
    hold_file,
    new_batch,
    seen_progress,
)
from payments.statements import Mapping as Columns
from payments.statements import tables

TONES = {
    UploadState.WAITING: "info",
    UploadState.READ: "info",
    UploadState.REFUSED: "bad",
    UploadState.CONFIRMED: "info",
    UploadState.KEPT: "good",
}


def hold_files(request: HttpRequest, files: Sequence[Any]) -> StatementUpload:
    """Hold what was sent together; the first of them. A file that fails is shown there with its reason."""
    batch = new_batch()
    held = [
        hold_file(
            company=cast(MemberRequest, request).membership.company,
            batch=batch,
            name=file.name,
            data=file.read(),
            actor=actor_of(request),
            at=timezone.now(),
        )
        for file in files
    ]
    return held[0]


@require_http_methods(["GET", "POST"])
@member("bank", posts="bank.reconcile")
def upload_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """A file and what was sent with it. POST `keep` keeps all that can be; `drop` forgets them."""
    one = get_object_or_404(StatementUpload.objects.defer("content"), pk=pk)
    rows = list(_rows(one.batch))
    if request.method == "POST":
        if "drop" in request.POST:
            drop(batch=one.batch)
            return redirect("payments:bankline-list")
        _keep(request, rows)
        return redirect("payments:upload-batch", pk)
    at_work = any(row.state in (UploadState.WAITING, UploadState.CONFIRMED) for row in rows)
    context = {
        "uploads": [_shown(row) for row in rows],
        "at_work": at_work,
        "may_reconcile": cast(MemberRequest, request).membership.may("bank.reconcile"),
        "ready": sum(1 for row in rows if can_be_kept(row)),
        "undecided": any(row.state in (UploadState.READ, UploadState.REFUSED) for row in rows),
        "accounts": BankAccount.objects.order_by("name"),
    }
    return render(request, "payments/bankupload/batch.html", context)


def _rows(batch: str) -> Any:
    return (
        StatementUpload.objects.filter(batch=batch)
        .defer("content")
        .select_related("company", "account")
        .order_by("uploaded_at", "id")
    )


def _keep(request: HttpRequest, rows: Sequence[StatementUpload]) -> None:
    kept: list[BankStatement] = []
    now = timezone.now()
    for row in rows:
        if can_be_kept(row):
            kept += confirm(row=row, actor=actor_of(request), at=now)
    if kept and was_known(kept, at=now):
        messages.info(request, _("Ce fichier était déjà importé : rien n’a changé."))
    elif kept:
        messages.success(request, import_sentence([row for row in kept if row.imported_at == now]))


def _shown(row: StatementUpload) -> dict[str, Any]:
    is_table = row.mapping is not None and "payouts" not in row.preview
    done, total = seen_progress(row) if row.state == UploadState.CONFIRMED else (0, 0)
    return {
        "row": row,
        "tone": TONES[UploadState(row.state)],
        "format": FORMATS.get(row.preview.get("format", ""), ""),
        "problem": _problem(row.preview.get("problem")),
        "statements": [_statement(one) for one in row.preview.get("statements", [])],
        "payouts": [_payout(one) for one in row.preview.get("payouts", [])],
        "kept_payouts": row.preview.get("kept_payouts", []),
        "may_be_report": may_be_report(row),
        "can_be_kept": can_be_kept(row),
        "is_table": is_table,
        # a file that is only shown has nothing to say above its statements
        "has_news": is_table or may_be_report(row) or row.state != UploadState.READ or row.preview.get("is_known"),
        "done": typography.number(done),
        "total": typography.number(total),
    }


def _payout(one: Mapping[str, Any]) -> dict[str, Any]:
    """A transfer of a payment service, as its report says."""
    return {
        **one,
        "day": typography.day(date.fromisoformat(one["arrives_on"])),
        "amount": _money(one["amount"], one["currency"]),
        "fee": _money(one["fee"], one["currency"]),
    }


def may_be_report(row: StatementUpload) -> bool:
    """A table that is not read as a report may be one whose columns no name tells."""
    is_table = row.mapping is not None or row.name.lower().endswith((".csv", ".txt", ".xlsx"))
    is_open = row.state in (UploadState.READ, UploadState.REFUSED)
    return is_open and is_table


def _problem(said: Mapping[str, Any] | None) -> str:
    """A refusal that was written down, in the reader's language."""
    return translated(Sentence(said["message"], said["params"])) if said else ""


def _statement(one: Mapping[str, Any]) -> dict[str, Any]:
    currency = one["currency"] or "EUR"
    return {
        **one,
        "problem": _problem(one.get("problem")),
        "from": typography.day(date.fromisoformat(one["from"])),
        "to": typography.day(date.fromisoformat(one["to"])),
        "opening": _money(one["opening"], currency),
        "closing": _money(one["closing"], currency),
        "received": _money(one["received"], currency),
        "paid": _money(one["paid"], currency),
        "odd": [_odd(found, currency) for found in one["odd"]],
        "shown": [
            {
                **line,
                "day": typography.day(date.fromisoformat(line["day"])),
                "amount": _money(line["amount"], currency),
                "reason": str(REASONS[line["reason"]]) if line["reason"] else "",
            }
            for line in one["shown"]
        ],
        "more": one["lines"] - len(one["shown"]),
    }


def _money(text: str | None, currency: str) -> str:
    return typography.money(Decimal(text), currency) if text is not None else "—"


def _odd(found: Mapping[str, Any], currency: str) -> str:
    if found["kind"] == "gap":
        return gap_words(
            end=date.fromisoformat(found["end"]),
            closing=Decimal(found["closing"]),
            start=date.fromisoformat(found["start"]),
            opening=Decimal(found["opening"]),
            currency=currency,
        )
    if found["kind"] == "overlap":
        sentence = _("Ces jours sont déjà en partie ceux du relevé %(reference)s, du %(start)s au %(end)s.")
        days = {
            name: typography.day(date.fromisoformat(found[key])) for name, key in (("start", "from"), ("end", "to"))
        }
        return sentence % {"reference": found["reference"], **days}
    return _("Le fichier ne donne aucun solde : rien ne prouve qu’il est complet.")


def load_upload(pk: int) -> StatementUpload:
    rows = StatementUpload.objects.select_related("company", "account").filter(
        state__in=[UploadState.READ, UploadState.REFUSED]
    )
    return cast(StatementUpload, get_object_or_404(rows, pk=pk))


@require_POST
@member("bank.reconcile")
def upload_account(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which account a file is of that names none of ours."""
    row = load_upload(pk)
    account = get_object_or_404(BankAccount.objects, pk=request.POST.get("account") or 0)
    choose(row=row, account=account, at=timezone.now())
    return redirect("payments:upload-batch", pk)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def upload_new_account(request: HttpRequest, pk: int) -> HttpResponse:
    """Add the account that a file names, its IBAN filled in."""
    row = load_upload(pk)
    company = cast(MemberRequest, request).membership.company
    unknown: Mapping[str, Any] = next((one for one in row.preview.get("statements", []) if not one["account"]), {})
    initial = {"iban": unknown.get("iban", ""), "ledger_account": free_ledger_account(company)}
    form = AccountForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            account = add_bank_account(
                company=company,
                name=typed["name"],
                iban_text=typed["iban"],
                bic_text="",
                ledger_account=typed["ledger_account"],
                currency=unknown.get("currency", ""),
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            # the other files of the batch may be of the same account
            for other in _rows(row.batch).filter(state=UploadState.READ):
                choose(
                    row=other,
                    account=account if other.pk == pk and not unknown.get("iban") else None,
                    at=timezone.now(),
                )
            messages.success(request, _("Compte bancaire ajouté."))
            return redirect("payments:upload-batch", pk)
    context = {"form": form, "upload": row}
    return render(request, "payments/bankupload/account.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
def upload_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Which column of a table is what: guessed, shown on its first rows, chosen otherwise."""
    row = load_upload(pk)
    chosen = row.mapping if row.mapping and "report" not in row.mapping else None
    if chosen is None and row.preview.get("format") not in TABLES:
        raise Http404
    data = bytes_of(row)
    mapping = Columns.from_json(chosen) if chosen else tables.guess(data)
    cells = tables.preview(data, mapping)
    form = ColumnsForm(request.POST if request.method == "POST" else None, mapping=mapping, cells=cells)
    if request.method == "POST" and form.is_valid():
        try:
            choose(row=row, mapping=form.mapping(), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return redirect("payments:upload-batch", pk)
    context = {"form": form, "upload": row, "cells": cells}
    return render(request, "payments/bankupload/columns.html", context, status=422 if form.errors else 200)
