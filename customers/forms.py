"""What people type about customers: the filter of the list, the identity with its addresses, a contact."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.kernel.editing import RecordForm
from config.kernel.errors import Invalid
from config.kernel.forms import FrenchDateField, TextField
from config.kernel.middleware import translated
from config.kernel.models import Company
from customers import exemptions
from customers.countries import CODES
from customers.models import Address, AddressKind, Contact, Customer, CustomerKind, CustomerQuerySet, PaymentTerms
from customers.services import ADDRESS_WANTED, clean_identity

STATES = [("archived", _("Archivés"))]
ADDRESS = ("line", "extra", "postcode", "city", "country")
NEEDED = {
    "line": _("Indiquez le numéro et la voie."),
    "postcode": _("Indiquez le code postal."),
    "city": _("Indiquez la ville."),
}
NAMES = {
    CustomerKind.ORGANISATION: ("name", _("Indiquez la raison sociale.")),
    CustomerKind.INDIVIDUAL: ("last_name", _("Indiquez le nom de famille.")),
}


class CustomerFilter(forms.Form):
    """`?q=&kind=&state=`: what is not understood is left out, never an error."""

    q = forms.CharField(required=False, max_length=100)
    kind = forms.ChoiceField(required=False, choices=CustomerKind.choices)
    state = forms.ChoiceField(required=False, choices=STATES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_valid()

    def value(self, name: str) -> str:
        return self.cleaned_data.get(name) or ""

    def narrow(self, customers: CustomerQuerySet) -> CustomerQuerySet:
        found = customers.exclude(archived_at=None) if self.value("state") else customers.active()
        if self.value("kind"):
            found = found.filter(kind=self.value("kind"))
        return found.matching(self.value("q")) if self.value("q") else found

    def controls(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`."""
        labels = {"kind": _("Type"), "state": _("État")}
        return [
            {
                "name": name,
                "label": label,
                "kind": "select",
                "choices": self.fields[name].choices,  # type: ignore[attr-defined]  # both are choice fields
                "value": self.value(name),
            }
            for name, label in labels.items()
        ]


class CountryField(TextField):
    """Two letters, in any case, of a country that exists."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2, help_text=_("Code à deux lettres : FR, BE, DE…"), **kwargs)
        self.widget.attrs["class"] = "input-short"

    def clean(self, value: Any) -> str:
        code = str(super().clean(value)).upper()
        if code and code not in CODES:
            raise ValidationError(_("Ce pays n’existe pas. Écrivez son code à deux lettres, par exemple FR."))
        return code


def motives() -> list[tuple[Any, Any]]:
    """The official list; the sentences are French law, as they are printed."""
    usual, others = (
        [(motive.code, motive.sentence) for motive in motives] for motives in exemptions.customer_motives()
    )
    return [("", _("Le motif habituel")), (_("Courants"), usual), (_("Autres"), others)]


class CustomerForm(RecordForm):
    """An organisation or an individual with its billing address and, when goods go elsewhere, a delivery address."""

    kind = forms.ChoiceField(
        label=_("Type de client"),
        choices=CustomerKind.choices,
        initial=CustomerKind.ORGANISATION,
        widget=forms.RadioSelect,
    )
    name = TextField(label=_("Raison sociale"), max_length=200)
    siret = TextField(
        label="SIRET", max_length=30, required=False, help_text=_("Le SIREN et l’adresse électronique s’en déduisent.")
    )
    siren = TextField(label="SIREN", max_length=20, required=False)
    vat_number = TextField(label=_("N° de TVA intracommunautaire"), max_length=30, required=False)
    electronic_address = TextField(
        label=_("Adresse de facturation électronique"),
        max_length=125,
        required=False,
        help_text=_("Celle de l’annuaire de la réforme ; le SIREN si rien n’est dit."),
    )
    is_public_body = forms.BooleanField(label=_("Entité publique (Chorus Pro)"), required=False)
    service_code = TextField(label=_("Code service"), max_length=100, required=False)
    requires_service_code = forms.BooleanField(label=_("Le code service est exigé"), required=False)
    requires_commitment = forms.BooleanField(label=_("Le numéro d’engagement est exigé"), required=False)
    first_name = TextField(label=_("Prénom"), max_length=100, required=False)
    last_name = TextField(label=_("Nom de famille"), max_length=99)
    email = forms.EmailField(label=_("Adresse e-mail"), required=False)
    phone = TextField(label=_("Téléphone"), max_length=30, required=False)
    exemption_code = forms.ChoiceField(
        label=_("Motif d’exonération de TVA"),
        required=False,
        choices=motives,
        help_text=_("De ses lignes exonérées, si ni la ligne ni l’article n’en dit un autre."),
    )
    group = TextField(
        label=_("Groupe de clients"),
        max_length=40,
        required=False,
        help_text=_("Par exemple « Grands comptes » : ses ventes peuvent aller sur un compte à elles."),
    )
    terms: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Conditions de règlement"), queryset=None, empty_label=None
    )
    reminders_paused_until = FrenchDateField(label=_("Relances suspendues jusqu’au"), required=False)
    notes = TextField(
        label=_("Notes internes"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Jamais imprimées ni transmises."),
    )
    billing_line = TextField(label=_("Numéro et voie"), max_length=200)
    billing_extra = TextField(label=_("Complément"), max_length=200, required=False)
    billing_postcode = TextField(label=_("Code postal"), max_length=12)
    billing_city = TextField(label=_("Ville"), max_length=100)
    billing_country = CountryField(label=_("Pays"), initial="FR")
    delivery_line = TextField(label=_("Numéro et voie"), max_length=200, required=False)
    delivery_extra = TextField(label=_("Complément"), max_length=200, required=False)
    delivery_postcode = TextField(label=_("Code postal"), max_length=12, required=False)
    delivery_city = TextField(label=_("Ville"), max_length=100, required=False)
    delivery_country = CountryField(label=_("Pays"), required=False)

    IDENTITY = (
        "kind", "name", "siret", "siren", "vat_number", "electronic_address", "is_public_body", "service_code",
        "requires_service_code", "requires_commitment", "exemption_code", "first_name", "last_name", "email", "phone",
        "group", "terms", "reminders_paused_until", "notes",
    )  # fmt: skip
    # of a company of that law alone: Chorus Pro, and the motives of the CGI
    OF_LAW = {
        "FR": (
            "is_public_body", "service_code", "requires_service_code", "requires_commitment", "exemption_code",
        ),
    }  # fmt: skip

    def __init__(
        self, *args: Any, company: Company, customer: Customer | None = None, name: str = "", **kwargs: Any
    ) -> None:
        kwargs["initial"] = _initial(customer) if customer else {"name": name, "billing_country": company.country}
        super().__init__(*args, **kwargs)
        for law, names in self.OF_LAW.items():
            for field in names if law != company.law else ():
                del self.fields[field]
        self.fields["terms"].queryset = PaymentTerms.objects.order_by("days", "end_of_month", "id")  # type: ignore[attr-defined]  # a model choice field
        if customer is None:
            self.fields["terms"].initial = PaymentTerms.objects.filter(
                days=30, end_of_month=False, month_first=False
            ).first()
        for kind, (field, sentence) in NAMES.items():
            # the page shows the fields of the chosen kind alone
            self.fields[field].required = not self.is_bound or self.data.get("kind") == kind
            self.fields[field].error_messages["required"] = sentence
        for field, sentence in NEEDED.items():
            self.fields[f"billing_{field}"].error_messages["required"] = sentence

    def clean(self) -> dict[str, Any]:
        """The identity is checked with the rest, so that all errors are said together."""
        typed = dict(super().clean() or {})
        if typed.get("kind"):
            try:
                clean_identity({name: typed.get(name, "") for name in self.IDENTITY})
            except Invalid as error:
                for field, sentence in error.fields.items():
                    if field not in self.errors:
                        self.add_error(field, translated(sentence))
        if any(typed.get(f"delivery_{field}") for field in ADDRESS if field != "country"):
            for field, missing in NEEDED.items():
                if not typed.get(f"delivery_{field}"):
                    self.add_error(f"delivery_{field}", missing)
        return typed

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.IDENTITY if name in self.cleaned_data}

    def address(self) -> dict[str, str]:
        return self._address("billing")

    def delivery(self) -> dict[str, str]:
        """Empty when goods go to the billing address."""
        typed = self._address("delivery")
        return {**typed, "country": typed["country"] or "FR"} if typed["line"] else {}

    @property
    def has_delivery(self) -> bool:
        """Whether the delivery address is unfolded: something is known or wrong there."""
        return any(self[f"delivery_{field}"].value() for field in ADDRESS if field != "country") or any(
            name.startswith("delivery_") for name in self.errors
        )

    def _address(self, usage: str) -> dict[str, str]:
        return {field: self.cleaned_data[f"{usage}_{field}"] for field in ADDRESS}


def _initial(customer: Customer) -> dict[str, Any]:
    initial = {name: getattr(customer, name) for name in CustomerForm.IDENTITY}
    for row in Address.objects.filter(customer=customer).order_by("-id"):
        usage = "billing" if row.kind == AddressKind.BILLING else "delivery"
        initial |= {f"{usage}_{field}": getattr(row, field) for field in ADDRESS}
    return initial


class ContactForm(forms.ModelForm, RecordForm):
    class Meta:
        model = Contact
        fields = ["name", "position", "email", "phone", "gets_invoices", "gets_reminders"]
        field_classes = dict.fromkeys(("name", "position", "phone"), TextField)

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        wants = typed.get("gets_invoices") or typed.get("gets_reminders")
        if wants and not typed.get("email") and "email" not in self.errors:
            self.add_error("email", _(ADDRESS_WANTED))
        return typed
