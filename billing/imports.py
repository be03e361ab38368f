"""Products from other software: what its columns are called, and how a row is understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as n

from billing.forms.vat import read_vat
from billing.models import Product, Unit
from billing.pasting import UNITS, fold
from billing.services.products import STOCK_LEFT, add_products, save_product
from billing.vat_rates import EVERY_RATE
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.forms import FrenchDecimalField, TextField
from config.kernel.importing.guessing import plain_head
from config.kernel.importing.kinds import ImportColumn, ImportKind, Sign, declare_kind
from config.kernel.models import Company

SERVICES = frozenset(("service", "services", "prestation", "prestations", "prestation de service", "oui", "yes"))
GOODS = frozenset(
    ("", "bien", "biens", "produit", "produits", "marchandise", "goods", "product", "article", "non", "no")
)
CODES = {str(code): str(code) for code in Unit.values}


class UnitField(TextField):
    """A unit by its name, a usual short form, or its UN/ECE code."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        code = CODES.get(text.upper()) or UNITS.get(fold(text), "")
        if text and not code:
            raise ValidationError(
                _("Cette unité n’est pas connue. Écrivez par exemple : unité, heure, jour, kg, forfait.")
            )
        return str(code)


class RateField(FrenchDecimalField):
    """A rate of VAT in percent, as a legal one; 0,2 is what a workbook keeps of 20 %."""

    def clean(self, value: Any) -> Decimal | None:
        rate: Any = super().clean(str(value).replace("TVA", ""))
        if rate is None:
            return None
        found = rate * 100 if rate * 100 in EVERY_RATE and rate not in EVERY_RATE else rate
        if found not in EVERY_RATE:
            raise ValidationError(_("Ce taux de TVA n’est pas en vigueur en France."))
        return Decimal(found)


class NatureField(TextField):
    def clean(self, value: Any) -> bool | None:
        word = plain_head(str(super().clean(value)))
        if word not in SERVICES | GOODS:
            raise ValidationError(_("Écrivez « bien » ou « prestation »."))
        return word in SERVICES if word else None


COLUMNS = (
    ImportColumn(
        name="reference", label=_("Référence"), field=TextField(required=False, max_length=40),
        heads=("ref", "code", "code article", "code produit", "reference article", "sku", "product key", "item", "id"),
    ),
    ImportColumn(
        name="name", label=_("Désignation"), field=TextField(required=False, max_length=200),
        heads=("nom", "libelle", "intitule", "article", "produit", "name", "product", "product name", "title", "titre"),
    ),
    ImportColumn(
        name="description", label=_("Description"),
        field=TextField(required=False, max_length=5_000, widget=forms.Textarea),
        heads=("detail", "details", "commentaire", "notes"),
    ),
    ImportColumn(
        name="unit_price", label=_("Prix unitaire HT"),
        field=FrenchDecimalField(required=False, max_digits=16, decimal_places=6, min_value=0, sums=False),
        heads=("prix", "prix ht", "pu", "pu ht", "p u ht", "tarif", "tarif ht", "prix de vente", "prix de vente ht",
               "price", "unit price", "prix unitaire", "montant ht"),
    ),
    ImportColumn(
        name="unit", label=_("Unité"), field=UnitField(required=False, max_length=30), heads=("unite de vente", "unit"),
        holds=lambda text: fold(text) in UNITS,
    ),
    ImportColumn(
        name="vat", label=_("TVA"), field=RateField(required=False, max_digits=7, decimal_places=4, sums=False),
        heads=("taux", "taux tva", "taux de tva", "tva pct", "vat", "vat rate", "tax rate", "tax rate1"),
        holds=lambda text: text.endswith("%"),
    ),
    ImportColumn(
        name="is_service", label=_("Nature"), field=NatureField(required=False, max_length=40),
        heads=("type", "type d article", "prestation", "service", "categorie"),
        holds=lambda text: plain_head(text) in (SERVICES | GOODS) - {"", "oui", "non", "yes", "no"},
    ),
)  # fmt: skip


def _understand(values: dict[str, Any], _facts: Any) -> dict[str, Any]:
    """`given`: the columns that the row says something of. Raises Invalid."""
    missing = {
        name: sentence
        for name, sentence in (
            ("name", n("Indiquez la désignation.")),
            ("unit_price", n("Indiquez le prix unitaire hors taxes.")),
        )
        if values[name] in ("", None)
    }
    if missing:
        raise Invalid(fields=missing)
    given = {name for name, value in values.items() if value not in ("", None)}
    vat = Decimal(20) if values["vat"] is None else values["vat"]
    # without a rate: exempt, for the usual motive
    category, rate, code = read_vat(f"S:{vat}" if vat else "E:0")
    stored = {name: value for name, value in values.items() if name != "vat"}
    stored["reference"] = values["reference"] or plain_head(values["name"]).upper().replace(" ", "-")[:40]
    stored |= {"unit": values["unit"] or str(Unit.PIECE), "is_service": bool(values["is_service"])}
    given |= {"vat_category", "vat_rate", "exemption_code"} if "vat" in given else set()
    return {**stored, "vat_category": category, "vat_rate": rate, "exemption_code": code, "given": given}


def _signs(values: Mapping[str, Any]) -> list[Sign]:
    signs = (("reference", values["reference"]), ("name", plain_head(values["name"])))
    return [sign for sign in signs if sign[1]]


def _known(company: Company) -> dict[Sign, tuple[int, str]]:
    found: dict[Sign, tuple[int, str]] = {}
    rows = Product.everywhere.filter(company=company).order_by("-created_at", "-pk")
    for row in rows.values("pk", "reference", "name").iterator():
        found |= dict.fromkeys(_signs(row), (row["pk"], row["name"]))
    return found


def _create(company: Company, rows: Sequence[dict[str, Any]], actor: Actor, at: datetime) -> list[Product]:
    stored = [{name: value for name, value in values.items() if name != "given"} for values in rows]
    return add_products(company=company, rows=stored, actor=actor, at=at)


def _update(pk: int, values: dict[str, Any], actor: Actor, at: datetime) -> Product:
    """What the list does not say stays. Raises Invalid, ReferenceTaken."""
    product = Product.objects.get(pk=pk)
    said = {name: value for name, value in values.items() if name in values["given"]}
    if said.get("is_service") and product.on_hand:
        raise Invalid(fields={"is_service": STOCK_LEFT})
    return save_product(product=product, company_id=product.company_id, values=said, actor=actor, at=at)


declare_kind(
    ImportKind(
        name="products",
        label=_("Produits"),
        icon="box",
        needs="products.edit",
        page="billing:product-list",
        columns=COLUMNS,
        wanted=(("name",), ("unit_price",)),
        facts=lambda _company: None,
        understand=_understand,
        named=lambda values: str(values.get("name") or ""),
        signs=_signs,
        borne=_signs,
        sign_labels={"reference": _("Référence"), "name": _("Désignation")},
        exact=frozenset({"reference"}),
        known=_known,
        create=_create,
        update=_update,
        help=_("Un tableau : une désignation et un prix hors taxes suffisent."),
    )
)
