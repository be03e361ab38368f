"""How one customer is reminded: its own settings and words, beside the company's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.models import Invoice
from config.kernel.access import actor_of, member
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import Company
from config.kernel.sent_once import sent_once
from customers.models import Customer
from payments.dunning.configuring import reset_text, save_settings, save_text
from payments.dunning.forms import CustomerRemindersForm, ReminderTextForm
from payments.dunning.letters import Letter, letter_for
from payments.dunning.models import Language, ReminderLevel, ReminderSettings, ReminderText
from payments.dunning.practice import practice_of
from payments.dunning.texts import VARIABLES, Wording, unknown_variables, wording_of


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def customer_reminders(request: HttpRequest, pk: int) -> HttpResponse:
    """In what this customer differs from the company, and the words of its letters."""
    customer = get_object_or_404(Customer.objects.select_related("company"), pk=pk)
    row = ReminderSettings.objects.filter(customer=customer).first()
    shown = row or ReminderSettings(company=customer.company, customer=customer)
    form = CustomerRemindersForm(request.POST if request.method == "POST" else None, row=shown, customer=customer)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            with as_read(form, row, lambda now: CustomerRemindersForm(row=now, customer=customer)):
                save_settings(
                    company=customer.company,
                    customer=customer,
                    values=values,
                    actor=actor_of(request),
                    at=timezone.now(),
                )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réglages enregistrés."))
            return redirect(customer)
    context = {
        "customer": customer,
        "form": form,
        "texts": texts_of(customer.company, customer),
        "practice": practice_of(customer.company, customer.pk),
    }
    return render(request, "payments/reminder/customer.html", context, status=422 if form.errors else 200)


def texts_of(company: Company, customer: Customer | None) -> list[dict[str, Any]]:
    """Each level in each language, and whose words it has."""
    rows = ReminderText.objects.filter(company=company)
    found = {(row.customer_id, row.level, row.language) for row in rows.filter(customer=customer)}
    key = customer.pk if customer else None
    return [
        {
            "level": level,
            "label": level.label,
            "language": language,
            "language_label": language.label,
            "own": (key, level, language) in found,
        }
        for level in ReminderLevel
        for language in Language
    ]


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def customer_text(request: HttpRequest, pk: int, level: int, language: str) -> HttpResponse:
    """The words of one letter for this customer alone."""
    customer = get_object_or_404(Customer.objects.select_related("company"), pk=pk)
    return text_page(request, customer.company, customer, level, language, back="payments:customer-reminders")


def text_page(
    request: HttpRequest, company: Company, customer: Customer | None, level: int, language: str, *, back: str
) -> HttpResponse:
    """Write, try on a customer's real invoices (`preview`), keep, or take back to the words below (`reset`)."""
    if level not in ReminderLevel.values or language not in Language.values:
        raise Http404
    key: dict[str, Any] = {"company": company, "customer": customer, "level": level, "language": language}
    kept = wording_of(company, customer.pk if customer else 0, ReminderLevel(level), language)
    initial = {"subject_line": kept.subject_line, "body": kept.body}
    form = ReminderTextForm(request.POST if request.method == "POST" else None, initial=initial)
    act: dict[str, Any] = {"actor": actor_of(request), "at": timezone.now()}
    where = [customer.pk] if customer else []
    tried = kept
    if request.method == "POST" and "reset" in request.POST:
        reset_text(**key, **act)
        messages.success(request, _("Le texte d’origine est rétabli."))
        return redirect(back, *where)
    if request.method == "POST" and form.is_valid():
        tried = Wording(form.cleaned_data["subject_line"], form.cleaned_data["body"])
        if "preview" not in request.POST and _saved(form, key, act):
            messages.success(request, _("Texte enregistré."))
            return redirect(back, *where)
        for name, strange in (("subject_line", tried.subject_line), ("body", tried.body)):
            if "preview" in request.POST and (found := unknown_variables(strange)):
                form.add_error(name, _("Variable inconnue : %(name)s.") % {"name": found[0]})
    chosen = customer or Customer.objects.filter(pk=_number(request.POST.get("customer"))).first()
    context = {
        **key,
        "form": form,
        "label": ReminderLevel(level).label,
        "language_label": Language(language).label,
        "variables": VARIABLES.items(),
        "own": ReminderText.objects.filter(**key).exists(),
        "letter": None if form.errors else try_on(company, chosen, ReminderLevel(level), language, tried),
        "customers": [] if customer else with_open_invoices(),
        "chosen": chosen,
        "back": back,
    }
    return render(request, "payments/reminder/text.html", context, status=422 if form.errors else 200)


def _saved(form: ReminderTextForm, key: dict[str, Any], act: dict[str, Any]) -> bool:
    try:
        save_text(**key, **form.cleaned_data, **act)
    except DomainError as error:
        add_domain_error(form, error)
        return False
    return True


def _number(typed: str | None) -> int | None:
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 19 else None


def with_open_invoices() -> list[Customer]:
    """Customers on whose invoices a text can be tried: a few, those who owe the oldest debts."""
    keys = Invoice.objects.outstanding().order_by("due_date").values_list("customer_id", flat=True)[:100]
    return list(Customer.objects.filter(pk__in=list(dict.fromkeys(keys))[:20]).order_by("name", "id"))


def try_on(
    company: Company, customer: Customer | None, level: ReminderLevel, language: str, wording: Wording
) -> Letter | None:
    """The letter that these words make of real invoices: the customer's, else the oldest debt; None without any."""
    rows = Invoice.objects.outstanding().select_related("customer", "company").order_by("due_date", "id")
    first = (rows.filter(customer=customer) if customer else rows).first()
    if first is None:
        return None
    practice = replace(practice_of(company, first.customer_id), language=language)
    return letter_for([first], level, at=timezone.now(), practice=practice, wording=wording)
