"""What the owner types about the company, its platform and its bank accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.models import fields_for_model
from django.utils.translation import gettext_lazy as _

from config.kernel import typography
from config.kernel.models import Company
from config.kernel.services import CHANGEABLE
from einvoicing.models import PlatformAccount

KINDS = [("afnor", _("Plateforme agréée (API AFNOR XP Z12-013)"))]

# how the long form reads, part by part
SECTIONS: tuple[tuple[Any, Any, tuple[str, ...]], ...] = (
    (
        _("Identité"), "",
        (
            "name", "legal_form", "share_capital", "size", "siret", "rcs_city", "vat_number", "vat_regime",
            "vat_on_debits",
        ),
    ),
    (_("Coordonnées"), "", ("address_line", "address_extra", "postcode", "city", "email", "phone")),
    (
        _("Facturation"), _("Imprimé sur les factures émises à partir de maintenant ; les autres ne changent pas."),
        (
            "electronic_address", "iban", "bic", "late_penalty_mention", "recovery_mention", "discount_mention",
            "accent_color",
        ),
    ),
    (
        _("Relances"), _("En jours après l’échéance. La mise en demeure attend toujours qu’une personne l’envoie."),
        ("reminders_enabled", "friendly_after_days", "firm_after_days", "final_after_days"),
    ),
)  # fmt: skip


class CompanyForm(forms.Form):
    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        initial = {name: getattr(company, name) for name in CHANGEABLE}
        initial |= {"iban": typography.iban(company.iban), "siret": typography.siret(company.siret)}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.fields.update(fields_for_model(Company, fields=CHANGEABLE))
        self.fields["accent_color"].widget = forms.TextInput(attrs={"type": "color"})
        for name in ("late_penalty_mention", "recovery_mention", "discount_mention"):
            self.fields[name].widget = forms.Textarea(attrs={"rows": 2})
        # people paste them with their spaces
        for name, length in (("siret", 20), ("iban", 50), ("bic", 20), ("vat_number", 30)):
            self.fields[name] = forms.CharField(
                label=self.fields[name].label, required=self.fields[name].required, max_length=length
            )

    def sections(self) -> list[dict[str, Any]]:
        return [
            {"title": title, "words": words, "fields": [self[name] for name in names]}
            for title, words, names in SECTIONS
        ]


class PlatformForm(forms.Form):
    """The secret is written and never shown: left empty, it stays what it is."""

    kind = forms.ChoiceField(label=_("Type"), choices=KINDS)

    def __init__(self, *args: Any, account: PlatformAccount | None, **kwargs: Any) -> None:
        columns = ("name", "base_url", "token_url", "client_id", "is_enabled", "sends_automatically")
        initial = {name: getattr(account, name) for name in columns} if account else {}
        super().__init__(*args, **{**kwargs, "initial": initial})
        plain = [name for name in columns if not name.endswith("_url")]
        self.fields.update(fields_for_model(PlatformAccount, fields=plain))
        self.fields["base_url"] = forms.CharField(label=_("Adresse du service"), max_length=300)
        self.fields["token_url"] = forms.CharField(label=_("Adresse des jetons"), max_length=300)
        self.fields["client_secret"] = forms.CharField(
            label=_("Secret client"),
            required=account is None,
            max_length=500,
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            help_text=_("Enregistré chiffré, jamais affiché. Laissez vide pour garder le secret actuel.")
            if account
            else _("Enregistré chiffré, jamais affiché."),
        )
        self.order_fields(["kind", "name", "base_url", "token_url", "client_id", "client_secret"])

    def values(self) -> dict[str, Any]:
        """The columns of the account, without the kind and the secret."""
        return {name: value for name, value in self.cleaned_data.items() if name not in {"kind", "client_secret"}}


class BankAccountForm(forms.Form):
    name = forms.CharField(label=_("Intitulé"), max_length=100)
    iban = forms.CharField(label="IBAN", max_length=50)
    bic = forms.CharField(label="BIC", required=False, max_length=20)
