"""The totals of an invoice, computed once, here, as EN 16931 says (BR-CO-10 to BR-CO-17).

This is the only place of the product where an amount of an invoice is rounded:

- net unit price BT-146 = price less discount, six decimals (BR-FR-DEC-03);
- line net BT-131 = round2(quantity × BT-146);
- lines BT-106 = Σ BT-131 · net BT-109 = BT-106 − BT-107 + BT-108;
- VAT BT-117 = round2(Σ net of the category and rate × rate), once per (category, rate), never per line;
- gross BT-112 = BT-109 + Σ BT-117 · payable BT-115 = BT-112 − BT-113;
- a currency without cents (the yen) is rounded to its unit wherever a cent is written above.

Prices entered with VAT (sales to individuals) are turned into a net unit price of six decimals, so that
3 × 10.00 at 20 % is 25.00 net and 30.00 to pay. An invoice states nets, so several such lines may end a cent
or two away from the sum of the prices typed: three lines of 1 × 10.00 give 24.99 + 5.00 = 29.99. That residue
is stated by `Totals.entered_gap` and is neither hidden in a line nor in the VAT: the amount due is the one of the
invoice. Grouping equal articles on one line removes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from config.kernel.errors import Invalid
from config.kernel.money import HUNDRED, PRECISION, ZERO, exact, round2, round6, round_in

NO_VAT = Decimal(0)
CATEGORIES = frozenset({"S", "Z", "E", "AE", "K", "G", "O"})  # BR-FR-15


class UnpriceableLine(Invalid):
    code = "unpriceable_line"


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """What a person types on a line. `unit_price` includes VAT when `prices_include_vat` is true."""

    quantity: Decimal  # BT-129, negative for what is taken back
    unit_price: Decimal  # before discount, never negative (BR-27)
    vat_rate: Decimal  # BT-152, in percent
    discount_percent: Decimal = NO_VAT
    vat_category: str = "S"  # BT-151
    exemption_code: str = ""  # BT-121
    prices_include_vat: bool = False
    net: Decimal | None = None  # BT-131 where cumulated amounts decide it: the line of a credit note


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """A document-level allowance (BG-20) or charge (BG-21): a net amount with its VAT."""

    amount: Decimal
    vat_rate: Decimal
    vat_category: str = "S"
    exemption_code: str = ""


@dataclass(frozen=True)
class VatSubtotal:
    """BG-23: one row of the VAT breakdown."""

    category: str  # BT-118
    rate: Decimal  # BT-119
    base: Decimal  # BT-116
    amount: Decimal  # BT-117
    exemption_code: str = ""  # BT-121


@dataclass(frozen=True, kw_only=True)
class Totals:
    lines_net: Decimal  # BT-106
    allowances: Decimal  # BT-107
    charges: Decimal  # BT-108
    net: Decimal  # BT-109
    vat: Decimal  # BT-110
    gross: Decimal  # BT-112
    prepaid: Decimal  # BT-113
    payable: Decimal  # BT-115
    subtotals: tuple[VatSubtotal, ...]
    line_nets: tuple[Decimal, ...]
    entered_gap: Decimal = ZERO  # prices typed with VAT, less the gross: the residue of a cent


def net_unit_price(line: PricedLine) -> Decimal:
    """BT-146: the price of one unit without VAT, discount taken off, six decimals."""
    check_line(line)
    with localcontext() as context:
        context.prec = PRECISION
        price = line.unit_price * (HUNDRED - line.discount_percent) / HUNDRED
        if line.prices_include_vat:
            price = price * HUNDRED / (HUNDRED + line.vat_rate)
        return round6(price)


def line_net(line: PricedLine, currency: str = "EUR") -> Decimal:
    """BT-131. Raises UnpriceableLine."""
    if line.net is not None:
        check_line(line)
        return line.net
    with localcontext() as context:
        context.prec = PRECISION
        # the rounded price is multiplied, so that who reads the XML and computes it finds the same net
        return round_in(line.quantity * net_unit_price(line), currency)


def check_line(line: PricedLine) -> None:
    """Raises UnpriceableLine for a negative price (BR-27), a discount beyond 0–100 %, a rate its category forbids."""
    for number in (line.quantity, line.unit_price, line.discount_percent, line.vat_rate):
        exact(number)
    if line.unit_price < 0:
        raise UnpriceableLine(
            "Le prix unitaire ne peut pas être négatif. Pour déduire un montant, mettez une quantité négative.",
            fields={"unit_price": "Le prix unitaire ne peut pas être négatif."},
        )
    if not 0 <= line.discount_percent <= HUNDRED:
        raise UnpriceableLine(
            "La remise se donne entre 0 et 100 pour cent.",
            fields={"discount_percent": "La remise se donne entre 0 et 100 pour cent."},
        )
    check_vat(line.vat_category, line.vat_rate)


def check_vat(category: str, rate: Decimal) -> None:
    """BR-S-05 and its sisters: a rate above zero for S, zero for every other category."""
    if category not in CATEGORIES:
        raise UnpriceableLine(
            "La catégorie de TVA « %(category)s » n’existe pas en France.",
            fields={"vat_category": "Choisissez une catégorie de la liste."},
            category=category,
        )
    if (category == "S") is not (exact(rate) > 0):
        raise UnpriceableLine(
            "Le taux de TVA ne correspond pas à la catégorie « %(category)s ». "
            "Choisissez un taux positif pour une vente taxée, 0 pour une vente exonérée.",
            fields={"vat_rate": "Ce taux ne correspond pas à la catégorie de TVA."},
            category=category,
        )


def compute(
    lines: Sequence[PricedLine],
    *,
    allowances: Sequence[Adjustment] = (),
    charges: Sequence[Adjustment] = (),
    prepaid: Decimal | int = 0,
    currency: str = "EUR",
) -> Totals:
    """Every total of the document. Raises UnpriceableLine for a line, or a mix, the standard refuses."""
    line_nets = tuple(line_net(line, currency) for line in lines)
    taken_off = tuple(checked_amount(adjustment) for adjustment in allowances)
    added = tuple(checked_amount(adjustment) for adjustment in charges)
    subtotals = break_down(
        [
            *zip(lines, line_nets, strict=True),
            *((adjustment, -amount) for adjustment, amount in zip(allowances, taken_off, strict=True)),
            *zip(charges, added, strict=True),
        ],
        currency,
    )
    lines_total = total(line_nets)
    net = lines_total - total(taken_off) + total(added)
    vat = total(subtotal.amount for subtotal in subtotals)
    paid_before = round2(exact(prepaid))
    typed = [line for line in lines if line.prices_include_vat]
    whole_document_typed_gross = bool(typed) and len(typed) == len(lines) and not allowances and not charges
    return Totals(
        lines_net=lines_total,
        allowances=total(taken_off),
        charges=total(added),
        net=net,
        vat=vat,
        gross=net + vat,
        prepaid=paid_before,
        payable=net + vat - paid_before,
        subtotals=subtotals,
        line_nets=line_nets,
        entered_gap=total(entered_gross(line) for line in typed) - net - vat if whole_document_typed_gross else ZERO,
    )


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def entered_gross(line: PricedLine) -> Decimal:
    """What the person who typed a price with VAT expects to pay for the line."""
    with localcontext() as context:
        context.prec = PRECISION
        return round2(line.quantity * line.unit_price * (HUNDRED - line.discount_percent) / HUNDRED)


def checked_amount(adjustment: Adjustment) -> Decimal:
    """The amount of an allowance or charge, in whole cents. Raises UnpriceableLine."""
    check_vat(adjustment.vat_category, adjustment.vat_rate)
    amount = exact(adjustment.amount)
    if amount < 0 or round2(amount) != amount:
        raise UnpriceableLine(
            "Une remise ou des frais sur le document sont un montant positif, au centime.",
            fields={"amount": "Donnez un montant positif, au centime."},
        )
    return round2(amount)


def break_down(
    taxed: Iterable[tuple[PricedLine | Adjustment, Decimal]], currency: str = "EUR"
) -> tuple[VatSubtotal, ...]:
    """BG-23: one row per (category, rate), S first and the highest rate first, whatever the order of lines."""
    bases: dict[tuple[str, Decimal], Decimal] = {}
    reasons: dict[tuple[str, Decimal], str] = {}
    for item, amount in taxed:
        # 20 and 20.00 are equal and hash alike: they share one row.
        key = (item.vat_category, item.vat_rate)
        bases[key] = bases.get(key, ZERO) + amount
        # BT-121 stands once per category and rate: a second reason would have no place in the file
        reason = reasons.setdefault(key, item.exemption_code) or item.exemption_code
        if item.exemption_code not in ("", reason):
            raise UnpriceableLine(
                "Le document mélange deux motifs d’exonération (%(first)s et %(second)s) pour une même "
                "catégorie de TVA. Faites deux factures.",
                first=reason,
                second=item.exemption_code,
            )
        reasons[key] = reason
    ordered = sorted(bases, key=lambda key: (key[0] != "S", key[0], -key[1]))
    return tuple(
        VatSubtotal(
            category=category,
            rate=rate,
            base=bases[category, rate],
            amount=vat_of(bases[category, rate], rate, currency),
            exemption_code=reasons[category, rate],
        )
        for category, rate in ordered
    )


def vat_of(base: Decimal, rate: Decimal, currency: str = "EUR") -> Decimal:
    """The VAT of a base at a rate in percent, rounded half up to the smallest unit of its currency (BR-CO-17)."""
    with localcontext() as context:
        context.prec = PRECISION
        return round_in(base * rate / HUNDRED, currency)
