"""« Comptabilité › Plan comptable »: the accounts of the company, its journals, and where its sales go."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.forms.books.accounts import AccountFilter, AccountForm, JournalForm, SalesRuleForm, customer_groups
from billing.forms.purchases.accounts import open_accounts, own_accounts
from billing.ledger.chart import AccountClass, account_names
from billing.ledger.journals import journal_names, save_journal
from billing.ledger.own_accounts import open_or_close_account, save_account
from billing.ledger.sales_accounts import remove_sales_rule, save_sales_rule
from billing.models import JournalLine, SalesAccountRule
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError
from config.kernel.folding import fold
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once


@require_GET
@member("books")
def account_list(request: HttpRequest) -> HttpResponse:
    """The chart, a class at a time or what is searched, with the balance of each account."""
    membership = cast(MemberRequest, request).membership
    filters = AccountFilter(request.GET)
    shown_class = filters.value("class") or ("" if filters.value("q") or filters.value("state") else "4")
    rows = [row for row in _accounts(membership.company_id, shown_class) if _fits(row, filters)]
    context = {
        "rows": rows,
        "q": filters.value("q"),
        "filters": filters.controls(),
        "tabs": _tabs(request.GET, shown_class),
        "may_write": membership.may("books.write"),
    }
    return render(request, "billing/books/accounts/list.html", context)


def _accounts(company_id: int, shown_class: str) -> list[dict[str, Any]]:
    """Every account of the chart, and those that were booked on beside it. Two queries."""
    names, own = account_names(company_id), own_accounts()
    moved = JournalLine.objects.filter(account__startswith=shown_class, is_carried=False).order_by()
    sums = moved.values("account").annotate(net=Sum(F("debit") - F("credit")))
    balances: dict[str, Decimal] = {row["account"]: row["net"] for row in sums}
    codes = sorted({*names, *balances})
    return [
        {
            "code": code,
            "name": names.get(code, ""),
            "is_used": code in balances,
            "balance": balances.get(code),
            "is_own": code in own,
            "is_open": own.get(code, ("", True))[1],
        }
        for code in codes
        if code.startswith(shown_class)
    ]


def _fits(row: dict[str, Any], filters: AccountFilter) -> bool:
    state, text = filters.value("state"), filters.value("q").strip()
    if (state == "used" and not row["is_used"]) or (state == "own" and not row["is_own"]):
        return False
    if state == "closed" and row["is_open"]:
        return False
    return row["code"].startswith(text) if text.isdigit() else fold(text) in fold(row["name"])


def _tabs(query: QueryDict, shown_class: str) -> list[dict[str, Any]]:
    address = reverse("billing:account-list")
    return [
        {"label": label, "url": f"{address}?class={value}", "active": value == shown_class}
        for value, label in AccountClass.choices
    ]


@require_http_methods(["GET", "POST"])
@member("books.write")
@sent_once
def account_new(request: HttpRequest) -> HttpResponse:
    """Add an account, or name one otherwise (`?code=`)."""
    company = cast(MemberRequest, request).membership.company
    code = request.GET.get("code", "")[:10]
    initial = {"code": code, "name": account_names(company.pk).get(code, "")} if code else {}
    form = AccountForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            account = save_account(company=company, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Compte %(code)s enregistré.") % {"code": account.code})
            return redirect(f"{reverse('billing:account-list')}?class={account.code[0]}")
    context = {
        "form": form,
        "title": _("Compte %(code)s") % {"code": code} if code else _("Ajouter un compte"),
        "button": _("Enregistrer"),
        "back": reverse("billing:account-list"),
        "back_label": _("Plan comptable"),
    }
    status = 422 if form.errors else 200
    return render(request, "billing/purchases/small_form.html", context, status=status)


@require_POST
@member("books.write")
def account_switch(request: HttpRequest) -> HttpResponse:
    """Close an account to what people book, or open it again."""
    company = cast(MemberRequest, request).membership.company
    code, is_open = request.POST.get("code", "")[:10], request.POST.get("act") == "open"
    try:
        open_or_close_account(company=company, code=code, is_open=is_open, actor=actor_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, _(error.message) % error.params)
        return redirect("billing:account-list")
    said = _("Compte %(code)s rouvert.") if is_open else _("Compte %(code)s fermé aux nouvelles écritures.")
    messages.success(request, said % {"code": code})
    return redirect(f"{reverse('billing:account-list')}?class={code[:1]}")


@require_http_methods(["GET", "POST"])
@member("books", posts="books.write")
def journal_list(request: HttpRequest) -> HttpResponse:
    """The journals and their names; the form adds one or names one otherwise."""
    membership = cast(MemberRequest, request).membership
    form = JournalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            save_journal(company=membership.company, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Journal enregistré."))
            return redirect("billing:journal-list")
    context = {
        "form": form,
        "journals": journal_names(membership.company_id).items(),
        "may_write": membership.may("books.write"),
    }
    return render(request, "billing/books/accounts/journals.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member("books", posts="books.write")
def sales_accounts(request: HttpRequest) -> HttpResponse:
    """Which account each sale goes to; the form chooses that of a case, in the place of what was chosen for it."""
    membership = cast(MemberRequest, request).membership
    form = SalesRuleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            save_sales_rule(company=membership.company, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Compte de vente enregistré. Il sert dès la prochaine facture émise."))
            return redirect("billing:sales-accounts")
    names = account_names(membership.company_id)
    rules = SalesAccountRule.objects.select_related("product").order_by("product__reference", "group", "nature", "id")
    context = {
        "form": form,
        "rows": [{"rule": rule, "name": names.get(rule.account, "")} for rule in rules],
        "accounts": [row for row in open_accounts() if row[0].startswith("7")],
        "groups": customer_groups(),
        "may_write": membership.may("books.write"),
    }
    return render(request, "billing/books/accounts/sales.html", context, status=422 if form.errors else 200)


@require_POST
@member("books.write")
def sales_account_remove(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(SalesAccountRule.objects, pk=pk)
    remove_sales_rule(rule=rule, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Règle retirée."))
    return redirect("billing:sales-accounts")
