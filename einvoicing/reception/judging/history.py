"""Doubts that the books give: what was recorded before, and what the supplier usually bills."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from einvoicing.reception.judging.case import Case, Past
from einvoicing.reception.judging.result import Doubt, doubt
from einvoicing.reception.reading.result import CREDIT_NOTE
from einvoicing.reception.reading.texts import squeezed

NEAR = 10  # days between an invoice and its copy under another number
ENOUGH_HISTORY = 3  # invoices that say what is usual
TIMES = 3  # above the largest one so far
FIRST_ONES = Decimal(10_000)  # while there is no history


def doubts_of_history(case: Case) -> Iterator[Doubt]:
    yield from _duplicates(case)
    yield from _amount(case)


def _duplicates(case: Case) -> Iterator[Doubt]:
    number, issued, gross = (case.value(name) for name in ("number", "date", "gross"))
    if number is None or issued is None:
        return
    is_credit = case.value("kind") == CREDIT_NOTE
    for past in case.past:
        if (past.kind == "381") != is_credit:
            continue
        same_number = squeezed(past.number) == squeezed(number)
        if same_number and past.issue_date.year == issued.year:
            yield doubt(
                "duplicate",
                "number",
                "Cette facture est déjà enregistrée : %(reference)s, du %(day)s, %(gross)s.",
                **_said(past),
            )
            return
        if gross is not None and past.gross == gross and _is_copy(past, number, issued, same_number=same_number):
            yield doubt(
                "duplicate",
                "number",
                "Même fournisseur, même montant et dates proches que %(reference)s (n° %(number)s du %(day)s, "
                "%(gross)s) : vérifiez si ce n’est pas la même facture sous un autre numéro.",
                **_said(past),
            )
            return


def _is_copy(past: Past, number: str, issued: object, *, same_number: bool) -> bool:
    """The same amount on nearly the same day, or under a number that holds the other one."""
    one, other = sorted((squeezed(past.number), squeezed(number)), key=len)
    within = len(one) >= 4 and one in other
    return same_number or within or abs((past.issue_date - issued).days) <= NEAR  # type: ignore[operator]


def _said(past: Past) -> dict[str, str]:
    return {
        "reference": past.reference,
        "number": past.number,
        "day": f"{past.issue_date:%d/%m/%Y}",
        "gross": _money(past.gross),
    }


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",")


def _amount(case: Case) -> Iterator[Doubt]:
    gross = case.value("gross")
    if gross is None or case.supplier is None or case.value("kind") == CREDIT_NOTE:
        return
    seen = [past.gross for past in case.past if past.kind != "381"]
    most = max(seen, default=Decimal(0)) * TIMES
    if len(seen) < ENOUGH_HISTORY:
        most = max(most, FIRST_ONES)
    if gross <= most:
        return
    if seen:
        yield doubt(
            "unusual_amount",
            "gross",
            "Montant inhabituel : %(gross)s, plus de %(times)d fois la plus haute facture de ce fournisseur (%(most)s)."
            " Vérifiez ce qui est facturé.",
            gross=_money(gross),
            times=TIMES,
            most=_money(max(seen)),
        )
    else:
        yield doubt(
            "unusual_amount",
            "gross",
            "Première facture de ce fournisseur, de %(gross)s : vérifiez ce qui est facturé.",
            gross=_money(gross),
        )
