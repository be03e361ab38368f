"""Lines as typed become lines as stored: priced, rounded once, numbered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from billing import totals
from billing.models import Invoice, Product, VatCategory, VatSubtotal
from billing.models.lines import DocumentLine
from billing.services.products import ProductArchived
from billing.totals import Totals
from billing.vat_rates import swiss_reason
from config.kernel.errors import Invalid, Sentence
from config.kernel.models import Company, VatRegime
from customers import exemptions, territories
from customers.models import Address, AddressKind, Customer

TOO_MANY_DIGITS = "Ce nombre est trop long : %(whole)s chiffres au plus avant la virgule et %(places)s après."
MOST_LINES = 500  # of a document: its form and a partner's body hold no more
LARGEST_TOTAL = Decimal(10) ** 14  # what the columns of amounts hold
Row = TypeVar("Row", bound=DocumentLine)


class TotalTooLarge(Invalid):
    code = "total_too_large"
    message = "Ce montant dépasse ce qu’un document peut porter. Vérifiez la quantité et le prix."


@dataclass(frozen=True, slots=True, kw_only=True)
class LineInput:
    """A line as a person or a partner gives it."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    unit: str = "C62"
    discount_percent: Decimal = Decimal("0")
    vat_category: str = "S"
    vat_rate: Decimal = Decimal("20")
    exemption_code: str = ""  # BT-121; '' for the customer's, else the usual one of the category
    is_service: bool = False
    product_id: int | None = None

    @classmethod
    def of_product(cls, product: Product, quantity: Decimal) -> LineInput:
        return cls(
            description=product.name,
            quantity=quantity,
            unit_price=product.unit_price,
            unit=product.unit,
            vat_category=product.vat_category,
            vat_rate=product.vat_rate,
            exemption_code=product.exemption_code,
            is_service=product.is_service,
            product_id=product.pk,
        )


def _where_no_vat(invoice: Invoice) -> bool:
    billing = Address.everywhere.filter(customer=invoice.customer_id, kind=AddressKind.BILLING)
    countries = {invoice.company.country, *billing.values_list("country", flat=True)}
    return any(territories.applies_no_vat(country) for country in countries)


def _columns(company: Company, line: LineInput, motive: str = "") -> dict[str, Any]:
    """`motive`: the customer's own, of its exempt lines."""
    columns: dict[str, Any] = {name: getattr(line, name) for name in LineInput.__slots__}
    # CGI 293 B: whoever charges VAT under the franchise owes it (CGI 283, 3): no rate is taken from what was typed
    if company.vat_regime == VatRegime.FRANCHISE:
        code = exemptions.FRANCHISE_CODE
        columns.update(vat_category=VatCategory.EXEMPT, vat_rate=Decimal("0"), exemption_code=code)
        return columns
    chosen = (code for code in (line.exemption_code, motive) if exemptions.is_motive(code, line.vat_category))
    columns["exemption_code"] = next(chosen, exemptions.default_code(line.vat_category))
    if columns["exemption_code"]:
        columns["vat_rate"] = Decimal("0")
    return columns


def priced(
    inputs: Sequence[LineInput],
    *,
    customer: Customer,
    row_class: type[Row],
    sources: Iterable[QuerySet[Any]],
    **parent: Any,
) -> tuple[list[Row], Totals]:
    """The lines as unsaved rows of `parent`, and its totals. Raises Invalid naming the line (1, 2, …) and its field.

    A product that was archived is sold no more, save on lines that come from one of `sources`, stored lines.
    """
    company, motive = customer.company, customer.exemption_code
    currency = next((document.currency for document in parent.values()), "EUR")
    rows = [
        row_class(company=company, position=position, **parent, **_columns(company, line, motive))
        for position, line in enumerate(inputs, start=1)
    ]
    problems: dict[str, str] = {}
    archived = _archived(inputs, sources)
    for row in rows:
        if product := archived.get(row.product_id or 0):
            problems[f"lines.{row.position}.product_id"] = ProductArchived(product).sentence
        if not row.description.strip():
            problems[f"lines.{row.position}.description"] = "Indiquez ce qui est vendu."
        if not row.quantity:
            problems[f"lines.{row.position}.quantity"] = "La quantité ne peut pas être nulle."
        try:
            row.net_amount = totals.line_net(row.priced(), currency)
            _check_size(row)
        except Invalid as error:
            problems.update({f"lines.{row.position}.{field}": text for field, text in error.fields.items()})
    if problems:
        raise Invalid(fields=problems)
    computed = totals.compute([row.priced() for row in rows], currency=currency)
    if max(abs(computed.net), abs(computed.gross)) >= LARGEST_TOTAL:
        raise TotalTooLarge
    return rows, computed


def without_motive_of(former: Customer, lines: Sequence[LineInput]) -> list[LineInput]:
    """The lines of a draft that goes to another customer: an exemption that was the former one's own is no longer."""
    return [
        replace(line, exemption_code="")
        if line.exemption_code and line.exemption_code == former.exemption_code
        else line
        for line in lines
    ]


def _archived(inputs: Sequence[LineInput], sources: Iterable[QuerySet[Any]]) -> dict[int, Product]:
    """The archived products that the lines name and no line of `sources` does."""
    named = {line.product_id for line in inputs if line.product_id}
    found = (
        {product.pk: product for product in Product.everywhere.filter(pk__in=named).exclude(archived_at=None)}
        if named
        else {}
    )
    for rows in sources if found else ():
        for pk in rows.filter(product__in=found).values_list("product_id", flat=True):
            found.pop(pk, None)
    return found


def _check_size(row: DocumentLine) -> None:
    """Refuse what the columns cannot hold, before PostgreSQL does, or would round: each number at its field."""
    problems: dict[str, str] = {}
    for name in ("quantity", "unit_price", "discount_percent", "vat_rate"):
        column: Any = row._meta.get_field(name)
        try:
            # PostgreSQL rounds a seventh decimal in silence, and the total would no longer be that of the line
            column.run_validators(getattr(row, name))
        except ValidationError:
            places = column.decimal_places
            problems[name] = Sentence(TOO_MANY_DIGITS, {"whole": column.max_digits - places, "places": places})
    if not problems and abs(row.net_amount) >= LARGEST_TOTAL:
        problems["unit_price"] = TotalTooLarge.message
    if problems:
        raise Invalid(fields=problems)


def vat_rows(invoice: Invoice, computed: Totals) -> list[VatSubtotal]:
    """The VAT breakdown of the invoice (BG-23) as rows, not saved."""
    where_no_vat = any(exemptions.depends_on_place(row.exemption_code) for row in computed.subtotals)
    where_no_vat = where_no_vat and _where_no_vat(invoice)
    swiss = invoice.company if invoice.company.is_swiss else None
    return [
        VatSubtotal(
            company_id=invoice.company_id,
            invoice=invoice,
            category=row.category,
            rate=row.rate,
            base=row.base,
            amount=row.amount,
            exemption_code="" if swiss else row.exemption_code,
            exemption_reason=swiss_reason(swiss, row.category)
            if swiss
            else exemptions.mention(row.exemption_code, where_no_vat=where_no_vat),
        )
        for row in computed.subtotals
    ]


def preview(company: Company, inputs: Iterable[LineInput], currency: str = "EUR") -> Totals:
    """The totals of lines being typed, without storing anything. Raises Invalid."""
    priced = [
        totals.PricedLine(
            quantity=columns["quantity"],
            unit_price=columns["unit_price"],
            discount_percent=columns["discount_percent"],
            vat_category=columns["vat_category"],
            vat_rate=columns["vat_rate"],
        )
        for columns in (_columns(company, line) for line in inputs)
    ]
    return totals.compute(priced, currency=currency)
