"""What partners send of an invoice, and how it becomes what the services take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n
from rest_framework import serializers

from billing.api.invoices import vocabulary
from billing.api.invoices.shapes import InvoiceShape, ItemShape
from billing.models import Invoice, Product, Unit, VatCategory
from billing.services.invoices import InvoiceIssued
from billing.services.lines import MOST_LINES, LineInput
from billing.services.products import NO_MOTIVE
from billing.totals import UnpriceableLine, check_vat
from billing.vat_rates import known_rates
from config.kernel.api.cross_fields import CrossFieldBody
from config.kernel.api.fields import Day, Number, Reference, Switch
from config.kernel.errors import DomainError, Invalid
from config.kernel.middleware import translated
from config.kernel.models import Company, VatRegime
from customers.api.shapes import AddressBody
from customers.exemptions import FRANCHISE_CODE, is_motive
from customers.models import Customer

TWO_NUMBERS = n("invoice_number et external_reference sont le même numéro, le vôtre : envoyez l’un des deux.")
NO_RATE = {False: n("Ce taux de TVA n’existe pas en France."), True: n("Ce taux de TVA n’existe pas en Suisse.")}
TWO_DAYS = n("invoice_date et supply_date sont le même jour, celui de la vente : envoyez l’un des deux.")


class ItemBody(CrossFieldBody):
    """A line. With `product_id`, what is not said is taken from the product."""

    shape = ItemShape
    echoed = ("id", "position")  # lines are written anew, in the order they come

    description = serializers.CharField(max_length=500, required=False)
    quantity = Number(max_digits=14, decimal_places=4, help_text="Negative for what is taken back.")
    unit = serializers.ChoiceField(Unit.values, required=False)
    unit_price = Number(max_digits=16, decimal_places=6, min_value=0, required=False, help_text="Without VAT.")
    discount_percent = Number(max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False)
    vat_rate = Number(
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=100,
        required=False,
        help_text="In per cent. 0 wants a `vat_category`, save from a company under the small-business exemption.",
    )
    vat_category = serializers.ChoiceField(VatCategory.values, required=False, help_text="S where the rate is not 0.")
    exemption_code = serializers.CharField(
        max_length=30,
        required=False,
        allow_blank=True,
        help_text="Why it bears no VAT (VATEX, BT-121), of its `vat_category`. Else the product's, or the customer's.",
    )
    is_service = Switch(required=False)
    product_id = Reference(Product, required=False, allow_null=True)

    def between(self, values: dict[str, Any], refused: Set[str]) -> dict[str, list[str]]:
        _line, problems = self._line(values)
        # a product that cannot be read might have said the rest
        return {name: problem for name, problem in problems.items() if name in values or "product_id" not in refused}

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        line, problems = self._line(values)
        if problems:
            raise serializers.ValidationError(problems)
        return line

    def _line(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """The line, completed from its product, and what is wrong with it by field."""
        line: dict[str, Any] = {}
        product: Product | None = values.get("product_id")
        if product is not None:
            usual = LineInput.of_product(product, values.get("quantity", Decimal(1)))
            line = {name: getattr(usual, name) for name in LineInput.__slots__}
            if "vat_rate" in values or "vat_category" in values:
                del line["vat_rate"], line["vat_category"], line["exemption_code"]
        line |= {name: value for name, value in values.items() if name != "product_id"}
        missing = [name for name in ("description", "unit_price") if name not in line]
        problems = {name: [self.fields[name].error_messages["required"]] for name in missing}
        vat, wrong = _vat(self.context["caller"].company, line.get("vat_category"), line.get("vat_rate"))
        code = line.get("exemption_code", "")
        category = vat.get("vat_category", "")
        exempt = self.context["caller"].company.vat_regime == VatRegime.FRANCHISE
        chosen = values.get("exemption_code") not in (None, "", FRANCHISE_CODE) if exempt else code and category
        if chosen and (exempt or not is_motive(code, category)):
            wrong = wrong | {"exemption_code": [_(NO_MOTIVE)]}
        return line | vat, problems | wrong


def _vat(company: Company, category: str | None, rate: Decimal | None) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Category and rate of a line as meant, and what is wrong with them by field."""
    if company.vat_regime == VatRegime.FRANCHISE:
        wrong = _("La société est en franchise de TVA : ses factures n’en portent pas. Envoyez le taux 0.")
        problems = {"vat_rate": [wrong]} if rate else {}
        if category not in (None, VatCategory.EXEMPT):
            problems["vat_category"] = [_("La société est en franchise de TVA : la catégorie est E.")]
        return {"vat_category": VatCategory.EXEMPT, "vat_rate": Decimal(0)}, problems
    if rate is None and category not in (None, VatCategory.STANDARD):
        rate = Decimal(0)
    if rate is None:
        return {}, {"vat_rate": [_("Indiquez le taux de TVA.")]}
    if category is None and not rate:
        return {}, {"vat_category": [_("Un taux de 0 demande sa raison : E, AE, K, G, O ou Z.")]}
    category = category or VatCategory.STANDARD
    if rate and rate not in known_rates(company):
        return {}, {"vat_rate": [_(NO_RATE[company.is_swiss])]}
    try:
        check_vat(category, rate)
    except UnpriceableLine as error:
        return {}, {name: [translated(sentence)] for name, sentence in error.fields.items()}
    return {"vat_category": category, "vat_rate": rate}, {}


class ChangeBody(CrossFieldBody):
    """Any of these: what is not named stays as it is, and `items`, once named, replace all lines."""

    shape = InvoiceShape

    customer_id = Reference(Customer, required=False)
    kind = serializers.ChoiceField(vocabulary.KIND_NAMES, required=False)
    invoice_number = serializers.CharField(
        max_length=50,
        required=False,
        allow_blank=True,
        help_text="Your own number: kept as external_reference. The legal one is given at issue, by us alone.",
    )
    external_reference = serializers.CharField(max_length=50, required=False, allow_blank=True)
    currency = serializers.RegexField(
        "^[A-Z]{3}$",
        required=False,
        help_text="ISO 4217; that of the books where it is not said. Another is issued at the rate of the day, or "
        "refused (`unknown_exchange_rate`) where none is known.",
    )
    invoice_date = Day(
        required=False,
        allow_null=True,
        help_text="The day of the sale, kept as supply_date. The legal date is the day of issue: it never goes back.",
    )
    supply_date = Day(required=False, allow_null=True)
    due_date = Day(required=False, allow_null=True, help_text="By the customer's payment terms where it is not said.")
    status = serializers.ChoiceField(
        vocabulary.NEW_STATUSES,
        default=vocabulary.DRAFT,
        help_text="`sent` also issues the invoice and sends it, as POST /api/invoices/{id}/send does.",
    )
    notes = serializers.CharField(max_length=5000, required=False, allow_blank=True, help_text="Printed.")
    terms = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, help_text="Printed as the last paragraph of `notes`."
    )
    internal_notes = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    purchase_order = serializers.CharField(max_length=50, required=False, allow_blank=True)
    service_code = serializers.CharField(max_length=100, required=False, allow_blank=True)
    contract_reference = serializers.CharField(
        max_length=50, required=False, allow_blank=True, help_text="Of the contract or public procurement (BT-12)."
    )
    delivery_address = AddressBody(required=False, allow_null=True, help_text="Where it is not the customer's own.")
    items = ItemBody(many=True, required=False, allow_empty=False, max_length=MOST_LINES)

    def between(self, values: dict[str, Any], refused: Set[str]) -> dict[str, list[str]]:
        numbers = {values.get(name) for name in ("invoice_number", "external_reference")} - {None, ""}
        return {"invoice_number": [_(TWO_NUMBERS)]} if len(numbers) > 1 else {}

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if problems := self.between(values, frozenset()):
            raise serializers.ValidationError(problems)
        return values


class InvoiceBody(ChangeBody):
    """A new invoice."""

    customer_id = Reference(Customer)
    kind = serializers.ChoiceField(vocabulary.NEW_KINDS, default="invoice")
    items = ItemBody(many=True, allow_empty=False, max_length=MOST_LINES)

    def between(self, values: dict[str, Any], refused: Set[str]) -> dict[str, list[str]]:
        two_days = {"invoice_date": [_(TWO_DAYS)]} if len(_days(values, None)) > 1 else {}
        return super().between(values, refused) | two_days


_AS_THEY_ARE = (
    "currency",
    "due_date",
    "notes",
    "internal_notes",
    "purchase_order",
    "service_code",
    "contract_reference",
)


def columns(values: Mapping[str, Any], invoice: Invoice | None = None) -> dict[str, Any]:
    """The columns of the draft that the body names, for `save_draft`. Raises Invalid for two days of the sale."""
    found = {name: values[name] for name in _AS_THEY_ARE if name in values}
    if "kind" in values:
        found["kind"] = vocabulary.KINDS[values["kind"]]
    external = values.get("external_reference")
    reference = external or values.get("invoice_number") or external
    if reference is not None:
        found["external_reference"] = reference
    if "delivery_address" in values:
        found["delivery"] = dict(values["delivery_address"] or {})
    current = invoice.supply_date if invoice else None
    days = _days(values, current)
    if len(days) > 1:
        raise Invalid(fields={"invoice_date": TWO_DAYS})
    if days:
        found["supply_date"] = days.pop()
    if values.get("terms"):
        found["notes"] = _with_terms(found.get("notes", invoice.notes if invoice else ""), values["terms"])
    return found


def _days(values: Mapping[str, Any], current: date | None) -> set[date | None]:
    """The days of the sale that a body names, other than the one that stands."""
    return {values[name] for name in ("supply_date", "invoice_date") if name in values} - {current}


def _with_terms(notes: str, terms: str) -> str:
    return notes if notes.endswith(terms) else "\n\n".join(part for part in (notes, terms) if part)


def lines(values: Mapping[str, Any]) -> list[LineInput]:
    return [LineInput(**item) for item in values["items"]]


class IssuedHere(InvoiceIssued):
    """The same refusal, with the route to use instead."""

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(number=invoice.number)
        self.more = {"use": f"POST /api/invoices/{invoice.pk}/credit-notes"}


def fields_sent(error: DomainError) -> dict[str, str]:
    """What a service refused, under the names by which partners send it."""
    return {
        "customer_id" if name == "customer" else name.replace("lines.", "items.", 1): text
        for name, text in error.fields.items()
    }


@contextmanager
def partner_fields(invoice: Invoice | None = None) -> Iterator[None]:
    """What the services refuse, at the field the partner sent."""
    try:
        yield
    except InvoiceIssued as error:
        if invoice is None:
            raise
        invoice.refresh_from_db()
        raise IssuedHere(invoice) from error
    except DomainError as error:
        error.fields = fields_sent(error)
        raise
