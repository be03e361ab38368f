"""The line sheet that drafts of orders and invoices share: rows as typed become LineInputs, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms.vat import VatField, read_vat, written_vat
from billing.models import Product, Unit
from billing.models.lines import DocumentLine
from billing.pasting import REFERENCE, PastedRow
from billing.services.lines import MOST_LINES, LineInput
from billing.vat_rates import EVERY_RATE
from config.kernel import typography
from config.kernel.form_errors import filled_forms
from config.kernel.forms import FrenchDecimalField, TextField
from config.kernel.models import Company

PREFIX = "lines"
COLUMNS = (
    "product_id",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "discount_percent",
    "is_service",
)


class LineForm(forms.Form):
    """One row. The visible fields are the columns, in this order; `product_id` remembers what was picked."""

    product_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    description = TextField(
        label=_("Désignation"), max_length=500, error_messages={"required": _("Indiquez ce qui est vendu.")}
    )
    quantity = FrenchDecimalField(label=_("Quantité"), max_digits=14, decimal_places=4, initial=Decimal(1))
    unit = forms.ChoiceField(label=_("Unité"), choices=Unit.choices, initial=Unit.PIECE)
    unit_price = FrenchDecimalField(label=_("Prix unitaire HT"), max_digits=16, decimal_places=6, min_value=0, shown=2)
    discount_percent = FrenchDecimalField(
        label=_("Remise %"), max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False
    )
    vat = VatField()
    is_service = forms.BooleanField(label=_("Service"), required=False)

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(VatField, self.fields["vat"]).of_company(company)
        self.fields["unit"].initial = company.usual_unit
        offer_units(self.fields["unit"], company, self.initial.get("unit", ""))

    def clean_product_id(self) -> int | None:
        """The product in scope, or none: another company's is no product of ours."""
        pk = self.cleaned_data["product_id"]
        return pk if pk and Product.objects.filter(pk=pk).exists() else None

    def line(self) -> LineInput:
        values: dict[str, Any] = {name: self.cleaned_data[name] for name in COLUMNS}
        values["discount_percent"] = values["discount_percent"] or Decimal(0)
        category, rate, code = read_vat(self.cleaned_data["vat"])
        return LineInput(**values, vat_category=category, vat_rate=rate, exemption_code=code)


_FormSet: Any = forms.formset_factory(
    LineForm, extra=1, can_delete=True, max_num=MOST_LINES, validate_max=True, absolute_max=MOST_LINES + 1
)


def offer_units(field: Any, company: Company, stored: str) -> None:
    """The units that the company chose, and the one that is stored; all of them where it chose none."""
    if company.units:
        offered = {*company.units, company.usual_unit, stored}
        field.widget.choices = [(code, label) for code, label in Unit.choices if code in offered]


def line_formset(
    data: Mapping[str, Any] | None = None, *, company: Company, rows: Sequence[DocumentLine | LineInput] = ()
) -> Any:
    """The sheet of a form sent, or of the lines stored; one empty row is ready, as the company begins its lines."""
    formset = _FormSet(data, prefix=PREFIX, initial=[_initial(row) for row in rows], form_kwargs={"company": company})
    for form, row in zip(formset.forms, rows, strict=False):
        form.instance = row  # the sheet shows its net amount until something is typed
    return formset


def _initial(row: DocumentLine | LineInput) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    values["discount_percent"] = row.discount_percent or None
    return {**values, "vat": written_vat(row.vat_category, row.vat_rate, row.exemption_code)}


def lines_of(formset: Any) -> list[LineInput]:
    """The rows of a valid sheet that count, in their order."""
    return [cast(LineForm, form).line() for form in filled_forms(formset)]


def written(line: LineInput) -> dict[str, str | bool]:
    """The line as its row's inputs hold it: what a picked product fills in."""
    values = _initial(line)
    fields = LineForm.base_fields
    return {
        name: values[name] if name == "is_service" else str(fields[name].prepare_value(values[name]))
        for name in ("product_id", "description", "unit", "unit_price", "vat", "is_service")
    }


def typed_row(row: PastedRow, products: Mapping[str, Product]) -> dict[str, str | bool]:
    """A pasted line as its row's inputs take it: its product fills what the table does not say.

    What is not understood stays as it was written, and is refused there in words.
    """
    cells = dict(row.cells)
    reference = str(cells.pop(REFERENCE, ""))
    product = products.get(reference)
    filled: dict[str, Any] = written(LineInput.of_product(product, Decimal(1))) if product else {}
    if reference and not product:  # nothing pasted is lost: an unknown reference stands before the words
        cells["description"] = " – ".join(part for part in (reference, str(cells.get("description", ""))) if part)
    for name, cell in cells.items():
        filled[name] = _typed(name, cell)
    return filled


def _typed(name: str, cell: str | Decimal) -> str:
    if not isinstance(cell, Decimal):
        return cell
    if name == "vat":
        rate = written_vat("S", cell)
        return rate if cell in EVERY_RATE else typography.percent(cell)
    return str(LineForm.base_fields[name].prepare_value(cell))
