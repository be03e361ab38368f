"""« E-reporting › Réglages »: from when, under which VAT regime and by whom a company's sales are reported."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import Company
from config.kernel.sent_once import sent_once
from einvoicing.reporting.building import usual_regime
from einvoicing.reporting.choosing import choice_at, choices_of, choose_reporting
from einvoicing.reporting.models import Channel, Regime


class ReportingForm(forms.Form):
    since = forms.ChoiceField(label=gettext_lazy("À partir du"))
    regime = forms.ChoiceField(label=gettext_lazy("Régime de TVA"), choices=Regime.choices)
    channel = forms.ChoiceField(
        label=gettext_lazy("Qui déclare"), choices=Channel.choices, widget=forms.RadioSelect, required=True
    )
    sends_automatically = forms.BooleanField(
        label=gettext_lazy("Transmettre d’office deux jours avant l’échéance, et rectifier dès qu’un fait change"),
        required=False,
    )
    sender_code = forms.RegexField(
        r"^[A-Z0-9]{4}$",
        label=gettext_lazy("Matricule de la plateforme"),
        required=False,
        help_text=gettext_lazy("Quatre signes, si la plateforme les demande : elle écrit les siens."),
        error_messages={"invalid": gettext_lazy("Quatre chiffres ou majuscules.")},
    )

    def __init__(self, *args: Any, months: list[date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["since"]).choices = [
            (one.isoformat(), typography.day(one)) for one in months
        ]


def _months(today: date) -> list[date]:
    """The first days of months that a choice may begin with: a year back, a year ahead."""
    start = today.year * 12 + today.month - 13
    return [date(number // 12, number % 12 + 1, 1) for number in range(start, start + 25)]


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def reporting_settings(request: HttpRequest) -> HttpResponse:
    company, now = cast(MemberRequest, request).membership.company, timezone.now()
    today = local_day(now)
    choice = choice_at(company, today)
    months = _months(today)
    following = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    usual = {
        "since": following.isoformat(),
        "regime": choice.regime or usual_regime(company),
        "channel": choice.channel,
        "sends_automatically": choice.sends_automatically or not choice.sends_flows,
        "sender_code": choice.sender_code,
    }
    form = ReportingForm(request.POST or None, initial=usual, months=months)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            choose_reporting(
                company=company,
                since=date.fromisoformat(values["since"]),
                regime=values["regime"],
                channel=values["channel"],
                sends_automatically=values["sends_automatically"],
                sender_code=values["sender_code"],
                actor=actor_of(request),
                at=now,
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réglage enregistré."))
            return redirect("einvoicing:reporting")
    context = {"form": form, "choices": _shown_choices(company)}
    return render(request, "einvoicing/reporting/settings.html", context)


def _shown_choices(company: Company) -> list[dict[str, Any]]:
    return [
        {"since": one.since, "regime": Regime(one.regime).label, "channel": Channel(one.channel).label}
        for one in choices_of(company)
    ]
