"""The platforms of a company: those it has, those it can add, and the form of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.forms.models import fields_for_model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.editing import RecordForm, as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.middleware import translated
from config.kernel.timeline import timeline_of
from config.pages.forms import SECRET_KEPT
from config.pages.settings.company import settings_page
from einvoicing.models import Environment, PlatformAccount
from einvoicing.platforms.presets import PRESETS, Preset, preset, preset_of
from einvoicing.platforms.registry import PLATFORMS, provider
from einvoicing.services.accounts import SECRETS, save_account, try_account
from einvoicing.services.compliance import state_of
from einvoicing.services.routing import usual_settings
from einvoicing.services.technical_accounts import password_warning, warnings_of
from einvoicing.views.compliance import STATES

PLAIN = ("name", "environment", "client_id", "default_format", "is_enabled", "sends_automatically", "is_offline")


class PlatformForm(RecordForm):
    """The fields its provider needs. Secrets are written and never shown: left empty, they stay what they are."""

    def __init__(self, *args: Any, preset: Preset, account: PlatformAccount | None, **kwargs: Any) -> None:
        self.preset, self.provider, self.is_new = preset, provider(preset.kind), account is None
        super().__init__(*args, **{**kwargs, "initial": _initial(preset, account)})
        more = [name for name in self.provider.extra_fields if name not in SECRETS]
        self.fields.update(fields_for_model(PlatformAccount, fields=[*PLAIN, *more]))
        self._add_addresses()
        self._add_secrets()
        reached = [name for name in Environment.values if preset.address(name)[0]]
        if "login" in more:
            self.fields["login"].required = True
        self._limit("environment", reached or Environment.values)
        self._limit("default_format", self.provider.syntaxes)
        if usual_settings(preset.kind).get("client_id"):
            self.fields["client_id"].required = self.fields["client_secret"].required = False
        if not self.provider.has_oauth:
            del self.fields["client_id"]
        if self.provider.is_mirror:
            del self.fields["default_format"]
        self.order_fields(
            ["name", "environment", "base_url", "token_url", "client_id", "client_secret", "login", "password"]
        )

    def _limit(self, name: str, values: Sequence[str]) -> None:
        """Only the choices that this platform has."""
        field = cast(forms.ChoiceField, self.fields[name])
        field.choices = [choice for choice in list(cast(Any, field.choices)) if choice[0] in values]

    def _add_addresses(self) -> None:
        usual = usual_settings(self.preset.kind)
        known = bool(self.preset.addresses)
        hint = gettext_lazy("Laissez vide pour l’adresse habituelle.") if known else ""
        own = gettext_lazy("Laissez vide pour celle de cette installation.")
        names = [("base_url", gettext_lazy("Adresse du service"))]
        if self.provider.has_oauth:
            names.append(("token_url", gettext_lazy("Adresse des jetons")))
        for name, label in names:
            help_text = own if usual.get(name) else hint
            self.fields[name] = forms.CharField(label=label, max_length=300, required=not known, help_text=help_text)

    def _add_secrets(self) -> None:
        label = gettext_lazy("Secret client") if self.provider.has_oauth else gettext_lazy("Clé d’accès")
        secrets = [("client_secret", label)]
        if "password" in self.provider.extra_fields:
            secrets.append(("password", gettext_lazy("Mot de passe du compte technique")))
        for name, title in secrets:
            self.fields[name] = forms.CharField(
                label=title,
                required=self.is_new,
                max_length=500,
                widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
                help_text=gettext_lazy("Enregistré chiffré, jamais affiché.") if self.is_new else SECRET_KEPT,
            )

    def values(self) -> dict[str, Any]:
        """The columns of the account, its secrets left out.

        An address left empty stays so where the installation gives one, and is the platform's own elsewhere.
        """
        values = {name: value for name, value in self.cleaned_data.items() if name not in SECRETS}
        own, usual = usual_settings(self.preset.kind), self.preset.address(values["environment"])
        for name, address in zip(("base_url", "token_url"), usual, strict=True):
            values[name] = values.get(name) or ("" if own.get(name) else address)
        return values

    def secrets(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in SECRETS if self.cleaned_data.get(name)}


def _initial(preset: Preset, account: PlatformAccount | None) -> dict[str, Any]:
    columns = {field.name for field in PlatformAccount._meta.fields}
    if account is not None:
        usual = preset.address(account.environment)
        initial = {name: getattr(account, name) for name in columns if not name.endswith("_cipher")}
        for name, address in zip(("base_url", "token_url"), usual, strict=True):
            initial[name] = "" if address and initial[name] == address else initial[name]
        return initial
    return {
        "name": _(preset.label),
        "service_name": preset.service_name,
        "directory_name": preset.directory_name,
        "is_enabled": True,
        "sends_automatically": True,
    }


@require_GET
@member("einvoicing")
def platform_list(request: HttpRequest) -> HttpResponse:
    accounts = list(PlatformAccount.objects.order_by("name", "id"))
    taken = {account.kind for account in accounts}
    rows = [
        {
            "account": account,
            "label": PLATFORMS[account.kind].label if account.kind in PLATFORMS else account.kind,
            "slug": preset_of(account.kind, account.base_url).slug if account.kind in PLATFORMS else "",
            "state": STATES[state_of(account, at=timezone.now())][0],
            "tone": STATES[state_of(account, at=timezone.now())][1],
        }
        for account in accounts
    ]
    free = [preset for preset in PRESETS if preset.kind in PLATFORMS and preset.kind not in taken]
    return settings_page(request, "settings/platforms.html", "platform-settings", forms.Form(), rows=rows, presets=free)


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def platform_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """One platform: how it is reached, what goes there, and the secrets that open it."""
    company, chosen = cast(MemberRequest, request).membership.company, preset(slug)
    if chosen is None or chosen.kind not in PLATFORMS:
        raise Http404
    account = PlatformAccount.objects.filter(kind=chosen.kind).first()
    form = PlatformForm(request.POST if request.method == "POST" else None, preset=chosen, account=account)
    if request.method == "POST" and form.is_valid():
        try:
            with as_read(form, account, lambda row: PlatformForm(preset=chosen, account=row)):
                save_account(
                    company=company,
                    kind=chosen.kind,
                    values=form.values(),
                    secrets=form.secrets(),
                    actor=actor_of(request),
                    at=timezone.now(),
                )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Plateforme enregistrée. Testez la connexion avant d’émettre."))
            return redirect("platform-edit", slug=slug)
    context: dict[str, Any] = {"account": account, "preset": chosen}
    if account:
        warning = password_warning(account, local_day(timezone.now()))
        context["password_warning"] = translated(warning) if warning else ""
        context["timeline"] = timeline_of(account, role_of(request))
    return settings_page(request, "settings/platform.html", "platform-settings", form, **context)


@require_POST
@member("settings.edit")
def platform_test(request: HttpRequest, kind: str) -> HttpResponse:
    """« Tester la connexion »: what the platform answers, in words."""
    account = cast(PlatformAccount, get_object_or_404(PlatformAccount.objects, kind=kind))
    problem = try_account(account=account, at=timezone.now())
    if problem is None:
        messages.success(request, _("« %(name)s » répond et nous reconnaît.") % {"name": account.name})
        for warning in warnings_of(account=account, at=timezone.now()):
            messages.warning(request, translated(warning))
    else:
        sentence = _("« %(name)s » ne nous reconnaît pas : %(problem)s")
        messages.error(request, sentence % {"name": account.name, "problem": translated(problem.message)})
    return redirect("platform-edit", slug=preset_of(account.kind, account.base_url).slug)
