"""« Réglages › Apparence et textes › Lignes »: what a line says when it is begun, and the units that are offered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.models import Unit
from billing.vat_rates import known_rates, usual_rate
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.editing import RecordForm, as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import Company
from config.kernel.services import change_company
from config.pages.settings.company import settings_page
from config.pages.settings.look import specimen
from config.pages.settings.look_pages import TAB, look_pages

PAGE = "line-settings"


class LinesForm(RecordForm):
    usual_vat_rate = forms.TypedChoiceField(
        label=gettext_lazy("Taux de TVA habituel"),
        coerce=Decimal,
        help_text=gettext_lazy("En franchise en base, aucune TVA n’est facturée, quel que soit ce taux."),
    )
    usual_unit = forms.ChoiceField(label=gettext_lazy("Unité habituelle"), choices=Unit.choices)
    units = forms.MultipleChoiceField(
        label=gettext_lazy("Unités proposées"),
        choices=Unit.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Aucune cochée : toutes sont proposées."),
    )

    def __init__(self, data: Any = None, *, company: Company) -> None:
        rate = f"{usual_rate(company).normalize():f}"
        super().__init__(
            data, initial={"usual_vat_rate": rate, "usual_unit": company.usual_unit, "units": company.units}
        )
        rates: Any = self.fields["usual_vat_rate"]
        rates.choices = [(f"{one.normalize():f}", typography.percent(one)) for one in known_rates(company)]


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def line_settings(request: HttpRequest) -> HttpResponse:
    company = Company.objects.get(pk=cast(MemberRequest, request).membership.company_id)
    form = LinesForm(request.POST if request.method == "POST" else None, company=company)
    typed: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            if "preview" not in request.POST:
                with as_read(form, company, lambda row: LinesForm(company=row)):
                    change_company(company=company, values=typed, actor=actor_of(request), at=timezone.now())
                messages.success(request, _("Réglages enregistrés."))
                return redirect(PAGE)
        except DomainError as error:
            add_domain_error(form, error)
    context = {"pages": look_pages(PAGE), "pictures": specimen(company, typed)}
    return settings_page(request, "settings/lines.html", TAB, form, **context)
