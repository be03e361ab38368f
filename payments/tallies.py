"""What payments counts in many companies at once: bank lines to match, runs that wait for another person."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.kernel.tallies import by_company, tally
from config.kernel.todo import Today
from payments.models import BankLine, LineStatus, PaymentRun, RunStatus


@tally(
    "bank",
    needs="bank.reconcile",
    label=_("Virements à rapprocher"),
    sentence=lambda n: ngettext("%(n)s virement à rapprocher", "%(n)s virements à rapprocher", n),
    tone="info",
    page="payments:bankline-list",
    query="status=TO_MATCH",
)
def lines_to_match(_today: Today, companies: Collection[int]) -> dict[int, int]:
    return by_company(BankLine.objects.filter(status=LineStatus.OPEN, amount__gt=0), companies)


@tally(
    "payment-runs",
    needs="purchases.pay",
    label=_("Lots de règlements à confirmer"),
    sentence=lambda n: ngettext("%(n)s lot de règlements à confirmer", "%(n)s lots de règlements à confirmer", n),
    tone="warn",
    page="payments:run-list",
)
def runs_to_confirm(_today: Today, companies: Collection[int]) -> dict[int, int]:
    return by_company(PaymentRun.objects.filter(status=RunStatus.TO_CONFIRM), companies)
