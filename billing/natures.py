"""What a document sold, by nature, category and rate of VAT: goods and services are told apart for their taxes.

VAT is rounded once per category and rate (`billing.totals`); where a rate bears goods and services, or two motives of
exemption, its tax is shared over them to the cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.models import Invoice, InvoiceLine, VatSubtotal
from billing.sharing import apportion
from config.kernel.money import ZERO, cents, from_cents
from customers.exemptions import FRANCHISE_CODE

CHARGED = frozenset({"S", "Z"})


@dataclass(frozen=True, slots=True, order=True)
class Nature:
    """One kind of sale: `vat_category` is BT-151, `motive` a VATEX code where no VAT is charged."""

    is_service: bool
    vat_category: str
    rate: Decimal
    motive: str = ""

    @property
    def is_due_on_collection(self) -> bool:
        """A service whose VAT the seller owes when paid (CGI 269-2 c); under the franchise, at the rate of zero."""
        return self.is_service and (self.vat_category in CHARGED or self.motive == FRANCHISE_CODE)


@dataclass(frozen=True, slots=True)
class Sold:
    net: Decimal = ZERO
    vat: Decimal = ZERO

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat

    def plus(self, other: Sold, sign: int = 1) -> Sold:
        return Sold(self.net + sign * other.net, self.vat + sign * other.vat)


Parts = dict[Nature, Sold]


def add_parts(*signed: tuple[int, Mapping[Nature, Sold]]) -> Parts:
    """The sum of several documents' parts, each with its sign."""
    found: Parts = {}
    for sign, parts in signed:
        for nature, sold in parts.items():
            found[nature] = found.get(nature, Sold()).plus(sold, sign)
    return found


def parts_of(lines: Iterable[InvoiceLine], subtotals: Iterable[VatSubtotal]) -> Parts:
    """What the lines of one document sold; their VAT adds up to that of its breakdown."""
    motives = {(row.category, row.rate): row.exemption_code for row in subtotals}
    nets: dict[tuple[str, Decimal], dict[Nature, Decimal]] = defaultdict(dict)
    for line in lines:
        key = (line.vat_category, line.vat_rate)
        motive = line.exemption_code or motives.get(key, "")
        nature = Nature(line.is_service, *key, "" if line.vat_category in CHARGED else motive)
        nets[key][nature] = nets[key].get(nature, ZERO) + line.net_amount
    found: Parts = {}
    for row in subtotals:
        natures = nets[row.category, row.rate] or {Nature(False, row.category, row.rate, row.exemption_code): row.base}
        for nature, tax in zip(natures, _shared(row.amount, list(natures.values())), strict=True):
            found[nature] = Sold(natures[nature], tax)
    return found


def _shared(tax: Decimal, nets: list[Decimal]) -> list[Decimal]:
    weights = [cents(net) for net in nets]
    if not sum(weights):
        return [tax, *(ZERO for _ in nets[1:])]
    return [from_cents(part) for part in apportion(cents(tax), weights)]


def own_parts(invoice: Invoice) -> Parts:
    """What the document itself states, deposits not deducted. Read it with `lines` and `vat_subtotals` prefetched."""
    return parts_of(invoice.lines.all(), invoice.vat_subtotals.all())


def standing_parts(invoice: Invoice) -> Parts:
    """The same less the deposits it deducts, which were reported on their own days."""
    deposits = [(-1, own_parts(row.deposit)) for row in invoice.deductions.all()]
    return add_parts((1, own_parts(invoice)), *deposits)
