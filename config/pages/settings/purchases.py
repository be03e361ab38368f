"""« Réglages › Achats »: tolerances, the rules of approval and who stands in for whom, kept by the owner."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.forms.purchases.settings import ApprovalRuleForm, DelegationForm, PurchaseSettingsForm
from billing.purchases.approval_rules import (
    delegate_approval,
    end_approval_rule,
    end_delegation,
    save_approval_rule,
    save_purchase_settings,
)
from billing.purchases.models import ApprovalRule, Delegation, PurchaseSettings
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import Company
from config.kernel.sent_once import sent_once
from config.pages.settings.company import settings_page

PAGE = "purchase-settings"


def _company(request: HttpRequest) -> Company:
    return cast(MemberRequest, request).membership.company


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def purchase_settings(request: HttpRequest) -> HttpResponse:
    company, stored = _company(request), PurchaseSettings.objects.first()
    form = PurchaseSettingsForm(request.POST if request.method == "POST" else None, settings=stored)
    if request.method == "POST" and form.is_valid():
        values, actor = form.cleaned_data, actor_of(request)
        try:
            with as_read(form, stored, lambda row: PurchaseSettingsForm(settings=row)):
                save_purchase_settings(company=company, values=values, actor=actor, at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réglages enregistrés."))
            return redirect(PAGE)
    rules = ApprovalRule.objects.filter(ended_at=None).select_related("supplier")
    today = local_day(timezone.now())
    delegations = Delegation.objects.filter(ended_at=None, ends_on__gte=today).select_related("approver", "delegate")
    return settings_page(
        request,
        "settings/purchases.html",
        PAGE,
        form,
        rules=list(rules.prefetch_related("approvers__user").order_by("above", "id")),
        delegations=list(delegations.order_by("starts_on", "id")),
    )


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def approval_rule_new(request: HttpRequest) -> HttpResponse:
    return _rule_form(request, None)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def approval_rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _rule_form(request, _rule(pk))


def _rule(pk: int) -> ApprovalRule:
    return get_object_or_404(ApprovalRule.objects.select_related("supplier").filter(ended_at=None), pk=pk)


def _rule_form(request: HttpRequest, rule: ApprovalRule | None) -> HttpResponse:
    company = _company(request)
    sent = request.POST if request.method == "POST" else None
    form = ApprovalRuleForm(sent, company_id=company.pk, rule=rule)
    if sent is not None and form.is_valid():
        given: dict[str, Any] = {"values": form.values(), "approvers": form.chosen(), "actor": actor_of(request)}
        try:
            with as_read(form, rule, lambda row: ApprovalRuleForm(company_id=company.pk, rule=row)):
                save_approval_rule(rule=rule, company=company, at=timezone.now(), **given)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Règle enregistrée."))
            return redirect(PAGE)
    title = _("Modifier la règle") if rule else _("Nouvelle règle d’approbation")
    return _small_form(request, form, title)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def approval_rule_end(request: HttpRequest, pk: int) -> HttpResponse:
    rule = _rule(pk)
    if request.method == "POST":
        end_approval_rule(rule=rule, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Règle retirée."))
        return redirect(PAGE)
    effect = _("Elle ne demande plus rien. Ce qui n’attendait qu’elle passe au prochain bon à payer.")
    facts = [(_("Règle"), rule.name), (_("À partir de"), typography.money(rule.above))]
    return _ask(request, _("Retirer la règle"), effect, facts)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def delegation_new(request: HttpRequest) -> HttpResponse:
    company = _company(request)
    form = DelegationForm(request.POST if request.method == "POST" else None, company_id=company.pk)
    if request.method == "POST" and form.is_valid():
        try:
            delegate_approval(company=company, actor=actor_of(request), at=timezone.now(), **form.values())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Délégation enregistrée."))
            return redirect(PAGE)
    return _small_form(request, form, _("Nouvelle délégation"))


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def delegation_end(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Delegation.objects.select_related("approver", "delegate").filter(ended_at=None)
    row = get_object_or_404(rows, pk=pk)
    if request.method == "POST":
        end_delegation(delegation=row, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Délégation retirée."))
        return redirect(PAGE)
    effect = _("Ce qui a été approuvé reste approuvé ; rien de plus ne l’est à la place de cette personne.")
    facts = [
        (_("Qui est absent"), row.approver.display_name),
        (_("Qui approuve à sa place"), row.delegate.display_name),
    ]
    return _ask(request, _("Retirer la délégation"), effect, facts)


def _small_form(request: HttpRequest, form: Any, title: str) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "button": _("Enregistrer"),
        "back": reverse(PAGE),
        "back_label": _("Achats"),
    }
    return render(request, "billing/purchases/small_form.html", context, status=422 if form.errors else 200)


def _ask(request: HttpRequest, title: str, effect: str, facts: list[tuple[str, Any]]) -> HttpResponse:
    return confirm(
        request,
        Confirmation(
            title=title,
            effect=effect,
            facts=facts,
            back=reverse(PAGE),
            back_label=_("Achats"),
            icon="close",
            danger=True,
        ),
    )
