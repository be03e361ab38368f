"""What people type about direct debits: a mandate, the file to make, the reason of a return, the settings."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.kernel.errors import Invalid
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from config.kernel.identifiers import creditor_identifier
from payments.debits.reasons import REASONS
from payments.models import DirectDebit, Scheme

LANGUAGES = [("fr", _("Français")), ("en", _("Anglais"))]


class MandateForm(forms.Form):
    debtor_name = TextField(label=_("Titulaire du compte"), max_length=70)
    iban = forms.CharField(label="IBAN", max_length=60)
    bic = forms.CharField(label="BIC", max_length=20, required=False)
    scheme = forms.ChoiceField(label=_("Type"), choices=Scheme.choices)
    is_one_off = forms.BooleanField(label=_("Pour un seul prélèvement"), required=False)
    reference = forms.CharField(
        label=_("Référence unique du mandat (RUM)"),
        max_length=35,
        required=False,
        help_text=_("Laissez vide pour une référence nouvelle ; reprenez celle d’un mandat déjà signé."),
    )
    notice_days = forms.IntegerField(
        label=_("Préavis convenu (jours)"), required=False, min_value=1, max_value=60,
        help_text=_("Vide : celui de la société."),
    )  # fmt: skip
    language = forms.ChoiceField(label=_("Langue de l’avis"), choices=LANGUAGES)
    signed_on = FrenchDateField(
        label=_("Signé le"), required=False, help_text=_("Vide : le mandat est à imprimer et à faire signer.")
    )


class SignedForm(forms.Form):
    signed_on = FrenchDateField(label=_("Signé le"))


class ReturnForm(forms.Form):
    code = forms.ChoiceField(label=_("Motif donné par la banque"))
    returned_on = FrenchDateField(label=_("Date du retour"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(code, f"{code} – {_(reason.sentence)}") for code, reason in REASONS.items()]
        fields: dict[str, Any] = self.fields
        fields["code"].choices = choices


class ChosenForm(forms.Form):
    """Rows that are ticked."""

    chosen = forms.MultipleChoiceField(error_messages={"required": _("Cochez au moins une ligne.")})

    def __init__(self, *args: Any, keys: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["chosen"].choices = [(str(key), str(key)) for key in keys]

    def keys(self) -> set[int]:
        return {int(key) for key in self.cleaned_data["chosen"]}


class OrderForm(ChosenForm):
    bank_account: Any = forms.ModelChoiceField(label=_("Compte à créditer"), queryset=None, empty_label=None)

    def __init__(self, *args: Any, debits: Sequence[DirectDebit], accounts: Any, **kwargs: Any) -> None:
        super().__init__(*args, keys=[debit.pk for debit in debits], **kwargs)
        fields: dict[str, Any] = self.fields
        fields["bank_account"].queryset = accounts


class CollectionSettingsForm(forms.Form):
    creditor_identifier = forms.CharField(
        label=_("Identifiant créancier SEPA (ICS)"),
        max_length=60,
        required=False,
        help_text=_("Votre banque le demande pour vous à la Banque de France."),
    )
    notice_days = forms.IntegerField(label=_("Préavis de prélèvement (jours)"), min_value=1, max_value=60)
    first_is_recurrent = forms.BooleanField(label=_("Présenter le premier prélèvement comme récurrent"), required=False)
    cash_limit = FrenchDecimalField(
        label=_("Plafond d’un paiement en espèces"), min_value=Decimal("0"), max_digits=16, decimal_places=2, shown=2
    )
    cash_limit_abroad = FrenchDecimalField(
        label=_("Plafond pour un particulier non résident"),
        min_value=Decimal("0"), max_digits=16, decimal_places=2, shown=2,
    )  # fmt: skip

    def clean_creditor_identifier(self) -> str:
        typed: str = self.cleaned_data["creditor_identifier"]
        if not typed.strip():
            return ""
        try:
            return creditor_identifier.validate(typed)
        except Invalid as error:
            raise forms.ValidationError(_(error.sentence)) from error
