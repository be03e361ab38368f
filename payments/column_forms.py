"""What people choose of a statement's file: the columns of a table, and the account that it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.kernel.forms import TextField
from payments.statements import Mapping
from payments.statements.payout_report import NEEDED
from payments.statements.payout_report import Columns as PayoutColumns

# the columns that a person may choose, as they are called
ROLES: dict[str, Any] = {
    "date": _("Date d’opération"),
    "value_date": _("Date de valeur"),
    "amount": _("Montant, signé"),
    "debit": _("Débit"),
    "credit": _("Crédit"),
    "direction": _("Sens (débit ou crédit)"),
    "fee": _("Frais"),
    "balance": _("Solde"),
    "currency": _("Devise"),
    "status": _("État (en attente, comptabilisé)"),
    "account": _("Compte"),
    "counterparty": _("Contrepartie"),
    "iban": _("IBAN de la contrepartie"),
    "reference": _("Référence"),
    "end_to_end_id": _("Référence de bout en bout"),
    "bank_reference": _("Référence de la banque"),
}
DAYS = [
    ("dmy", _("jour, mois, année")),
    ("mdy", _("mois, jour, année")),
    ("ymd", _("année, mois, jour")),
]
DECIMALS = [(",", _("virgule")), (".", _("point"))]


# of a report of a payment service
PAYOUT_ROLES: dict[str, Any] = {
    "gross": _("Montant brut"),
    "fee": _("Frais"),
    "net": _("Montant net"),
    "payout": _("Identifiant du versement"),
    "arrives_on": _("Date du versement"),
    "category": _("Type de transaction"),
    "currency": _("Devise"),
}


class AccountForm(forms.Form):
    """An account to add from a file."""

    name = TextField(label=_("Intitulé"), max_length=100)
    iban = TextField(label="IBAN", max_length=42)
    ledger_account = TextField(label=_("Compte comptable"), max_length=14)


class ColumnsForm(forms.Form):
    """One chooser a role, its options the columns of the file."""

    labels = forms.MultipleChoiceField(label=_("Libellé"), required=False)
    date_format = forms.ChoiceField(label=_("Ordre des dates"), choices=DAYS)
    decimal = forms.ChoiceField(label=_("Séparateur décimal"), choices=DECIMALS)
    is_inverted = forms.BooleanField(label=_("Les dépenses sont écrites sans signe"), required=False)
    default_currency = TextField(label=_("Devise, si aucune colonne ne la donne"), min_length=3, max_length=3)

    def __init__(self, data: Any, *, mapping: Mapping, cells: Sequence[Sequence[str]]) -> None:
        self.found, self.width = mapping, max(map(len, cells), default=0)
        names = ("date_format", "decimal", "is_inverted", "default_currency")
        initial: dict[str, Any] = {name: getattr(mapping, name) for name in names}
        super().__init__(data, initial={**initial, "labels": [str(column) for column in mapping.labels]})
        columns = [(str(place), self._name(place, cells)) for place in range(self.width)]
        self.fields["labels"].choices = columns  # type: ignore[attr-defined]
        for role, label in ROLES.items():
            none = [] if role == "date" else [("", gettext("Aucune colonne"))]
            column = getattr(mapping, role)
            self.fields[role] = forms.ChoiceField(
                label=label,
                required=role == "date",
                choices=[*none, *columns],
                initial="" if column is None else str(column),
            )
        self.order_fields([*ROLES, "labels", *names])

    def _name(self, place: int, cells: Sequence[Sequence[str]]) -> str:
        if place < len(self.found.header) and self.found.header[place].strip():
            return self.found.header[place][:60]
        sample = next((row[place] for row in cells if place < len(row) and row[place].strip()), "")
        return gettext("Colonne %(number)s (%(sample)s)") % {"number": place + 1, "sample": sample[:30]}

    def mapping(self) -> Mapping:
        """What was chosen. Raises InvalidMapping."""
        typed = self.cleaned_data
        columns: dict[str, Any] = {role: int(typed[role]) if typed[role] else None for role in ROLES}
        others = {name: typed[name] for name in ("date_format", "decimal", "is_inverted")}
        labels = tuple(int(column) for column in typed["labels"])
        currency = typed["default_currency"].upper()
        return replace(self.found, **columns, **others, labels=labels, default_currency=currency)


class PayoutColumnsForm(forms.Form):
    """One chooser a role of a report of a payment service; several columns may name what was paid."""

    references = forms.MultipleChoiceField(label=_("Références des transactions"), required=False)
    texts = forms.MultipleChoiceField(label=_("Libellé"), required=False)
    date_format = forms.ChoiceField(label=_("Ordre des dates"), choices=DAYS)
    decimal = forms.ChoiceField(label=_("Séparateur décimal"), choices=DECIMALS)

    def __init__(self, data: Any, *, columns: PayoutColumns) -> None:
        self.found = columns
        several = {name: [str(place) for place in getattr(columns, name)] for name in ("references", "texts")}
        super().__init__(data, initial={**several, "date_format": columns.date_format, "decimal": columns.decimal})
        names = [(str(place), name.capitalize() or str(place + 1)) for place, name in enumerate(columns.header)]
        for name in several:
            self.fields[name].choices = names  # type: ignore[attr-defined]  # a ChoiceField, as declared above
        for role, label in PAYOUT_ROLES.items():
            is_needed, column = role in NEEDED, getattr(columns, role)
            none = [] if is_needed else [("", gettext("Aucune colonne"))]
            initial = "" if column is None else str(column)
            self.fields[role] = forms.ChoiceField(
                label=label, required=is_needed, choices=[*none, *names], initial=initial
            )
        self.order_fields([*PAYOUT_ROLES, "references", "texts", "date_format", "decimal"])

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if not self.errors and not (typed.get("payout") or typed.get("arrives_on")):
            self.add_error("payout", gettext("Dites d’où se lit le versement : son identifiant, ou sa date."))
        return typed

    def columns(self) -> PayoutColumns:
        typed = self.cleaned_data
        roles: dict[str, Any] = {role: int(typed[role]) if typed[role] else None for role in PAYOUT_ROLES}
        several: dict[str, Any] = {name: tuple(map(int, typed[name])) for name in ("references", "texts")}
        ways: dict[str, Any] = {name: typed[name] for name in ("date_format", "decimal")}
        return replace(self.found, **roles, **several, **ways)
