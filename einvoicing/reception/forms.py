"""What a person says of a document that was read, as the page of its picture asks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from config.kernel.identifiers import iban as iban_number
from config.kernel.identifiers import siren as siren_number
from einvoicing.reception.reading.amounts import KNOWN_RATES, binds
from einvoicing.reception.reading.result import CREDIT_NOTE, INVOICE, Reading, VatRow

RATES = 4  # rows of VAT that the form offers
ADDRESS = ("line", "postcode", "city")
IDENTITY = ("supplier_name", "supplier_siren", "supplier_vat")
PLAIN = ("number", "date", "due_date", "net", "vat", "gross", "iban", "order_reference")


def _amount(label: Any, *, required: bool = True, places: int = 2) -> FrenchDecimalField:
    return FrenchDecimalField(
        label=label, required=required, max_digits=16, decimal_places=places, min_value=Decimal(0), shown=2
    )


class PaperForm(forms.Form):
    """The fields of a reading under their own names, and the supplier that bills them."""

    supplier = forms.ChoiceField(
        label=gettext_lazy("Fournisseur"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez le fournisseur, ou créez-le.")},
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Nature"),
        choices=[(INVOICE, gettext_lazy("Facture")), (CREDIT_NOTE, gettext_lazy("Avoir"))],
    )
    number = TextField(label=gettext_lazy("Numéro"), max_length=60)
    date = FrenchDateField(label=gettext_lazy("Date de facture"))
    due_date = FrenchDateField(label=gettext_lazy("Échéance"), required=False)
    net = _amount(gettext_lazy("Total HT"))
    vat = _amount(gettext_lazy("TVA"))
    gross = _amount(gettext_lazy("Total TTC"))
    currency = TextField(label=gettext_lazy("Devise"), max_length=3, min_length=3)
    iban = TextField(label=gettext_lazy("IBAN à payer"), max_length=42, required=False)
    order_reference = TextField(label=gettext_lazy("N° de commande"), max_length=60, required=False)
    supplier_name = TextField(label=gettext_lazy("Nom"), max_length=200, required=False)
    supplier_siren = TextField(label="SIREN", max_length=14, required=False)
    supplier_vat = TextField(label=gettext_lazy("N° de TVA"), max_length=20, required=False)
    line = TextField(label=gettext_lazy("Adresse"), max_length=200, required=False)
    postcode = TextField(label=gettext_lazy("Code postal"), max_length=12, required=False)
    city = TextField(label=gettext_lazy("Ville"), max_length=100, required=False)
    find = TextField(label=gettext_lazy("Chercher un fournisseur"), max_length=100, required=False)

    def __init__(self, *args: Any, suppliers: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supplier"].choices = list(suppliers)  # type: ignore[attr-defined]
        for place in range(RATES):
            for name, label, places in (("rate", _("Taux %"), 3), ("base", _("Base HT"), 2), ("tax", _("TVA"), 2)):
                field = _amount(label, required=False, places=places)
                field.widget.attrs["aria-label"] = label
                self.fields[f"{name}_{place}"] = field

    def clean_iban(self) -> str:
        typed = self.cleaned_data["iban"]
        return str(iban_number.compact(typed)) if typed else ""

    def clean_supplier_siren(self) -> str:
        typed = str(siren_number.compact(self.cleaned_data["supplier_siren"]))
        return typed[:9]

    def clean_supplier_vat(self) -> str:
        return "".join(self.cleaned_data["supplier_vat"].split()).upper()

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        net, vat, gross = (data.get(name) for name in ("net", "vat", "gross"))
        if net is not None and vat is not None and gross is not None and net + vat != gross:
            self.add_error("gross", _("Le HT et la TVA n’ont pas le TTC pour somme."))
        if net is not None and vat and not list(self._rows()) and not _implied(net, vat):
            self.add_error("rate_0", _("Indiquez la TVA de chaque taux : aucun taux seul ne donne ce total."))
        return data

    def values(self) -> dict[str, Any]:
        """The fields of a reading that could be understood, None for what is left empty."""
        data = self.cleaned_data
        names = (*PLAIN, "kind", "currency", *IDENTITY)
        values = {name: data[name] if data[name] != "" else None for name in names if name in data}
        values["vat_rows"] = tuple(self._rows())
        return values

    def _rows(self) -> Iterator[VatRow]:
        for place in range(RATES):
            rate, base, tax = (self.cleaned_data.get(f"{name}_{place}") for name in ("rate", "base", "tax"))
            if base is not None or tax is not None:
                yield VatRow(rate or Decimal(0), base or Decimal(0), tax or Decimal(0))

    def rate_rows(self) -> list[list[forms.BoundField]]:
        """The rows of VAT that hold something, and an empty one."""
        rows = [[self[f"{name}_{place}"] for name in ("rate", "base", "tax")] for place in range(RATES)]
        filled = [row for row in rows if any(field.value() not in (None, "") for field in row)]
        return [*filled, *rows[len(filled) : len(filled) + 1]]


def _implied(net: Decimal, vat: Decimal) -> bool:
    """Whether one rate alone makes that tax of that net."""
    return any(binds(rate, net, vat) for rate in KNOWN_RATES)


def written(value: Any) -> str:
    """A value as one types it.

    >>> written(Decimal("1234.50")), written(date(2026, 11, 20)), written(None)
    ('1234,50', '20/11/2026', '')
    """
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    return "" if value is None else str(value)


def initial_of(reading: Reading) -> dict[str, str]:
    """What was read, as the form shows it."""
    initial = {name: written(reading.value(name)) for name in (*PLAIN, "kind", "currency", *IDENTITY)}
    for place, row in enumerate((reading.value("vat_rows") or ())[:RATES]):
        rate = f"{row.rate.normalize():f}".replace(".", ",")
        initial |= {f"rate_{place}": rate, f"base_{place}": written(row.base), f"tax_{place}": written(row.amount)}
    return {"currency": "EUR", "kind": INVOICE, **{name: value for name, value in initial.items() if value}}


def shown_again(data: Mapping[str, str]) -> dict[str, str]:
    """What was typed so far, as it was typed."""
    return {name: data[name] for name in data}
