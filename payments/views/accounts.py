"""The bank's accounts: what each holds at the bank and in the books, and the état de rapprochement between both."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.places import record_url
from config.kernel.sent_once import sent_once
from payments.forms import DayForm
from payments.imported import gap_sentence
from payments.models import BankAccount
from payments.services.balances import KnownBalance, balance_at_bank, balance_in_books
from payments.services.continuity import gaps_of
from payments.services.opening import book_opening
from payments.services.reconciliation_statement import Difference, ReconciliationStatement, reconciliation_statement

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Position:
    """An account as the page of the bank shows it."""

    account: BankAccount
    at_bank: KnownBalance | None
    in_books: Decimal

    @property
    def difference(self) -> Decimal | None:
        return self.at_bank.amount - self.in_books if self.at_bank else None


def positions(accounts: Sequence[BankAccount], on: date) -> list[Position]:
    return [Position(row, balance_at_bank(row, on), balance_in_books(row, on)) for row in accounts]


@require_GET
@member("bank")
def account_reconciliation(request: HttpRequest, pk: int) -> HttpResponse:
    """`?on=` the day at whose end both balances stand, today's when left out; `?export=csv` as a file."""
    account: BankAccount = get_object_or_404(BankAccount.objects, pk=pk)
    form = DayForm(request.GET)
    on = form.cleaned_data["on"] if form.is_valid() else None
    found = reconciliation_statement(account, on or local_day(timezone.now()))
    if request.GET.get("export") == "csv":
        return _csv(found)
    context = {
        "found": found,
        "form": DayForm(initial={"on": found.on}) if form.is_valid() else form,
        "parts": [
            _part(_("Écritures qui ne sont sur aucun relevé"), found.entries, found.entries_total),
            _part(_("Lignes de relevé qui ne sont pas comptabilisées"), found.lines, -found.lines_total),
        ],
        "gaps": [gap_sentence(gap, account.currency) for gap in gaps_of(account, found.on)],
        "may_book": cast(MemberRequest, request).membership.may("bank.reconcile"),
    }
    return render(request, "payments/bankaccount/reconciliation.html", context, status=422 if form.errors else 200)


def _part(title: str, rows: Sequence[Difference], total: Decimal) -> dict[str, object]:
    shown = [(row, _url(row)) for row in rows[:SHOWN]]
    return {"title": title, "rows": shown, "total": total, "more": max(len(rows) - SHOWN, 0)}


def _url(row: Difference) -> str:
    if row.line_id is not None:
        return reverse("payments:bankline-detail", args=[row.line_id])
    return record_url(row.source)


def _csv(found: ReconciliationStatement) -> HttpResponse:
    """Semicolons and decimal commas, as French spreadsheets open them."""
    text = StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    name = f"{found.account.name} ({found.account.ledger_account})"
    writer.writerow([_("État de rapprochement"), name, found.on.isoformat(), found.account.currency])
    writer.writerow([_("Nature"), _("Date"), _("Libellé"), _("Montant")])
    writer.writerow([_("Solde à la banque"), found.on.isoformat(), "", _figure(found.at_bank)])
    for row in found.entries:
        label = _("Écriture sur aucun relevé")
        writer.writerow([label, row.day.isoformat(), _cell(row.said), _figure(row.amount)])
    for row in found.lines:
        label = _("Ligne non comptabilisée")
        writer.writerow([label, row.day.isoformat(), _cell(row.label), _figure(-row.amount)])
    writer.writerow([_("Solde antérieur au premier relevé"), "", "", _figure(-found.before)])
    writer.writerow([_("Mouvements manquants entre deux relevés"), "", "", _figure(-found.missing)])
    writer.writerow([_("Solde en comptabilité"), found.on.isoformat(), "", _figure(found.in_books)])
    answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    file = f"rapprochement-{found.account.ledger_account}-{found.on:%Y%m%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


def _figure(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: payers choose these words."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text


@require_POST
@member("bank.reconcile")
@sent_once
def account_opening(request: HttpRequest, pk: int) -> HttpResponse:
    """Book what the account held before its first statement."""
    account: BankAccount = get_object_or_404(BankAccount.objects, pk=pk)
    book_opening(account=account, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Solde antérieur comptabilisé."))
    return redirect("payments:account-reconciliation", account.pk)
