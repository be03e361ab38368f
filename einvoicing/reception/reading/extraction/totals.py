"""Net, VAT and gross: of all the amounts printed, the three that their labels name and that add up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from einvoicing.reception.reading.extraction.found import CHECKED, DERIVED, GUESSED, LABELLED, Found
from einvoicing.reception.reading.extraction.printed import GROSS, NET, VAT, Printed
from einvoicing.reception.reading.layout import Page

_WITHOUT_VAT = re.compile(
    r"tva non applicable|non assujetti|293 ?b|autoliquidation|auto-liquidation|reverse charge|exoner|franchise (?:en base|de tva)|"
    r"tva a 0|0(?:[.,]00?)? ?%|hors champ|262 ter|261 |44 de la directive|due par le preneur"
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
        net, vat, gross = triple
        return Totals(
            _found(net, CHECKED),
            _found(vat, CHECKED) if vat else Found(ZERO, CHECKED),
            _found(gross, CHECKED),
            adds_up=True,
        )
    return _alone(amounts)


Triple = tuple[Printed, Printed | None, Printed]


def _best_triple(amounts: Sequence[Printed], *, without_vat: bool) -> Triple | None:
    by_value: dict[Decimal, list[Printed]] = {}
    for item in amounts:
        by_value.setdefault(abs(item.value), []).append(item)
    grosses = [item for item in amounts if item.roles.get(GROSS)]
    nets = [item for item in amounts if item.roles.get(NET)]
    found: list[tuple[float, Triple]] = []
    for gross in grosses or amounts:
        for net in nets or amounts:
            rest = abs(gross.value) - abs(net.value)
            if rest < 0 or abs(net.value) == 0:
                continue
            if rest == 0:
                # a document without tax may print its total once
                if without_vat:
                    zeros = [item for item in by_value.get(ZERO, []) if item.roles.get(VAT)]
                    found.append((_score(gross, net, None) - (0 if zeros else 1), (net, zeros[0] if zeros else None, gross)))
                continue
            if rest > abs(net.value) * Decimal("0.25"):
                continue
            for vat in by_value.get(rest, []):
                found.append((_score(gross, net, vat), (net, vat, gross)))
    if not found:
        return _single(amounts) if without_vat else None
    most = max(abs(triple[2].value) for _score_, triple in found if _score_ > 8) if any(s > 8 for s, _ in found) else Decimal(1)
    best = max(found, key=lambda item: item[0] + 6 * float(abs(item[1][2].value) / (most or 1)))
    return best[1] if best[0] >= 8 else None


def _single(amounts: Sequence[Printed]) -> Triple | None:
    """Without VAT, one total is net and gross at once."""
    totals = [item for item in amounts if item.roles.get(GROSS) or item.roles.get(NET)]
    best = max(totals, key=lambda item: max(item.roles.values()), default=None)
    return (best, None, best) if best and max(best.roles.values()) >= 4 else None


def _score(gross: Printed, net: Printed, vat: Printed | None) -> float:
    score = gross.roles.get(GROSS, 0) + net.roles.get(NET, 0)
    score += vat.roles.get(VAT, -1.0) if vat else 4
    # printed together, as totals are
    if gross.page is net.page and abs(gross.middle - net.middle) < 12 * gross.cell.height:
        score += 2
    if vat and vat.page is gross.page and abs(gross.middle - vat.middle) < 8 * gross.cell.height:
        score += 2
    lowest = max(gross.middle, net.middle) / gross.page.height
    return score + lowest + (0.5 if gross.page.number == net.page.number else 0)


def _alone(amounts: Sequence[Printed]) -> Totals:
    """What the labels say, when no three amounts add up; one that is missing is what the two others leave."""
    chosen = {role: _labelled(amounts, role) for role in (NET, VAT, GROSS)}
    net, vat, gross = (chosen[role] for role in (NET, VAT, GROSS))
    totals = Totals(*(_found(item, LABELLED if item.roles else GUESSED) if item else None for item in (net, vat, gross)))
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


def _found(item: Printed, evidence: str) -> Found:
    value = abs(item.value).quantize(Decimal("0.01"))
    return Found(value, evidence, item.page.number, item.words)
