"""« Réglages › Apparence et textes »: logo, colours, footer and mentions of the documents, seen on a specimen."""

from __future__ import annotations

import copy
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.sample import pictures_of, sample_pdf
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.editing import RecordForm, as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import TextField
from config.kernel.kept import FileRefused, read_kept
from config.kernel.logos import LARGEST
from config.kernel.models import Company
from config.kernel.services import change_company, change_logo, clean_company
from config.pages.settings.company import settings_page
from config.pages.settings.look_pages import look_pages

PAGE = "look-settings"
SAMPLE_NUMBER = "FAC-2026-00042"


class LookForm(RecordForm):
    accent_color = TextField(label=gettext_lazy("Couleur des documents"), max_length=7)
    title_color = TextField(
        label=gettext_lazy("Couleur des titres"),
        max_length=7,
        required=False,
        help_text=gettext_lazy(
            "# et six chiffres hexadécimaux ; vide, celle des documents. Assombrie pour rester lisible."
        ),
    )
    footer = TextField(
        label=gettext_lazy("Pied de page"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Sur chaque page, au-dessus de l’identité de la société, en quatre lignes au plus."),
    )
    extra_mentions = TextField(
        label=gettext_lazy("Mentions complémentaires"),
        max_length=800,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "Assurance décennale, agrément, réserve de propriété… Imprimées après les mentions légales, qui restent, "
            "et jointes à la facture électronique."
        ),
    )

    def __init__(self, data: Any = None, *, company: Company) -> None:
        super().__init__(data, initial={name: getattr(company, name) for name in self.base_fields})
        self.fields["accent_color"].widget = forms.TextInput(attrs={"type": "color"})


class LogoForm(forms.Form):
    logo = forms.FileField(
        label=gettext_lazy("Image"),
        help_text=gettext_lazy("PNG ou SVG, 1 Mo au plus. Elle tient dans 78 × 20 mm, au-dessus de votre nom."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/svg+xml"}),
    )

    def clean_logo(self) -> Any:
        file = self.cleaned_data["logo"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("Le logo dépasse 1 Mo : réduisez-le."))
        return file


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def look_settings(request: HttpRequest) -> HttpResponse:
    company = _company(request)
    form = LookForm(request.POST if request.method == "POST" else None, company=company)
    pictures: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            if "preview" in request.POST:
                pictures = specimen(company, form.cleaned_data)
            else:
                with as_read(form, company, lambda row: LookForm(company=row)):
                    values = form.cleaned_data
                    change_company(company=company, values=values, actor=actor_of(request), at=timezone.now())
                messages.success(request, _("Apparence enregistrée. Les documents déjà émis gardent la leur."))
                return redirect(PAGE)
        except DomainError as error:
            add_domain_error(form, error)
    return _page(request, company, form, LogoForm(), pictures)


@require_POST
@member("settings", posts="settings.edit")
def look_logo(request: HttpRequest) -> HttpResponse:
    """Another picture from now on, or none any more (`remove`)."""
    company = _company(request)
    act: dict[str, Any] = {"company": company, "actor": actor_of(request), "at": timezone.now()}
    if "remove" in request.POST:
        change_logo(data=None, **act)
        messages.success(request, _("Logo retiré. Les documents déjà émis le gardent."))
        return redirect(PAGE)
    form = LogoForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            change_logo(data=form.cleaned_data["logo"].read(), **act)
        except DomainError as error:
            form.add_error("logo", str(error))
        else:
            messages.success(request, _("Logo enregistré. Les documents déjà émis gardent le leur."))
            return redirect(PAGE)
    return _page(request, company, LookForm(company=company), form, [])


@require_POST
@member("settings.edit")
def look_preview(request: HttpRequest) -> HttpResponse:
    """The specimen with what is typed, or with what is stored. Writes nothing."""
    company = _company(request)
    form = LookForm(request.POST if "accent_color" in request.POST else None, company=company)
    context: dict[str, Any] = {"pictures": [], "problem": ""}
    try:
        if form.is_bound and not form.is_valid():
            context["problem"] = next(iter(form.errors.values()))[0]
        else:
            context["pictures"] = specimen(company, form.cleaned_data if form.is_bound else {})
    except DomainError as error:
        context["problem"] = next(iter(error.fields.values()), error.sentence)
    return render(request, "settings/_specimen.html", context)


@require_GET
@member("settings")
def look_picture(request: HttpRequest) -> HttpResponse:
    """The logo as it is kept, for the page that shows it."""
    logo = _company(request).logo
    if logo is None:
        raise Http404
    try:
        data = read_kept(logo, record=logo, at=timezone.now())
    except FileRefused as error:
        raise Http404 from error
    return HttpResponse(data, content_type=logo.media_type)


def specimen(company: Company, typed: dict[str, Any]) -> list[str]:
    """The pictures of a specimen as the company would print it. Raises Invalid, FileRefused."""
    tried = copy.copy(company)
    for name, value in clean_company(company, typed).items():
        setattr(tried, name, value)
    at = timezone.now()
    day = local_day(at)
    return pictures_of(sample_pdf(tried, at=at, number=SAMPLE_NUMBER, due_date=day))


def _company(request: HttpRequest) -> Company:
    return Company.objects.select_related("logo").get(pk=cast(MemberRequest, request).membership.company_id)


def _page(
    request: HttpRequest, company: Company, form: LookForm, upload: LogoForm, pictures: list[str]
) -> HttpResponse:
    context = {"pages": look_pages(PAGE), "upload": upload, "record": company, "pictures": pictures}
    response = settings_page(request, "settings/look.html", PAGE, form, **context)
    if upload.errors:
        response.status_code = 422
    return response
