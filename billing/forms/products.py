"""What people type about products: the filter of the list, the product, a movement of its stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.forms.lines import offer_units
from billing.forms.vat import VatField, read_vat, written_vat
from billing.models import MovementReason, Product, Unit
from billing.services.products import STOCK_LEFT
from config.kernel.editing import RecordForm
from config.kernel.folding import holds
from config.kernel.forms import FrenchDecimalField, TextField
from config.kernel.models import Company

NATURES = [("goods", _("Biens")), ("service", _("Prestations"))]
STATES = [("archived", _("Archivés"))]
BY_HAND = [
    (MovementReason.RECEIPT, _("Entrée : des articles arrivent")),
    (MovementReason.RETURN, _("Retour : un client renvoie des articles")),
    (MovementReason.COUNT, _("Inventaire : la quantité comptée remplace le stock")),
]


class ProductFilter(forms.Form):
    """`?q=&nature=&state=`: what is not understood is left out, never an error."""

    q = forms.CharField(required=False, max_length=100)
    nature = forms.ChoiceField(required=False, choices=NATURES)
    state = forms.ChoiceField(required=False, choices=STATES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_valid()

    def value(self, name: str) -> str:
        return self.cleaned_data.get(name) or ""

    def narrow(self, products: QuerySet[Product]) -> QuerySet[Product]:
        found = products.filter(archived_at__isnull=not self.value("state"))
        if self.value("nature"):
            found = found.filter(is_service=self.value("nature") == "service")
        text = self.value("q")
        return found.filter(holds(text, "name", "reference")) if text else found

    def controls(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`."""
        return [
            {
                "name": "nature",
                "label": _("Nature"),
                "kind": "select",
                "choices": NATURES,
                "value": self.value("nature"),
            },
            {
                "name": "state",
                "label": _("État"),
                "kind": "select",
                "choices": STATES,
                "value": self.value("state"),
            },
        ]


class ProductForm(RecordForm):
    name = TextField(label=_("Désignation"), max_length=200)
    reference = TextField(label=_("Référence"), max_length=40)
    description = TextField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    unit_price = FrenchDecimalField(label=_("Prix unitaire HT"), max_digits=16, decimal_places=6, min_value=0, shown=2)
    unit = forms.ChoiceField(label=_("Unité"), choices=Unit.choices, initial=Unit.PIECE)
    vat = VatField()
    is_service = forms.BooleanField(label=_("Prestation de service"), required=False)
    tracks_stock = forms.BooleanField(
        label=_("Suivre le stock"),
        required=False,
        help_text=_("Les expéditions le diminuent. Sans objet pour un service."),
    )

    STORED = ("reference", "name", "description", "unit_price", "unit", "is_service", "tracks_stock")

    def __init__(
        self, *args: Any, company: Company, product: Product | None = None, name: str = "", **kwargs: Any
    ) -> None:
        initial: dict[str, Any] = {"name": name}
        if product:
            initial = {field: getattr(product, field) for field in self.STORED}
            initial["vat"] = written_vat(product.vat_category, product.vat_rate, product.exemption_code)
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        cast(VatField, self.fields["vat"]).of_company(company)
        self.fields["unit"].initial = company.usual_unit
        offer_units(self.fields["unit"], company, product.unit if product else "")
        self.holds_stock = bool(product and product.on_hand)

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        if self.holds_stock and (typed.get("is_service") or not typed.get("tracks_stock")):
            self.add_error("tracks_stock", _(STOCK_LEFT))
        return typed

    def values(self) -> dict[str, Any]:
        category, rate, code = read_vat(self.cleaned_data["vat"])
        stored = {name: self.cleaned_data[name] for name in self.STORED}
        return {**stored, "vat_category": category, "vat_rate": rate, "exemption_code": code}


class StockForm(forms.Form):
    """An entry, a return, or a count. What leaves is shipped with its order."""

    reason = forms.ChoiceField(
        label=_("Mouvement"), choices=BY_HAND, initial=MovementReason.RECEIPT, widget=forms.RadioSelect
    )
    quantity = FrenchDecimalField(label=_("Quantité"), max_digits=14, decimal_places=4, min_value=0)
    note = TextField(label=_("Note"), max_length=200, required=False)

    def clean_quantity(self) -> Decimal:
        quantity: Decimal = self.cleaned_data["quantity"]
        if not quantity and self.cleaned_data.get("reason") != MovementReason.COUNT:
            raise ValidationError(_("La quantité ne peut pas être nulle."))
        return quantity
