"""« Réglages »: the company, its platform, its bank accounts. Every member may read them; the owner changes them."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from config.forms import BankAccountForm, CompanyForm
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.editing import as_read
from config.kernel.errors import DomainError, NotAllowed
from config.kernel.form_errors import add_domain_error
from config.kernel.models import Company, Membership
from config.kernel.services import change_company
from config.kernel.timeline import timeline_of
from payments.models import BankAccount
from payments.services.accounts import add_bank_account

TABS = (
    ("company-settings", gettext_noop("Société")),
    ("platform-settings", gettext_noop("Plateformes")),
    ("bank-settings", gettext_noop("Comptes bancaires")),
    ("rate-settings", gettext_noop("Taux de retard")),
    ("webhook-settings", "Webhooks"),
    ("inbound-settings", gettext_noop("Webhooks reçus")),
    ("api-keys", gettext_noop("Accès API")),
)


def shown(*, may_edit: bool) -> list[tuple[str, str]]:
    """The tabs there are: no platform where e-invoicing is switched off, keys and webhooks for the owner alone."""
    hidden = set() if settings.ENABLE_EINVOICING else {"platform-settings"}
    hidden |= set() if may_edit else {"api-keys", "webhook-settings", "inbound-settings"}
    return [one for one in TABS if one[0] not in hidden]


def owner(request: HttpRequest) -> Membership:
    """The membership; a POST of somebody who may not change settings is refused."""
    membership = cast(MemberRequest, request).membership
    if request.method == "POST" and not membership.may("settings.edit"):
        raise NotAllowed
    return membership


def settings_page(request: HttpRequest, template: str, active: str, form: forms.Form, **context: Any) -> HttpResponse:
    may = cast(MemberRequest, request).membership.may("settings.edit")
    for field in form.fields.values():
        field.disabled = field.disabled or not may
    tabs = [{"label": _(label), "url": reverse(name), "active": name == active} for name, label in shown(may_edit=may)]
    context |= {"form": form, "may_edit": may, "tabs": tabs}
    return render(request, template, context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member()
def company_settings(request: HttpRequest) -> HttpResponse:
    """Identity, address, mentions, bank details and reminders, in one form."""
    company = Company.objects.get(pk=owner(request).company_id)
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
        request, "settings/company.html", "company-settings", form, sections=form.sections(), record=company,
        timeline=timeline_of(company),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@member()
def bank_settings(request: HttpRequest) -> HttpResponse:
    """The accounts whose statements may be imported, and one more."""
    company = owner(request).company
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
    return settings_page(request, "settings/bank.html", "bank-settings", form, accounts=accounts)
