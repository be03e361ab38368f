"""Why, in a sentence that a person understands."""

from __future__ import annotations

from collections.abc import Callable

from payments.matching.items import AUTO, NONE, PROPOSED, Loser, Verdict

PHRASES = {
    "order": "%(value)s est une référence de bout en bout que nous avons donnée",
    "expected": "%(value)s, de ce montant, est attendu sur le compte et cité",
    "slip": "%(value)s, de ce montant, est attendu sur le compte",
    "rf": "la référence %(value)s est citée",
    "number": "le numéro %(value)s est cité en entier",
    "near": "le numéro %(value)s semble cité",
    "cut": "la liste de numéros semble coupée : %(value)s la complète",
    "sum": "%(value)s font ensemble ce montant",
    "whole": "%(value)s sont tout ce que doit ce client",
    "credit": "après déduction de %(value)s, au crédit du client",
    "amount": "le montant de %(value)s est exact",
    "learned": "ce compte est connu pour payer les factures de « %(value)s »",
    "same": "le nom du payeur est celui du client, « %(value)s »",
    "payer": "le payeur est « %(value)s »",
    "instructed": "le payeur a ordonné %(value)s",
    "missing": "il manque %(value)s",
    "fee": "la différence de %(value)s ressemble à des frais",
    "discount": "la différence de %(value)s est celle d’un escompte",
    "rounding": "la différence de %(value)s est un arrondi",
    "excess": "il y a %(value)s de trop, à garder au crédit du client",
    "settled": "%(value)s est déjà soldée : c’est peut-être un double paiement",
    "repeat": "le même montant a été reçu le %(value)s : c’est peut-être un double paiement",
    "known": "%(value)s, au crédit de ce client, est peut-être le même argent",
    "barred": "%(value)s a déjà été écartée de cette ligne",
    "rivals": "pourrait aussi payer %(value)s",
    "alike": "%(value)s, d’un numéro voisin, doit le même montant",
    "instalment": "ce peut être une partie de %(value)s",
    "touched": "%(value)s est déjà payée en partie",
    "unknown": "« %(value)s » n’est le numéro d’aucune facture ouverte",
    "word": "le mot « %(value)s » dit autre chose",
    "other_payer": "le payeur est un autre client, « %(value)s »",
    "customers": "ces factures sont de plusieurs clients : %(value)s",
    "currency": "%(value)s est dans une autre devise",
    "refund": "c’est notre remboursement %(value)s",
    "returned": "c’est le retour de %(value)s",
    "supplier": "c’est notre règlement %(value)s",
    "purchase": "c’est le montant de la facture fournisseur %(value)s",
    "iban": "ce compte est celui, confirmé, de « %(value)s »",
    "came_back": "c’est le retour de notre règlement %(value)s",
    "debit": "un débit de %(value)s ne paie pas une facture",
}
# why a rival was not preferred
LOSSES = {
    "later": "%(number)s vient après : la dette la plus ancienne est payée d’abord",
    "touched": "%(number)s est déjà réglée en partie",
    "amount": "%(number)s n’a pas ce montant",
    "payer": "%(number)s est d’un client qui n’est pas le payeur",
    "settled": "%(number)s n’est pas la facture citée",
    "barred": "%(number)s a déjà été écartée de cette ligne",
}
DAYS = frozenset({"repeat"})
AMOUNTS = frozenset({"amount", "missing", "excess", "debit", "fee", "discount", "rounding"})
OPENINGS = {
    AUTO: "Rapproché automatiquement : %(reasons)s.",
    PROPOSED: "Proposé, à confirmer : %(reasons)s.",
    NONE: "Non rapproché : %(reasons)s.",
}
NO_REASON = "ni référence, ni numéro, ni montant unique ne désignent une facture"


def explain(
    verdict: Verdict,
    translate: Callable[[str], str] = str,
    amounts: Callable[[str], str] = str,
    days: Callable[[str], str] = str,
) -> str:
    """Why, in one sentence. Where the reader may not be French, `translate` is gettext, `amounts` writes « 1 234,00 »
    as he does, and `days` « 31/12/2026 ».
    """
    written = {**dict.fromkeys(AMOUNTS, amounts), **dict.fromkeys(DAYS, days)}
    reasons = [
        translate(PHRASES[piece.kind]) % {"value": written.get(piece.kind, str)(piece.value)}
        for piece in verdict.evidence
    ]
    return translate(OPENINGS[verdict.kind]) % {"reasons": " ; ".join(reasons) or translate(NO_REASON)}


def explain_loss(loser: Loser, translate: Callable[[str], str] = str) -> str:
    """Why a rival invoice was not preferred."""
    return translate(LOSSES[loser.why]) % {"number": loser.number}
