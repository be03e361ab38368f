"""What people type about a supplier: who it is, how it is paid, how what it bills is booked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms.purchases.accounts import AccountField
from billing.purchases.models import SupplierRule
from billing.purchases.regimes import Regime
from config.kernel.editing import RecordForm
from config.kernel.errors import Invalid
from config.kernel.forms import FrenchDecimalField, TextField
from config.kernel.identifiers import bic, iban
from config.kernel.middleware import translated
from customers.forms import CountryField
from customers.models import Address, AddressKind, Customer, PaymentTerms

IDENTITY = ("name", "siret", "siren", "vat_number", "email", "phone", "terms", "notes")
ADDRESS = ("line", "extra", "postcode", "city", "country")
RULE = (
    "account", "regime", "deductible_share", "discount_percent", "discount_days", "spreads_over_months",
    "may_validate_itself",
)  # fmt: skip


class SupplierForm(RecordForm):
    """A supplier with its address and its rule; a new one with the account where it is paid."""

    name = TextField(
        label=_("Raison sociale"), max_length=200, error_messages={"required": _("Indiquez la raison sociale.")}
    )
    siret = TextField(label="SIRET", max_length=30, required=False, help_text=_("Le SIREN s’en déduit."))
    siren = TextField(label="SIREN", max_length=20, required=False)
    vat_number = TextField(
        label=_("N° de TVA intracommunautaire"),
        max_length=30,
        required=False,
        help_text=_("À lui seul il identifie un fournisseur étranger."),
    )
    email = forms.EmailField(label=_("Adresse e-mail"), required=False)
    phone = TextField(
        label=_("Téléphone"),
        max_length=30,
        required=False,
        help_text=_("Celui que vous appelez avant de confirmer un nouvel IBAN."),
    )
    terms: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Conditions de règlement"), queryset=None, empty_label=None
    )
    line = TextField(label=_("Numéro et voie"), max_length=200, required=False)
    extra = TextField(label=_("Complément"), max_length=200, required=False)
    postcode = TextField(label=_("Code postal"), max_length=12, required=False)
    city = TextField(label=_("Ville"), max_length=100, required=False)
    country = CountryField(label=_("Pays"), initial="FR")
    iban = TextField(
        label="IBAN",
        max_length=50,
        required=False,
        help_text=_("Tapé ici, il est confirmé par vous : prenez-le d’un document que vous savez authentique."),
    )
    bic = TextField(label="BIC", max_length=20, required=False)
    account = AccountField(
        label=_("Compte de charge"), required=False, help_text=_("Laissez vide : il se propose d’après l’historique.")
    )
    regime = forms.ChoiceField(
        label=_("Régime de TVA"), required=False, choices=[("", _("D’après chaque document")), *Regime.choices]
    )
    deductible_share = FrenchDecimalField(
        label=_("Part de TVA déductible %"), max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False
    )
    discount_percent = FrenchDecimalField(
        label=_("Escompte %"), max_digits=4, decimal_places=2, min_value=0, max_value=99, required=False
    )
    discount_days = forms.IntegerField(label=_("si payée sous (jours)"), min_value=0, max_value=365, required=False)
    spreads_over_months = forms.IntegerField(
        label=_("Charge étalée sur (mois)"), min_value=0, max_value=60, required=False
    )
    may_validate_itself = forms.BooleanField(
        label=_("Ses factures peuvent être validées sans intervention"),
        required=False,
        initial=True,
        help_text=_("Seulement lues sans doute, à un IBAN confirmé, pour un montant habituel."),
    )
    notes = TextField(label=_("Notes internes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, supplier: Customer | None = None, name: str = "", **kwargs: Any) -> None:
        kwargs["initial"] = _initial(supplier) if supplier else {"name": name}
        super().__init__(*args, **kwargs)
        self.supplier = supplier
        terms: Any = self.fields["terms"]
        terms.queryset = PaymentTerms.objects.order_by("days", "end_of_month", "id")
        if supplier is None:
            terms.initial = PaymentTerms.objects.filter(days=30, end_of_month=False, month_first=False).first()
        else:  # another account is added on the record, where it waits for its confirmation
            del self.fields["iban"], self.fields["bic"]

    def clean_iban(self) -> str:
        return checked(iban.validate, self.cleaned_data["iban"])

    def clean_bic(self) -> str:
        return checked(bic.validate, self.cleaned_data["bic"])

    def values(self) -> dict[str, Any]:
        """Of the third party; an individual stays one."""
        typed = {name: self.cleaned_data[name] for name in IDENTITY}
        if self.supplier is None:
            return typed
        kept = ("kind", "first_name", "last_name", "is_public_body", "service_code", "requires_service_code")
        same = self.supplier.siren == typed["siren"].replace(" ", "")
        address = {"electronic_address": self.supplier.electronic_address} if same else {}
        return {**typed, **{name: getattr(self.supplier, name) for name in kept}, **address}

    def address(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ADDRESS}

    def rule(self) -> dict[str, Any]:
        typed = {name: self.cleaned_data[name] for name in RULE}
        defaults = {"deductible_share": Decimal(100), "discount_percent": Decimal(0)}
        return {
            name: defaults.get(name, 0) if value is None and name not in ("account", "regime") else value
            for name, value in typed.items()
        }


def checked(validate: Any, typed: str) -> str:
    """The identifier as it is kept; '' for none. Raises ValidationError with the sentence of what is wrong."""
    if not typed:
        return ""
    try:
        return str(validate(typed))
    except Invalid as error:
        raise forms.ValidationError(translated(error.sentence)) from error


def _initial(supplier: Customer) -> dict[str, Any]:
    rule = SupplierRule.objects.filter(supplier=supplier).first() or SupplierRule()
    address = Address.objects.filter(customer=supplier, kind=AddressKind.BILLING).order_by("id").first()
    initial = {name: getattr(supplier, name) for name in IDENTITY} | {name: getattr(rule, name) for name in RULE}
    initial |= {name: initial[name] or None for name in ("discount_percent", "discount_days", "spreads_over_months")}
    return initial | ({name: getattr(address, name) for name in ADDRESS} if address else {})


class IbanForm(forms.Form):
    """An account that a supplier gives: it is seen, and waits for its confirmation."""

    iban = TextField(label="IBAN", max_length=50, error_messages={"required": _("Indiquez l’IBAN.")})
    bic = TextField(label="BIC", max_length=20, required=False)
    holder = TextField(
        label=_("Titulaire"), max_length=70, required=False, help_text=_("Le fournisseur, si rien n’est dit.")
    )

    def clean_iban(self) -> str:
        return checked(iban.validate, self.cleaned_data["iban"])

    def clean_bic(self) -> str:
        return checked(bic.validate, self.cleaned_data["bic"])
