"""Doubts that the document alone gives: what could not be read, sums and keys that do not hold, days far off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from einvoicing.reception.judging.case import Case
from einvoicing.reception.judging.contents import NEEDED, missing_of
from einvoicing.reception.judging.result import Doubt, doubt
from einvoicing.reception.reading import ENOUGH, gates
from einvoicing.reception.reading.result import FIELDS

AHEAD, BEHIND = timedelta(days=3), timedelta(days=366)  # a date of invoice beside the day it is judged
# (gate, code, field, what is wrong and what to do)
_GATES = (
    (gates.SUMS, "sums", "gross", "Le HT et la TVA n’ont pas le TTC pour somme : corrigez le montant mal lu."),
    (gates.VAT_ROWS, "vat", "vat_rows", "La TVA par taux ne correspond pas aux totaux : vérifiez bases, taux et TVA."),
    (gates.SIREN, "checksum", "supplier_siren", "La clé du SIREN est fausse : comparez-le au document."),
    (gates.VAT_NUMBER, "checksum", "supplier_vat", "La clé du n° de TVA est fausse : comparez-le au document."),
    (
        gates.SIREN_MATCHES_VAT,
        "checksum",
        "supplier_vat",
        "Le n° de TVA n’est pas celui de ce SIREN : demandez au fournisseur lequel est le bon.",
    ),
    (gates.IBAN, "checksum", "iban", "La clé de l’IBAN est fausse : comparez-le au document."),
    (gates.DATES, "date", "due_date", "L’échéance précède la facture, ou s’en éloigne trop : vérifiez les dates."),
    (gates.ENGINES_AGREE, "low_confidence", "", "Deux lectures de l’image diffèrent : comparez chaque valeur."),
    (gates.WHOLE, "low_confidence", "", "Toutes les pages n’ont pas été lues : vérifiez les totaux."),
)
_MISSING = {
    "number": "Le numéro de facture n’a pas été trouvé : montrez-le sur la page.",
    "date": "La date de facture n’a pas été trouvée : montrez-la sur la page.",
    "net": "Le montant HT n’a pas été trouvé : montrez-le sur la page.",
    "vat": "Le montant de TVA n’a pas été trouvé : montrez-le sur la page.",
    "gross": "Le montant TTC n’a pas été trouvé : montrez-le sur la page.",
}
_UNSURE = "La lecture de cette valeur n’est pas sûre (%(share)d %%) : comparez-la au document."
# the word by which a difference of the page names its field
_PLACES = {
    "gross": "montant",
    "iban": "IBAN",
    "due_date": "échéance",
    "date": "date",
    "number": "numéro",
    "kind": "avoir",
}


def doubts_of_document(case: Case) -> Iterator[Doubt]:
    reading = case.reading
    for name in NEEDED:
        if reading.value(name) is None:
            yield doubt("low_confidence", name, _MISSING[name])
    if "vat_rows" in missing_of(reading):
        yield doubt("vat", "vat_rows", "Les taux de TVA n’ont pas été trouvés : indiquez la base et la TVA de chacun.")
    for gate, code, field, sentence in _GATES:
        if reading.gates.get(gate) is False:
            yield doubt(code, field, sentence)
    if case.details.get("is_negative"):
        yield doubt("sums", "gross", "Le total est négatif : c’est un avoir présenté comme une facture.")
    elif reading.value("gross") is not None and reading.value("gross") <= 0:
        yield doubt("sums", "gross", "Le total à payer est nul : vérifiez les montants.")
    yield from _picture(case)
    yield from _dates(case)
    yield from _confidence(case)


def _picture(case: Case) -> Iterator[Doubt]:
    """The page beside its XML: the reader has said which values differ."""
    if case.reading.gates.get(gates.PICTURE_MATCHES_XML) is not False:
        return
    for problem in case.reading.problems:
        folded = problem.casefold()
        field = next((name for name, word in _PLACES.items() if word.casefold() in folded), "")
        yield Doubt("picture_differs", field, problem)


def _dates(case: Case) -> Iterator[Doubt]:
    issued = case.value("date")
    if issued is None:
        return
    if issued > case.on + AHEAD:
        yield doubt("date", "date", "La facture est datée du %(day)s, dans l’avenir.", day=f"{issued:%d/%m/%Y}")
    elif issued < case.on - BEHIND:
        yield doubt(
            "date",
            "date",
            "La facture est datée du %(day)s, il y a plus d’un an : vérifiez si elle n’est pas déjà payée.",
            day=f"{issued:%d/%m/%Y}",
        )


def _confidence(case: Case) -> Iterator[Doubt]:
    reading = case.reading
    if reading.confidence >= ENOUGH:
        return
    unsure = [
        name
        for name in FIELDS
        if (found := reading.fields.get(name)) and found.value is not None and found.confidence < ENOUGH
    ]
    for name in unsure:
        yield doubt("low_confidence", name, _UNSURE, share=int(reading.fields[name].confidence * 100))
    if not unsure and not any(holds is False for holds in reading.gates.values()):
        yield doubt(
            "low_confidence",
            "",
            "La lecture n’est sûre qu’à %(share)d %% : comparez chaque valeur au document.",
            share=int(reading.confidence * 100),
        )
