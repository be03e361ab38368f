"""What keeps a purchase from its approval: sums that do not hold, accounts and rates that are missing or cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases.models import PurchaseLine
from billing.purchases.postings import OWED_BY_US, document_rate
from billing.purchases.proposing import is_guess
from billing.purchases.regimes import Regime
from billing.purchases.sums import total


def problems_of(row: PurchaseInvoice, *, by_machine: bool = False) -> Iterator[tuple[str, str]]:
    """What keeps a purchase from its approval, each with the field where it is corrected."""
    lines = list(row.lines.all())
    rows = list(row.vat_rows.all())
    for line in lines:
        if problem := _problem_of(row, line, by_machine=by_machine):
            yield f"line_{line.position}", problem
    if total(line.net for line in lines) != row.total_net:
        yield "total_net", "Les lignes ne font pas le total HT."
    if total(one.amount for one in rows) != row.total_vat:
        yield "total_vat", "Les lignes de TVA ne font pas le total de TVA."
    for one in rows:
        of_rate = [line.net for line in lines if document_rate(line) == one.rate]
        if one.amount and total(of_rate) != total(two.base for two in rows if two.rate == one.rate):
            yield "vat_rows", "La base d’un taux n’est pas la somme des lignes de ce taux."
    if any(line.regime in OWED_BY_US for line in lines) and any(one.amount for one in rows if not one.rate):
        yield "vat_rows", "Une ligne dont vous devez la TVA vous-même n’en porte pas sur le document."


def _problem_of(row: PurchaseInvoice, line: PurchaseLine, *, by_machine: bool) -> str:
    if not line.account:
        return "Choisissez un compte."
    if by_machine and is_guess(line.proposed_because):
        return "Le compte n’est qu’une supposition : vérifiez-le."
    if row.kind == InvoiceKind.DEPOSIT:
        return ""
    if line.regime == Regime.ASSET and not line.account.startswith("2"):
        return "Une immobilisation se passe sur un compte de classe 2."
    if line.account.startswith(("40", "41", "445", "512")):
        return "Ce compte se mouvemente tout seul : choisissez un compte de charge, de stock ou d’immobilisation."
    if line.regime in OWED_BY_US and not line.vat_rate:
        return "Indiquez le taux français de la TVA que vous devez vous-même."
    return ""
