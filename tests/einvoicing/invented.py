"""Invented invoices: any mixture the standard allows, the same for the same seed, with the product’s own totals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from billing import totals
from config.kernel.money import round2
from einvoicing import document as model
from tests.einvoicing import documents

DAY = date(2026, 11, 20)
RATES = tuple(Decimal(rate) for rate in ("20", "10", "5.5", "2.1", "8.5", "20.6", "1.05", "13"))
EXEMPT = {
    "Z": ("", ""),
    "E": ("VATEX-FR-FRANCHISE", "TVA non applicable, art. 293 B du CGI"),
    "AE": ("VATEX-EU-AE", "Autoliquidation"),
    "K": ("VATEX-EU-IC", "Livraison intracommunautaire"),
    "G": ("VATEX-EU-G", "Exportation"),
    "O": ("VATEX-EU-O", "Hors champ de la TVA"),
}
WORDS = (
    "Vis à tête fraisée",
    "Conseil & étude",
    "Pose <sur site>",
    "Œuvre « n° 7 »",
    "Câble 3×2,5 mm²",
    'Écran 24"',
    "木の机 🪑",
)
UNITS = ("C62", "HUR", "DAY", "KGM", "MTK", "LTR")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Vat:
    category: str
    rate: Decimal

    @property
    def stated(self) -> Decimal | None:
        """BT-152: outside the scope of VAT there is no rate, not even zero."""
        return None if self.category == "O" else self.rate

    @property
    def code(self) -> str:
        return EXEMPT.get(self.category, ("", ""))[0]


def invent(seed: int) -> model.Invoice:
    """An invoice or a credit note of French law, valid by every rule."""
    dice = Random(seed)
    vats = _vats(dice)
    several = dice.choices((dice.randint(1, 4), dice.randint(5, 25)), (19, 1))[0]
    lines = tuple(_line(dice, number, dice.choice(vats)) for number in range(1, several + 1))
    allowances = tuple(_adjustment(dice, dice.choice(vats), "95") for _ in range(dice.choice((0, 0, 0, 1, 2))))
    charges = tuple(_adjustment(dice, dice.choice(vats), "FC") for _ in range(dice.choice((0, 0, 0, 1, 2))))
    sums = _sums(lines, allowances, charges)
    prepaid = _prepaid(dice, sums.gross)
    if prepaid:
        sums = _sums(lines, allowances, charges, prepaid)
    return _dressed(dice, _document(dice, vats, lines, allowances, charges, sums))


def _vats(dice: Random) -> list[Vat]:
    """The categories of one document: O stands alone (BR-O-11 to BR-O-14)."""
    if dice.random() < 0.05:
        return [Vat("O", ZERO)]
    taxed = [Vat("S", rate) for rate in dice.sample(RATES, dice.randint(0, 4))]
    free = [
        Vat(category, ZERO) for category in dice.sample(("Z", "E", "AE", "K", "G"), dice.choice((0, 0, 0, 1, 2, 3)))
    ]
    return taxed + free or [Vat("S", RATES[0])]


def _amount(dice: Random, most: int) -> Decimal:
    return Decimal(dice.randint(1, most * 100)).scaleb(-2)


def _line(dice: Random, number: int, vat: Vat) -> model.Line:
    places = dice.choice((0, 0, 2, 4))
    quantity = Decimal(dice.randint(1, 10 ** dice.randint(1, 6))).scaleb(-places) * dice.choice((1, 1, 1, 1, 1, -1))
    priced = totals.PricedLine(
        quantity=quantity,
        unit_price=Decimal(dice.randint(0, 10 ** dice.randint(2, 7))).scaleb(-dice.choice((0, 2, 2, 4, 6))),
        vat_rate=vat.rate,
        vat_category=vat.category,
        exemption_code=vat.code,
        discount_percent=Decimal(dice.choice((0, 0, 0, 5, 10, 33, 100))) if dice.random() < 0.9 else Decimal("12.345"),
        prices_include_vat=dice.random() < 0.2,
    )
    price = totals.net_unit_price(priced)
    base = Decimal(dice.choice((1, 10, 100, 12))) if dice.random() < 0.2 else None
    allowances = tuple(_line_adjustment(dice, "95") for _ in range(dice.choice((0, 0, 0, 1, 2))))
    charges = tuple(_line_adjustment(dice, "FC") for _ in range(dice.choice((0, 0, 0, 1))))
    added = sum((item.amount for item in charges), ZERO) - sum((item.amount for item in allowances), ZERO)
    has_gross = (
        not priced.prices_include_vat and priced.discount_percent > 0 and priced.unit_price.as_tuple().exponent >= -6
    )
    return model.Line(
        id=str(number),
        name=dice.choice(WORDS),
        description=dice.choice(("", "Selon devis")),
        note=dice.choice(("", "", "Livré en deux fois")),
        quantity=quantity,
        unit=dice.choice(UNITS),
        unit_price=price,
        gross_price=priced.unit_price if has_gross else None,
        price_discount=priced.unit_price - price if has_gross and priced.unit_price != price else None,
        price_base_quantity=base,
        net=round2(quantity * price / (base or 1)) + added,
        allowances=allowances,
        charges=charges,
        vat_category=vat.category,
        vat_rate=vat.stated,
        seller_identifier=dice.choice(("", "REF-1")),
        attributes=(model.Attribute("Teinte", "bleu"),) if dice.random() < 0.1 else (),
    )


def _line_adjustment(dice: Random, code: str) -> model.AllowanceCharge:
    if dice.random() < 0.5:
        return model.AllowanceCharge(amount=_amount(dice, 50), reason="Geste", reason_code=code)
    base, percent = _amount(dice, 900), Decimal(dice.randint(1, 5000)).scaleb(-2)
    return model.AllowanceCharge(amount=round2(base * percent / 100), base=base, percent=percent, reason="Barème")


def _adjustment(dice: Random, vat: Vat, code: str) -> model.AllowanceCharge:
    return replace(_line_adjustment(dice, code), vat_category=vat.category, vat_rate=vat.stated)


def _sums(
    lines: tuple[model.Line, ...],
    allowances: tuple[model.AllowanceCharge, ...],
    charges: tuple[model.AllowanceCharge, ...],
    prepaid: Decimal = ZERO,
) -> totals.Totals:
    """The product's own totals; a line with allowances of its own is given to it as its net."""
    return totals.compute(
        [
            totals.PricedLine(
                quantity=Decimal(1) if line.net >= 0 else Decimal(-1),
                unit_price=abs(line.net),
                vat_rate=line.vat_rate or ZERO,
                vat_category=line.vat_category,
                exemption_code=EXEMPT.get(line.vat_category, ("", ""))[0],
            )
            for line in lines
        ],
        allowances=[_computed(item) for item in allowances],
        charges=[_computed(item) for item in charges],
        prepaid=prepaid,
    )


def _computed(item: model.AllowanceCharge) -> totals.Adjustment:
    code = EXEMPT.get(item.vat_category, ("", ""))[0]
    rate = item.vat_rate or ZERO
    return totals.Adjustment(amount=item.amount, vat_rate=rate, vat_category=item.vat_category, exemption_code=code)


def _prepaid(dice: Random, gross: Decimal) -> Decimal:
    """Nothing, a part, or the whole."""
    if gross <= 0:
        return ZERO
    return dice.choice((ZERO, ZERO, round2(gross * dice.randint(1, 99) / 100), gross))


def _document(
    dice: Random,
    vats: list[Vat],
    lines: tuple[model.Line, ...],
    allowances: tuple[model.AllowanceCharge, ...],
    charges: tuple[model.AllowanceCharge, ...],
    sums: totals.Totals,
) -> model.Invoice:
    type_code = dice.choice(("380", "380", "380", "386", "384", "393", "381", "381", "396", "503"))
    paid = sums.prepaid == sums.gross and sums.gross > 0
    rounding = Decimal(dice.randint(-4, 4)).scaleb(-2) if not paid and dice.random() < 0.2 else ZERO
    corrects = type_code not in {"380", "386", "393"}
    return model.Invoice(
        number=f"INV-{dice.randint(1, 10**8)}",
        issue_date=DAY,
        type_code=type_code,
        due_date=DAY if paid else DAY + timedelta(days=dice.randint(0, 60)),
        business_process=f"{dice.choice('BSM')}{2 if paid else 1}",
        vat_point_code=dice.choice(("", "5", "29", "72")),
        notes=(*documents.NOTES, documents.PROCESSING_B2B),
        preceding=(model.Reference("FAC-2025-1", DAY - timedelta(days=30)),) if corrects else (),
        seller=documents.SELLER,
        buyer=documents.BUYER,
        delivery=model.Delivery(
            date=DAY, address=model.Address(line_one="Kai 3", city="Wien", postcode="1010", country="AT")
        ),
        payment=model.Payment(
            means_code="30", iban="FR7630006000011234567890189", reference="RF18 5390", terms="30 jours"
        ),
        allowances=allowances,
        charges=charges,
        lines=lines,
        vat=tuple(_subtotal(row) for row in sums.subtotals),
        totals=model.Totals(
            lines=sums.lines_net,
            allowances=sums.allowances,
            charges=sums.charges,
            net=sums.net,
            vat=sums.vat,
            gross=sums.gross,
            prepaid=sums.prepaid,
            rounding=rounding,
            payable=sums.payable + rounding,
        ),
    )


def _subtotal(row: totals.VatSubtotal) -> model.VatSubtotal:
    code, reason = EXEMPT.get(row.category, ("", ""))
    rate = None if row.category == "O" else row.rate
    return model.VatSubtotal(
        category=row.category, rate=rate, base=row.base, amount=row.amount, exemption_code=code, exemption_reason=reason
    )


def _dressed(dice: Random, invoice: model.Invoice) -> model.Invoice:
    """What does not touch the sums: another buyer, another currency, references, a tax representative."""
    categories = {row.category for row in invoice.vat}
    if "O" in categories:  # BR-O-02: no VAT number at all
        seller = replace(invoice.seller, vat_number="", tax_number=invoice.seller.siren)
        invoice = replace(invoice, seller=seller, buyer=replace(invoice.buyer, vat_number=""))
    elif not categories & {"AE", "K", "G"} and dice.random() < 0.3:
        notes = (*documents.NOTES, model.Note("BAR", "B2C"), model.Note("", "Merci de votre visite !"))
        invoice = replace(invoice, buyer=documents.INDIVIDUAL, notes=notes)
    elif dice.random() < 0.2:
        invoice = replace(invoice, buyer=documents.PUBLIC_BODY) if not categories & {"K"} else invoice
    if dice.random() < 0.1:
        converted = round2(invoice.totals.vat * Decimal("0.9173"))
        sums = replace(invoice.totals, vat_in_tax_currency=converted)
        invoice = replace(invoice, currency="USD", tax_currency="EUR", totals=sums)
    if dice.random() < 0.3:
        invoice = replace(invoice, buyer_reference="SRV-1", sales_order="V-1", project="P-1", despatch_advice="BL-1")
    return invoice
