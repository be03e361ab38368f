"""What opens a feed, typed by its owner: Revolut Business's client identifier, Invoice Ninja's address and token."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.pages.forms import SECRET_KEPT
from payments.feeds.revolut.client import PRODUCTION, TRIAL
from payments.models import Feed, FeedKind
from payments.services.feeds import connecting

SIMULATOR_TOKEN = "sandbox-secret"  # noqa: S105 - published, and worth nothing elsewhere


class RevolutForm(forms.Form):
    base_url = forms.ChoiceField(label=gettext_lazy("Espace Revolut"))
    client_id = forms.CharField(
        label=gettext_lazy("Identifiant client"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Revolut le montre une fois le certificat enregistré (« Client ID »)."),
    )

    def __init__(self, *args: Any, feed: Feed | None, **kwargs: Any) -> None:
        initial = {"base_url": feed.base_url, "client_id": feed.client_id} if feed else {}
        super().__init__(*args, **{**kwargs, "initial": initial})
        choices = {PRODUCTION: _("Production"), TRIAL: _("Essai (bac à sable de Revolut)")}
        if not settings.PRODUCTION:
            choices[f"{settings.SANDBOX_URL}/revolut/api/1.0"] = _("Simulateur de cette machine")
        if feed and feed.base_url:
            choices.setdefault(feed.base_url, feed.base_url)
        cast(forms.ChoiceField, self.fields["base_url"]).choices = list(choices.items())
        if feed is None or not feed.certificate:
            del self.fields["client_id"]

    def typed_secret(self) -> str:
        return ""


class InvoiceNinjaForm(forms.Form):
    base_url = forms.CharField(
        label=gettext_lazy("Adresse du service"),
        max_length=300,
        widget=forms.URLInput(attrs={"placeholder": "https://invoicing.co", "autocomplete": "off"}),
        help_text=gettext_lazy("https://invoicing.co, ou l’adresse de votre propre installation."),
    )
    secret = forms.CharField(
        label=gettext_lazy("Jeton d’API"),
        max_length=connecting.LONGEST_SECRET,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Enregistré chiffré, jamais affiché."),
    )

    def __init__(self, *args: Any, feed: Feed | None, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": {"base_url": feed.base_url} if feed else {}})
        if not settings.PRODUCTION:
            words = _("Simulateur de cette machine : %(address)s, jeton %(token)s.")
            self.fields["base_url"].help_text = words % {"address": settings.SANDBOX_URL, "token": SIMULATOR_TOKEN}
        if feed and feed.key_cipher:
            self.fields["secret"].required = False
            self.fields["secret"].help_text = SECRET_KEPT

    def typed_secret(self) -> str:
        return str(self.cleaned_data["secret"])


FORMS: dict[str, type[RevolutForm | InvoiceNinjaForm]] = {
    FeedKind.REVOLUT: RevolutForm,
    FeedKind.INVOICE_NINJA: InvoiceNinjaForm,
}
