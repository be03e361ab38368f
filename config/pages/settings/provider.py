"""« Réglages › Pages des clients › Paiement par carte »: the provider, its secret (never shown), its accounts."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import WebhookSource
from config.kernel.timeline import timeline_of
from config.pages.settings.company import settings_page
from payments.checkouts.accounts import save_account
from payments.checkouts.models import FEES, WALLET, ProviderAccount
from payments.providers.registry import PROVIDERS

TAB = "portal-settings"
COLUMNS = ("kind", "base_url", "ledger_account", "fee_account", "is_enabled")


class ProviderForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Service de paiement"), choices=[(key, row.label) for key, row in PROVIDERS.items()]
    )
    base_url = forms.CharField(label=gettext_lazy("Adresse du service"), max_length=300)
    page_url = forms.CharField(
        label=gettext_lazy("Adresse de sa page de paiement"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Les clients ne sont envoyés nulle part ailleurs. Vide : celle du service."),
    )
    secret = forms.CharField(
        label=gettext_lazy("Clé secrète"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Enregistrée chiffrée, elle ne sera plus jamais affichée. Vide : inchangée."),
    )
    ledger_account = forms.CharField(
        label=gettext_lazy("Compte d’attente"),
        max_length=10,
        help_text=gettext_lazy("511500, ou un compte 467 : l’argent y reste jusqu’au versement à la banque."),
    )
    fee_account = forms.CharField(label=gettext_lazy("Compte des frais"), max_length=10)
    is_enabled = forms.BooleanField(label=gettext_lazy("Proposer « Payer par carte » aux clients"), required=False)

    def __init__(self, sent: Any = None, *, account: ProviderAccount | None) -> None:
        first = {"ledger_account": WALLET, "fee_account": FEES}
        super().__init__(
            sent,
            initial={**{name: getattr(account, name) for name in COLUMNS}, "page_url": account.page_origin}
            if account
            else first,
        )


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def provider_settings(request: HttpRequest) -> HttpResponse:
    account = ProviderAccount.objects.first()
    form = ProviderForm(request.POST if request.method == "POST" else None, account=account)
    if request.method == "POST" and form.is_valid():
        company = cast(MemberRequest, request).membership.company
        try:
            save_account(company=company, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Service de paiement enregistré."))
            return redirect("provider-settings")
    source = WebhookSource.objects.filter(source=account.kind).order_by("pk").first() if account else None
    context = {
        "account": account,
        "source": source,
        "timeline": timeline_of(account, role_of(request)) if account else [],
    }
    return settings_page(request, "settings/provider.html", TAB, form, **context)
