"""« Réglages »: the company, its platform, its bank accounts. Every member may read them; the owner changes them."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from config.forms import BankAccountForm, CompanyForm, PlatformForm
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError, NotAllowed
from config.kernel.form_errors import add_domain_error
from config.kernel.models import Company, Membership
from config.kernel.services import change_company
from config.kernel.timeline import timeline_of
from einvoicing.models import PlatformAccount
from einvoicing.services.accounts import save_account, try_account
from payments.models import BankAccount
from payments.services.accounts import add_bank_account

TABS = (
    ("company-settings", gettext_noop("Société")),
    ("platform-settings", gettext_noop("Plateforme")),
    ("bank-settings", gettext_noop("Comptes bancaires")),
)


def _owner(request: HttpRequest) -> Membership:
    """The membership; a POST of somebody who may not change settings is refused."""
    membership = cast(MemberRequest, request).membership
    if request.method == "POST" and not membership.may("settings.edit"):
        raise NotAllowed
    return membership


def _page(request: HttpRequest, template: str, active: str, form: forms.Form, **context: Any) -> HttpResponse:
    may = cast(MemberRequest, request).membership.may("settings.edit")
    for field in form.fields.values():
        field.disabled = field.disabled or not may
    tabs = [{"label": _(label), "url": reverse(name), "active": name == active} for name, label in TABS]
    context |= {"form": form, "may_edit": may, "tabs": tabs}
    return render(request, template, context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member()
def company_settings(request: HttpRequest) -> HttpResponse:
    """Identity, address, mentions, bank details and reminders, in one form."""
    company = Company.objects.get(pk=_owner(request).company_id)
    form = CompanyForm(request.POST if request.method == "POST" else None, company=company)
    if request.method == "POST" and form.is_valid():
        try:
            change_company(company=company, values=form.cleaned_data, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réglages enregistrés."))
            return redirect("company-settings")
    return _page(
        request, "settings/company.html", "company-settings", form, sections=form.sections(), record=company,
        timeline=timeline_of(company),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@member()
def platform_settings(request: HttpRequest) -> HttpResponse:
    """Where invoices go, and the secret that opens it."""
    company = _owner(request).company
    account = PlatformAccount.objects.order_by("kind").first()
    form = PlatformForm(request.POST if request.method == "POST" else None, account=account)
    if request.method == "POST" and form.is_valid():
        try:
            save_account(
                company=company, kind=form.cleaned_data["kind"], values=form.values(),
                secret=form.cleaned_data["client_secret"], actor=actor_of(request), at=timezone.now(),
            )  # fmt: skip
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Plateforme enregistrée. Testez la connexion avant d’émettre."))
            return redirect("platform-settings")
    timeline = timeline_of(account) if account else []
    return _page(request, "settings/platform.html", "platform-settings", form, account=account, timeline=timeline)


@require_POST
@member("settings.edit")
def platform_test(request: HttpRequest) -> HttpResponse:
    """« Tester la connexion »: what the platform answers, in words."""
    account = PlatformAccount.objects.order_by("kind").first()
    if account is None:
        return redirect("platform-settings")
    problem = try_account(account=account, at=timezone.now())
    if problem is None:
        messages.success(request, _("« %(name)s » répond et nous reconnaît.") % {"name": account.name})
    else:
        words = _("« %(name)s » ne nous reconnaît pas : %(problem)s")
        messages.error(request, words % {"name": account.name, "problem": _(problem.message)})
    return redirect("platform-settings")


@require_http_methods(["GET", "POST"])
@member()
def bank_settings(request: HttpRequest) -> HttpResponse:
    """The accounts whose statements may be imported, and one more."""
    company = _owner(request).company
    form = BankAccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            add_bank_account(
                company=company, name=typed["name"], iban_text=typed["iban"], bic_text=typed["bic"],
                actor=actor_of(request), at=timezone.now(),
            )  # fmt: skip
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Compte bancaire ajouté."))
            return redirect("bank-settings")
    accounts = list(BankAccount.objects.order_by("name", "id"))
    return _page(request, "settings/bank.html", "bank-settings", form, accounts=accounts)
