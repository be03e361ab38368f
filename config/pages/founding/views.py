"""« Nouvelle société » and its guide. The first one of an installation is founded by its superuser."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.forms.models import fields_for_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import TextField
from config.kernel.identifiers import siren as siren_number
from config.kernel.models import Company, User
from config.kernel.sent_once import sent_once
from config.pages.founding.guide import steps_of
from config.pages.founding.services import MayNotFound, found_company, give_bank_account, may_found
from config.pages.frame import tabs_of
from einvoicing.services.directory import Found, look_up

IDENTITY = ("name", "legal_form", "share_capital", "rcs_city", "size", "vat_regime")
PLACE = ("address_line", "address_extra", "postcode", "city", "email", "phone")


class FoundingForm(forms.Form):
    siren = TextField(label="SIREN", max_length=20, help_text=gettext_lazy("Neuf chiffres."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields_for_model(Company, fields=(*IDENTITY, *PLACE)))
        self.fields["siret"] = TextField(label=gettext_lazy("SIRET du siège"), max_length=20)
        self.fields["vat_number"] = TextField(
            label=gettext_lazy("N° de TVA intracommunautaire"),
            max_length=30,
            required=False,
            help_text=gettext_lazy("Il suit du SIREN : laissez vide, sauf s’il est autre."),
        )
        self.order_fields(["siren", "name", "siret", "legal_form"])


class BankForm(forms.Form):
    iban = TextField(label="IBAN", max_length=50)
    bic = TextField(label="BIC", max_length=20, required=False)


@require_http_methods(["GET", "POST"])
def founding_new(request: HttpRequest) -> HttpResponse:
    """One form. « Chercher » asks the directory for the company of this SIREN, and fills what it knows."""
    user = cast(User, request.user)
    if not may_found(user):
        raise MayNotFound
    form = FoundingForm(request.POST if request.method == "POST" else None)
    told = ""
    if request.method == "POST" and "look_up" in request.POST:
        form, told = _looked_up(request)
    elif request.method == "POST" and form.is_valid():
        try:
            company = found_company(values=form.cleaned_data, founder=user, at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            request.session["company_id"] = company.pk
            messages.success(request, _("Société créée. Vous en êtes le gérant."))
            return redirect("founding-guide")
    context = {"form": form, "told": told}
    return render(request, "founding/new.html", context, status=422 if form.errors else 200)


def _looked_up(request: HttpRequest) -> tuple[FoundingForm, str]:
    """The form again as it was typed, what the directory knows in its empty fields, and a sentence about that."""
    typed = {name: request.POST.get(name, "") for name in FoundingForm().fields}
    digits = "".join(typed["siren"].split())
    if not siren_number.is_valid(digits):
        return FoundingForm(initial=typed), _("Un SIREN a neuf chiffres, dont le dernier contrôle les autres.")
    membership = getattr(request, "membership", None)
    if membership is None:
        told = _("Aucune plateforme n’est encore reliée : l’annuaire ne peut pas être consulté. Remplissez ces champs.")
        return FoundingForm(initial=typed), told
    found = look_up(company=membership.company, siren=digits, at=timezone.now())
    known = _known(found)
    told = found.problem or (
        _("Repris de l’annuaire : vérifiez, puis complétez.") if known else _("L’annuaire ne connaît pas ce SIREN.")
    )
    return FoundingForm(initial={**typed, **{name: value for name, value in known.items() if not typed[name]}}), told


def _known(found: Found) -> dict[str, str]:
    unit = found.unit
    if unit is None:
        return {}
    values = {"name": unit.name, "address_line": unit.street, "postcode": unit.postcode, "city": unit.city}
    return {name: value for name, value in {**values, "siret": unit.siret}.items() if value}


@require_GET
@member("settings")
def founding_guide(request: HttpRequest) -> HttpResponse:
    """What is done of the five steps, and the next one."""
    membership = cast(MemberRequest, request).membership
    company = Company.objects.get(pk=membership.company_id)
    steps = steps_of(company)
    following = next((step for step in steps if not step.is_done and not step.is_optional), None)
    context = {
        "steps": steps,
        "following": following,
        "done": sum(step.is_done for step in steps),
        "tabs": tabs_of(membership.role, "company-settings"),
    }
    return render(request, "founding/guide.html", context)


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
@sent_once
def founding_bank(request: HttpRequest) -> HttpResponse:
    """Where the company wants to be paid."""
    membership = cast(MemberRequest, request).membership
    company = Company.objects.get(pk=membership.company_id)
    form = BankForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            give_bank_account(company=company, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Compte bancaire enregistré."))
            return redirect("founding-guide")
    context = {"form": form, "tabs": tabs_of(membership.role, "company-settings")}
    return render(request, "founding/bank.html", context, status=422 if form.errors else 200)
