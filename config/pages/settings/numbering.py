"""« Réglages › Apparence et textes › Numéros »: how the numbers of each kind are written, and the next one."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.models import NumberedKind
from billing.number_patterns import read_pattern
from billing.services.number_patterns import LARGEST_FIRST, change_pattern, last_place, patterns_of, place_of_next
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import TextField
from config.kernel.models import Company
from config.pages.settings.company import settings_page
from config.pages.settings.look_pages import TAB, look_pages

PAGE = "numbering-settings"
# the rule behind it, by the law of the company; elsewhere the product keeps it without being told
ARTICLES = {"FR": " (CGI, ann. II, art. 242 nonies A)"}


class PatternForm(forms.Form):
    kind = forms.ChoiceField(choices=NumberedKind.choices, widget=forms.HiddenInput)
    pattern = TextField(
        label=gettext_lazy("Modèle"),
        max_length=40,
        help_text=gettext_lazy(
            "Lettres, chiffres, - _ /, l’année {AAAA} ou {AA}, le mois {MM}, et pour finir le compteur {00000}. Avec "
            "le mois ou l’année, le compteur repart à 1 à chaque période."
        ),
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    first = forms.IntegerField(
        label=gettext_lazy("Premier numéro"),
        required=False,
        min_value=1,
        max_value=LARGEST_FIRST,
        help_text=gettext_lazy("Pour une série encore vide, par exemple à la suite de votre ancien logiciel."),
    )


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def numbering_settings(request: HttpRequest) -> HttpResponse:
    company, at = cast(MemberRequest, request).membership.company, timezone.now()
    form = PatternForm(request.POST if request.method == "POST" else None)
    tried = ""
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        kind = NumberedKind(typed["kind"])
        try:
            if "preview" in request.POST:
                tried = _next(company, typed, local_day(at))
            else:
                act: dict[str, Any] = {"actor": actor_of(request), "at": at}
                change_pattern(company=company, kind=kind, text=typed["pattern"], first=typed["first"], **act)
                messages.success(request, _("Numérotation enregistrée. Elle vaut à partir du prochain numéro."))
                return redirect(PAGE)
        except DomainError as error:
            add_domain_error(form, error)
    context: dict[str, Any] = {"series": _series(company, local_day(at), form, tried), "pages": look_pages(PAGE)}
    context["article"] = ARTICLES.get(company.law, "")
    return settings_page(request, "settings/numbering.html", TAB, form, **context)


def _next(company: Company, typed: dict[str, Any], on: date) -> str:
    """The next number if this were kept now. Raises PatternRefused."""
    pattern = read_pattern(typed["pattern"])
    last = last_place(company.pk, pattern.stem(on))
    return pattern.number(on, last + 1 if last else typed["first"] or 1)


def _series(company: Company, on: date, typed: PatternForm, tried: str) -> list[dict[str, Any]]:
    """Of each kind its next number and a form; the form that was sent stands in its place."""
    sent = typed.data.get("kind") if typed.is_bound else None
    shown = []
    for kind, (pattern, stem, first) in patterns_of(company.pk).items():
        own = PatternForm(initial={"kind": kind, "pattern": pattern.text}, auto_id=f"id_{kind}_%s")
        if kind == sent:
            own = typed
            own.auto_id = f"id_{kind}_%s"
        place = place_of_next(company.pk, pattern, on, stem=stem, first=first)
        number = pattern.number(on, place)
        shown.append({"kind": kind, "form": own, "next": number, "tried": tried if kind == sent else ""})
    return shown
