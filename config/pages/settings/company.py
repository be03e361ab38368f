"""« Réglages »: the company, its platform, its bank accounts. The owner changes them."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import Company
from config.kernel.roles import allows
from config.kernel.sent_once import sent_once
from config.kernel.services import change_company
from config.kernel.timeline import timeline_of
from config.pages.forms import BankAccountChangeForm, BankAccountForm, CompanyForm
from config.pages.frame import tabs_of
from payments.models import BankAccount
from payments.services.accounts import add_bank_account, change_bank_account


def settings_page(request: HttpRequest, template: str, active: str, form: forms.Form, **context: Any) -> HttpResponse:
    membership = cast(MemberRequest, request).membership
    may = membership.may("settings.edit")
    for field in form.fields.values():
        field.disabled = field.disabled or not may
    context |= {"form": form, "may_edit": may, "tabs": tabs_of(membership.role, active)}
    return render(request, template, context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def company_settings(request: HttpRequest) -> HttpResponse:
    """Identity, address, mentions, bank details and reminders, in one form."""
    company = Company.objects.get(pk=cast(MemberRequest, request).membership.company_id)
    form = CompanyForm(request.POST if request.method == "POST" else None, company=company)
    if request.method == "POST" and form.is_valid():
        try:
            with as_read(form, company, lambda row: CompanyForm(company=row)):
                change_company(company=company, values=form.cleaned_data, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réglages enregistrés."))
            return redirect("company-settings")
    return settings_page(
        request,
        "settings/company.html",
        "company-settings",
        form,
        sections=form.sections(),
        record=company,
        timeline=timeline_of(company, role_of(request)),
    )


@require_http_methods(["GET", "POST"])
@member("bank", posts="settings.edit")
@sent_once
def bank_settings(request: HttpRequest) -> HttpResponse:
    """The accounts whose statements may be imported, and one more."""
    company = cast(MemberRequest, request).membership.company
    form = BankAccountForm(request.POST if request.method == "POST" else None, company=company)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            add_bank_account(
                company=company,
                name=typed["name"],
                iban_text=typed["iban"],
                bic_text=typed["bic"],
                ledger_account=typed["ledger_account"],
                currency=typed["currency"],
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Compte bancaire ajouté."))
            return redirect("bank-settings")
    accounts = list(BankAccount.objects.order_by("name", "id"))
    context = {"accounts": accounts, "may_reconcile": allows(role_of(request), "bank.reconcile")}
    return settings_page(request, "settings/bank.html", "bank-settings", form, **context)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def bank_account_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The name of an account, and the sub-account of 512 on which its money is booked."""
    account: BankAccount = get_object_or_404(BankAccount.objects, pk=pk)
    form = BankAccountChangeForm(request.POST if request.method == "POST" else None, account=account)
    if request.method == "POST" and form.is_valid():
        try:
            with as_read(form, account, lambda row: BankAccountChangeForm(account=row)):
                change_bank_account(account=account, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Compte bancaire enregistré."))
            return redirect("bank-settings")
    context = {"account": account, "timeline": timeline_of(account, role_of(request))}
    return settings_page(request, "settings/bank_account.html", "bank-settings", form, **context)
