"""The categories of sales that e-reporting tells apart (TT-81)."""

from __future__ import annotations

from billing.natures import CHARGED, Nature

GOODS, SERVICES, NOT_TAXED, MARGIN = "TLB1", "TPS1", "TNT1", "TMA1"  # G1.68
MARGIN_MOTIVES = frozenset({"VATEX-EU-D", "VATEX-EU-F", "VATEX-EU-I", "VATEX-EU-J"})


def category_of(nature: Nature) -> str:
    """TT-81: goods, services, not taxable in France, or taxed on the margin."""
    if nature.motive in MARGIN_MOTIVES:
        return MARGIN
    if nature.vat_category not in CHARGED:
        return NOT_TAXED
    return SERVICES if nature.is_service else GOODS
