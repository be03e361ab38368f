"""Net, VAT and gross: of all the amounts printed, the three that their labels name and that add up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, product

from einvoicing.reception.reading.amounts import KNOWN_RATES, binds
from einvoicing.reception.reading.extraction.found import CHECKED, DERIVED, LABELLED, Found
from einvoicing.reception.reading.extraction.printed import GROSS, NET, VAT, Printed
from einvoicing.reception.reading.layout import Page

_WITHOUT_VAT = re.compile(
    r"tva non applicable|non assujetti|293 ?b|autoliquidation|auto-liquidation|reverse charge|exoner|"
    r"franchise (?:en base|de tva)|"
    r"tva a 0|(?<![\d.,])0(?:[.,]00?)? ?%|hors champ|262 ter|261 |44 de la directive|due par le preneur"
)
ZERO = Decimal("0.00")


@dataclass(slots=True)
class Totals:
    net: Found | None = None
    vat: Found | None = None
    gross: Found | None = None
    adds_up: bool = False


def read_totals(pages: Sequence[Page], amounts: Sequence[Printed]) -> Totals:
    without_vat = any(_WITHOUT_VAT.search(row.folded) for page in pages for row in page.rows)
    triple = _best_triple(amounts, without_vat=without_vat)
    if triple:
        net, taxes, gross = triple
        return Totals(_found(net, CHECKED), _tax(taxes), _found(gross, CHECKED), adds_up=True)
    return _alone(amounts)


Triple = tuple[Printed, list[Printed], Printed]
MARGIN = 14
MOST_TAX = Decimal("0.25")  # of a net: no rate of the Union is higher, save 27 % in Hungary


def _best_triple(amounts: Sequence[Printed], *, without_vat: bool) -> Triple | None:
    by_value: dict[Decimal, list[Printed]] = {}
    for item in amounts:
        by_value.setdefault(abs(item.value), []).append(item)
    grosses = [item for item in amounts if item.roles.get(GROSS)] or amounts
    nets = [item for item in amounts if item.roles.get(NET)] or amounts
    taxes = [item for item in amounts if item.roles.get(VAT, 0) >= 5 and item.value]
    without_vat = without_vat and not taxes
    found: list[tuple[float, Triple]] = []
    for gross, net in product(grosses, nets):
        rest = abs(gross.value) - abs(net.value)
        if rest < 0 or not net.value or rest > abs(net.value) * MOST_TAX:
            continue
        options = _taxes(rest, by_value, taxes, without_vat=without_vat)
        found += [(_score(gross, net, option), (net, option, gross)) for option in options]
    if not found:
        return _single(amounts) if without_vat else None
    most = max((abs(triple[2].value) for score, triple in found if score > 8), default=Decimal(1)) or Decimal(1)
    score, best = max(found, key=lambda item: item[0] + 30 * float(abs(item[1][2].value) / most))
    if score < 8:
        return None
    # the row of one rate adds up as well as the row of them all, which holds more of each
    larger = [triple for other, triple in found if other > score - MARGIN and _holds(triple, best)]
    return max(larger, key=lambda triple: abs(triple[2].value), default=best)


def _holds(triple: Triple, other: Triple) -> bool:
    (net, taxes, gross), (least_net, least_taxes, least_gross) = triple, other
    tax, least_tax = (sum(abs(item.value) for item in items) for items in (taxes, least_taxes))
    return (
        abs(gross.value) > abs(least_gross.value)
        and abs(net.value) >= abs(least_net.value)
        and tax >= least_tax
        and bool(gross.roles.get(GROSS) and net.roles.get(NET))
    )


def _taxes(
    rest: Decimal, by_value: dict[Decimal, list[Printed]], taxes: list[Printed], *, without_vat: bool
) -> Iterator[list[Printed]]:
    """The amounts that may be the tax: one, or one a rate where no total of them is printed."""
    if rest == 0:
        if without_vat:
            yield [item for item in by_value.get(rest, []) if item.roles.get(VAT)][:1]
        return
    alone = by_value.get(rest, [])
    yield from ([item] for item in alone)
    if not alone:
        for size in (2, 3):
            for several in combinations(taxes[:8], size):
                if sum(abs(item.value) for item in several) == rest:
                    yield list(several)


def _single(amounts: Sequence[Printed]) -> Triple | None:
    """Without VAT, one total is net and gross at once."""
    totals = [item for item in amounts if item.roles.get(GROSS) or item.roles.get(NET)]
    best = max(totals, key=lambda item: max(item.roles.values()), default=None)
    return (best, [], best) if best and max(best.roles.values()) >= 4 else None


def _score(gross: Printed, net: Printed, taxes: list[Printed]) -> float:
    score = gross.roles.get(GROSS, 0) + net.roles.get(NET, 0)
    score += 4 if any(binds(rate, abs(net.value), abs(gross.value) - abs(net.value)) for rate in KNOWN_RATES) else 0
    score += min(item.roles.get(VAT, -1.0) for item in taxes) - (len(taxes) - 1) if taxes else 3
    # printed together, as totals are
    for other, within in ((net, 12), *((item, 8) for item in taxes[:1])):
        if gross.page is other.page and abs(gross.middle - other.middle) < within * gross.cell.height:
            score += 2
    return score + max(gross.middle, net.middle) / gross.page.height + (0.5 if gross.page is net.page else 0)


def _alone(amounts: Sequence[Printed]) -> Totals:
    """What the labels say, when no three amounts add up; one that is missing is what the two others leave."""
    chosen = {role: _labelled(amounts, role) for role in (NET, VAT, GROSS)}
    net, vat, gross = (chosen[role] for role in (NET, VAT, GROSS))
    totals = Totals(
        net=_found(net, LABELLED) if net else None,
        vat=_found(vat, LABELLED) if vat else None,
        gross=_found(gross, LABELLED) if gross else None,
    )
    if net and gross and abs(gross.value) >= abs(net.value) and not vat:
        totals.vat = Found(abs(gross.value) - abs(net.value), DERIVED)
    elif net and vat and not gross:
        totals.gross = Found(abs(net.value) + abs(vat.value), DERIVED)
    elif gross and vat and not net:
        totals.net = Found(abs(gross.value) - abs(vat.value), DERIVED)
    return totals


def _labelled(amounts: Sequence[Printed], role: str) -> Printed | None:
    named = [item for item in amounts if item.roles.get(role, 0) >= 4]
    return max(named, key=lambda item: (item.roles[role], abs(item.value)), default=None)


def _tax(taxes: list[Printed]) -> Found:
    value = sum((abs(item.value) for item in taxes), ZERO)
    return Found(
        value, CHECKED, taxes[0].page.number if taxes else None, [word for item in taxes for word in item.words]
    )


def _found(item: Printed, evidence: str) -> Found:
    value = abs(item.value).quantize(Decimal("0.01"))
    return Found(value, evidence, item.page.number, item.words)
