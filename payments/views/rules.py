"""« Règles »: how bank lines that pay no invoice are booked. Made by people, tried in their order."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.ledger import account_names
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from payments.line_forms import RuleForm, rule_from
from payments.models import BankLine, BankRule
from payments.services.habits import habit_of
from payments.services.rules import archive_rule, booking_by, raise_rule, rules_of, save_rule
from payments.services.settling import settle_line


def load_rule(pk: int) -> BankRule:
    return cast(BankRule, get_object_or_404(BankRule.objects.filter(archived_at=None), pk=pk))


@require_GET
@member("bank.reconcile")
def rule_list(request: HttpRequest) -> HttpResponse:
    company = cast(MemberRequest, request).membership.company
    rules, names = rules_of(company), account_names(company.pk)
    rows = [
        {"rule": rule, "taken": _taken(rule), "account": names.get(rule.ledger_account, ""), "first": place == 0}
        for place, rule in enumerate(rules)
    ]
    return render(request, "payments/rule/list.html", {"rows": rows})


def _taken(rule: BankRule) -> str:
    """What lines it takes, in a few words."""
    iban = typography.iban(rule.counterparty_iban) if rule.counterparty_iban else ""
    said = [rule.text and f"« {rule.text} »", rule.counterparty, iban]
    said += [rule.get_direction_display()] if rule.direction != "ANY" else []
    if rule.amount_min is not None:
        said.append(_("au moins %(amount)s") % {"amount": typography.money(rule.amount_min)})
    if rule.amount_max is not None:
        said.append(_("au plus %(amount)s") % {"amount": typography.money(rule.amount_max)})
    return " · ".join(part for part in said if part)


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
@sent_once
def rule_new(request: HttpRequest) -> HttpResponse:
    """A new rule; `?line=` is one it is made from, which it books at once."""
    rows = BankLine.objects.select_related("account", "statement")
    asked = request.GET.get("line", "")
    line = rows.filter(pk=asked, status__in=BankLine.UNEXPLAINED).first() if asked.isdecimal() else None
    initial: dict[str, Any] = {"direction": "ANY"}
    if line is not None:
        initial = rule_from(line, habit_of(line, at=timezone.now()))
    form = RuleForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        done = _save(request, None, form, line)
        if done is not None:
            return done
    return _page(request, form, line=line)


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    rule = load_rule(pk)
    form = RuleForm(request.POST if request.method == "POST" else None, rule=rule)
    if request.method == "POST" and form.is_valid():
        done = _save(request, rule, form, None)
        if done is not None:
            return done
    return _page(request, form, rule=rule)


def _page(
    request: HttpRequest, form: RuleForm, *, rule: BankRule | None = None, line: BankLine | None = None
) -> HttpResponse:
    context = {"form": form, "rule": rule, "line": line}
    return render(request, "payments/rule/form.html", context, status=422 if form.errors else 200)


def _save(request: HttpRequest, rule: BankRule | None, form: RuleForm, line: BankLine | None) -> HttpResponse | None:
    company, actor, now = cast(MemberRequest, request).membership.company, actor_of(request), timezone.now()
    try:
        with as_read(form, rule, lambda row: RuleForm(rule=row)):
            saved = save_rule(rule=rule, company=company, values=form.values(), actor=actor, at=now)
            if line is not None:
                parts = [booking_by(saved, line)]
                settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=actor, at=now)
    except DomainError as error:
        add_domain_error(form, error)
        return None
    messages.success(request, _("Règle « %(name)s » enregistrée.") % {"name": saved.name})
    return redirect("payments:worktable" if line is not None else "payments:rule-list")


@require_POST
@member("bank.reconcile")
@sent_once
def rule_raise(request: HttpRequest, pk: int) -> HttpResponse:
    raise_rule(rule=load_rule(pk), actor=actor_of(request), at=timezone.now())
    return redirect("payments:rule-list")


@require_POST
@member("bank.reconcile")
@sent_once
def rule_archive(request: HttpRequest, pk: int) -> HttpResponse:
    rule = archive_rule(rule=load_rule(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Règle « %(name)s » archivée.") % {"name": rule.name})
    return redirect("payments:rule-list")
