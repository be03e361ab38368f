"""The rules a person meets most often, said in one French sentence that tells what to do.

Rules without a sentence show their official message. Keys are official rule identifiers, most precise first.
"""

from __future__ import annotations

import re

# BR-FR-05_BT-22_PMT, BR-FR-32-LEGALID and BR-FR-MV-14-EXT-FR-FE-136 are places where BR-FR-05, -32, -MV-14 are tested
_BASE = re.compile(r"BR-FR-(?:[A-Z]+-)?\d+")

SENTENCES: dict[str, str] = {
    "BR-FR-01_BT-1": "Le numéro de facture dépasse 35 caractères.",
    "BR-FR-02_BT-1": "Le numéro de facture ne peut contenir que des lettres sans accent, des chiffres et - _ + /.",
    "BR-FR-04_BT-3": "Ce type de document n’est pas accepté en France.",
    "BR-FR-05_BT-22_PMT": "La mention de l’indemnité forfaitaire de 40 € pour frais de recouvrement manque.",
    "BR-FR-05_BT-22_PMD": "La mention des pénalités de retard manque.",
    "BR-FR-05_BT-22_AAB": "La mention de l’escompte, ou de son absence, manque.",
    "BR-FR-06": "Une mention obligatoire figure deux fois.",
    "BR-FR-08": "Le cadre de facturation n’est pas accepté : choisissez B, S ou M suivi de son chiffre (S1…).",
    "BR-FR-09_BT-29": "Votre SIRET doit avoir 14 chiffres et commencer par votre SIREN.",
    "BR-FR-09_BT-46": "Le SIRET du client doit avoir 14 chiffres et commencer par son SIREN.",
    "BR-FR-10": "Votre SIREN manque ou n’a pas 9 chiffres : complétez la fiche de la société.",
    "BR-FR-11": "Le SIREN du client manque ou n’a pas 9 chiffres : complétez la fiche du client.",
    "BR-FR-12": "L’adresse électronique du client manque ou n’est pas valable : complétez sa fiche.",
    "BR-FR-13": "Votre adresse électronique de facturation manque ou n’est pas valable.",
    "BR-FR-15": "Cette catégorie de TVA n’est pas acceptée en France.",
    "BR-FR-16": "Ce taux de TVA n’est pas un taux français.",
    "BR-FR-21": "L’adresse électronique du client doit commencer par son SIREN et être de l’annuaire français (0225).",
    "BR-FR-32": "Un SIREN n’a pas exactement 9 chiffres.",
    "BR-FR-CO-04": "Une facture rectificative doit citer une seule facture antérieure, avec sa date.",
    "BR-FR-CO-05": "Un avoir doit citer la facture qu’il corrige, avec sa date.",
    "BR-FR-CO-07": "La date d’échéance est antérieure à la date de facture.",
    "BR-FR-CO-09": "Une facture déjà payée doit avoir un net à payer nul et la date du paiement.",
    "BR-CO-03": "La date et le code d’exigibilité de la TVA ne peuvent pas figurer ensemble.",
    "BR-CO-10": "Le total des lignes n’est pas la somme des montants nets des lignes.",
    "BR-CO-11": "Le total des remises n’est pas la somme des remises du document.",
    "BR-CO-12": "Le total des frais n’est pas la somme des frais du document.",
    "BR-CO-13": "Le total hors taxes n’est pas : lignes − remises + frais.",
    "BR-CO-14": "Le total de TVA n’est pas la somme des montants de TVA par taux.",
    "BR-CO-15": "Le total TTC n’est pas : total hors taxes + TVA.",
    "BR-CO-16": "Le net à payer n’est pas : total TTC − déjà payé + arrondi.",
    "BR-CO-17": "Un montant de TVA n’est pas sa base multipliée par son taux.",
    "BR-CO-26": "Le vendeur doit avoir un SIREN, un identifiant ou un numéro de TVA.",
    "BR-61": "Un paiement par virement demande un IBAN.",
    "CII-SR-470": "Un paiement par virement demande un IBAN.",
    "BR-S-01": "Une ligne au taux normal ou réduit demande un récapitulatif de TVA de catégorie S.",
    "BR-S-02": "Une facture avec TVA demande votre numéro de TVA.",
    "BR-S-05": "Une ligne soumise à TVA doit avoir un taux supérieur à zéro.",
    "BR-S-08": "La base de TVA d’un taux n’est pas la somme des lignes à ce taux.",
    "BR-S-09": "Le montant de TVA d’un taux n’est pas sa base multipliée par ce taux.",
    "BR-E-02": "Une exonération demande votre numéro de TVA ou, en franchise, un identifiant fiscal (le SIREN).",
    "BR-E-10": "Une exonération de TVA demande son motif.",
    "BR-AE-02": "L’autoliquidation demande votre numéro de TVA et celui du client.",
    "BR-AE-10": "L’autoliquidation demande le motif « Autoliquidation ».",
    "BR-O-02": "Une opération hors champ de la TVA ne porte aucun numéro de TVA.",
    "BR-IC-02": "Une livraison intracommunautaire demande votre numéro de TVA et celui du client.",
    "BR-IC-11": "Une livraison intracommunautaire demande une date ou une période de livraison.",
    "BR-IC-12": "Une livraison intracommunautaire demande le pays de livraison.",
}


def base(identifier: str) -> str:
    """The rule that an identifier of a schematron tests at one place: BR-FR-05 for BR-FR-05_BT-22_PMT."""
    found = _BASE.match(identifier)
    return found.group() if found else identifier.split("_", 1)[0]


def sentence(identifier: str, official: str) -> str:
    """The French sentence of a rule, else its official message."""
    return SENTENCES.get(identifier) or SENTENCES.get(base(identifier)) or official
