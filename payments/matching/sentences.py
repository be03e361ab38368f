"""Why, in a sentence that a person understands."""

from __future__ import annotations

from collections.abc import Callable

from payments.matching.items import AUTO, NONE, PROPOSED, Verdict

PHRASES = {
    "rf": "la référence %(value)s est citée",
    "number": "le numéro %(value)s est cité en entier",
    "near": "le numéro %(value)s semble cité",
    "sum": "%(value)s font ensemble ce montant",
    "amount": "le montant de %(value)s est exact",
    "payer": "le payeur est « %(value)s »",
    "missing": "il manque %(value)s",
    "excess": "il y a %(value)s de trop, à garder au crédit du client",
    "settled": "%(value)s est déjà soldée : c’est peut-être un double paiement",
    "known": "%(value)s, au crédit de ce client, est peut-être le même argent",
    "barred": "%(value)s a déjà été écartée de cette ligne",
    "rivals": "pourrait aussi payer %(value)s",
    "currency": "%(value)s est dans une autre devise",
    "debit": "un débit de %(value)s ne paie pas une facture",
}
AMOUNTS = frozenset({"amount", "missing", "excess", "debit"})
OPENINGS = {
    AUTO: "Rapproché automatiquement : %(reasons)s.",
    PROPOSED: "Proposé, à confirmer : %(reasons)s.",
    NONE: "Non rapproché : %(reasons)s.",
}
NO_REASON = "ni référence, ni numéro, ni montant unique ne désignent une facture"


def explain(verdict: Verdict, translate: Callable[[str], str] = str, amounts: Callable[[str], str] = str) -> str:
    """Why, in one sentence. Where the reader may not be French, `translate` is gettext, and `amounts` writes
    « 1 234,00 » as he does.
    """
    reasons = [
        translate(PHRASES[piece.kind]) % {"value": amounts(piece.value) if piece.kind in AMOUNTS else piece.value}
        for piece in verdict.evidence
    ]
    return translate(OPENINGS[verdict.kind]) % {"reasons": " ; ".join(reasons) or translate(NO_REASON)}
