"""The life-cycle of an electronic invoice (flux 6): statuses and reasons of XP Z12-012, as literal tables.

MDT-105 is the status code, MDT-77 its phase, MDT-88 its UNTDID code, MDT-113 the reason. Platforms may add
codes: an unknown one is kept and shown, never an error. Treatment statuses come at any time and in any order
(XP Z12-014 annex B §1.2), so this module classifies them and refuses none.
"""

from __future__ import annotations

from dataclasses import dataclass

UNMAPPED = "???"  # what a platform's word is filed under that has no code of ours
TRANSMISSION = "305"  # MDT-77, posted by platforms
TREATMENT = "23"  # MDT-77, posted by the seller, the buyer or a third party


@dataclass(frozen=True, slots=True)
class Status:
    """One row of the table of statuses. `untdid` is '' where the standard gives none."""

    code: str  # MDT-105
    label: str  # MDT-106
    phase: str  # MDT-77
    untdid: str  # MDT-88
    posted_by: str  # SELLER_PLATFORM, BUYER_PLATFORM, PLATFORM, BUYER, SELLER, APPROVER or FACTOR
    obligatory: bool = False  # also carried to the public concentrator
    reason_required: bool = False  # BR-FR-CDV-15
    final: bool = False  # no further status may follow it
    bad: bool = False  # somebody has to act


STATUSES: dict[str, Status] = {
    status.code: status
    for status in (
        Status("200", "Déposée", TRANSMISSION, "10", "SELLER_PLATFORM", obligatory=True),
        Status("201", "Émise par la plateforme", TRANSMISSION, "51", "SELLER_PLATFORM"),
        Status("202", "Reçue par la plateforme", TRANSMISSION, "43", "BUYER_PLATFORM"),
        Status("203", "Mise à disposition", TRANSMISSION, "48", "BUYER_PLATFORM"),
        Status("204", "Prise en charge", TREATMENT, "45", "BUYER"),
        Status("205", "Approuvée", TREATMENT, "1", "BUYER"),
        Status(
            "206",
            "Approuvée partiellement",
            TREATMENT,
            "49",
            "BUYER",
            reason_required=True,
            bad=True,
        ),
        Status("207", "En litige", TREATMENT, "46", "BUYER", reason_required=True, bad=True),
        Status("208", "Suspendue", TREATMENT, "39", "BUYER", reason_required=True, bad=True),
        Status("209", "Complétée", TREATMENT, "37", "SELLER"),
        Status(
            "210",
            "Refusée",
            TREATMENT,
            "50",
            "BUYER",
            obligatory=True,
            reason_required=True,
            final=True,
            bad=True,
        ),
        Status("211", "Paiement transmis", TREATMENT, "47", "BUYER"),
        Status("212", "Encaissée", TREATMENT, "47", "SELLER", obligatory=True),
        Status(
            "213",
            "Rejetée",
            TRANSMISSION,
            "8",
            "PLATFORM",
            obligatory=True,
            reason_required=True,
            final=True,
            bad=True,
        ),
        Status("214", "Visée", TREATMENT, "", "APPROVER"),
        Status("220", "Annulée", TREATMENT, "", "SELLER", final=True),
        Status("221", "Erreur de routage", TRANSMISSION, "", "PLATFORM", bad=True),
        Status("224", "Demande de paiement direct", TREATMENT, "", "FACTOR"),
        Status("225", "Affacturée", TREATMENT, "", "FACTOR"),
        Status("226", "Affacturée confidentiel", TREATMENT, "", "FACTOR"),
        Status("227", "Changement de compte à payer", TREATMENT, "", "FACTOR"),
        Status("228", "Non affacturée", TREATMENT, "", "FACTOR"),
        Status(
            "501",
            "Irrecevable",
            TRANSMISSION,
            "",
            "PLATFORM",
            reason_required=True,
            final=True,
            bad=True,
        ),
    )
}

REASONS: dict[str, str] = {
    "NON_TRANSMISE": "Facture non transmise : le destinataire n’a pas d’adresse active dans l’annuaire.",
    "MONTANTTOTAL_ERR": "Le montant total est erroné.",
    "CALCUL_ERR": "La facture contient une erreur de calcul.",
    "DOUBLON": "Cette facture a déjà été reçue.",
    "DEST_INC": "Le destinataire est inconnu.",
    "DEST_ERR": "La facture a été adressée au mauvais destinataire.",
    "ADR_ERR": "L’adresse de facturation électronique est erronée.",
    "REJ_SEMAN": "Une règle de gestion n’est pas respectée.",
    "REJ_UNI": "Le contrôle d’unicité a échoué : ce numéro de facture est déjà connu.",
    "REJ_COH": "Les données de la facture se contredisent.",
    "REJ_ADR": "Le contrôle de l’adresse électronique a échoué.",
    "REJ_CONT_B2G": "Un contrôle propre au secteur public a échoué.",
    "REJ_REF_PJ": "Une pièce jointe est mal référencée.",
    "REJ_ASS_PJ": "Une pièce jointe est mal rattachée à la facture.",
    "TX_TVA_ERR": "Le taux de TVA est erroné.",
    "NON_CONFORME": "Une mention légale manque ou n’est pas conforme.",
    "TRANSAC_INC": "L’acheteur ne reconnaît pas cette transaction.",
    "EMMET_INC": "L’émetteur de la facture est inconnu de l’acheteur.",
    "CONTRAT_TERM": "Le contrat est terminé.",
    "DOUBLE_FACT": "La même prestation a déjà été facturée.",
    "CMD_ERR": "Le numéro de commande manque ou est erroné.",
    "REF_CT_ABSENT": "La référence du contrat manque.",
    "RETRAIT_MAN_SERV": "La facture est retirée à la demande du service.",
    "ST_CT_NON_DECLAR": "Le sous-traitant ou le cotraitant n’est pas déclaré.",
    "SUPPR_COMP_AVOIR": "La facture est supprimée et compensée par un avoir.",
    "TRANSF_PMNT_REGIE": "La facture est transférée à une régie pour paiement.",
    "CONTACT_ACHTR": "Le fournisseur doit prendre contact avec l’acheteur.",
    "AUTRE": "Autre motif.",
    "COORD_BANC_ERR": "Les coordonnées bancaires sont erronées.",
    "LIVR_INCOMP": "La livraison est incomplète.",
    "SIRET_ERR": "Le SIRET manque ou est erroné.",
    "CODE_ROUTAGE_ERR": "Le code de routage (service) manque ou est erroné.",
    "REF_ERR": "Une référence est erronée.",
    "PU_ERR": "Un prix unitaire est erroné.",
    "REM_ERR": "Une remise est erronée.",
    "QTE_ERR": "Une quantité est erronée.",
    "ART_ERR": "Un article est erroné.",
    "MODPAI_ERR": "Les modalités de paiement sont erronées.",
    "QUALITE_ERR": "La qualité livrée n’est pas conforme.",
    "JUSTIF_ABS": "Une pièce justificative manque.",
    "ROUTAGE_ERR": "La facture n’a pas pu être acheminée.",
    "IRR_VIDE_F": "Le fichier est vide.",
    "IRR_TYPE_F": "Le type du fichier n’est pas accepté.",
    "IRR_SYNTAX": "La syntaxe du fichier est incorrecte.",
    "IRR_TAILLE_PJ": "Une pièce jointe est trop volumineuse.",
    "IRR_NOM_PJ": "Le nom d’une pièce jointe n’est pas accepté.",
    "IRR_VID_PJ": "Une pièce jointe est vide.",
    "IRR_EXT_DOC": "L’extension du fichier n’est pas acceptée.",
    "IRR_TAILLE_F": "Le fichier est trop volumineux.",
    "IRR_ANTIVIRUS": "L’antivirus a refusé le fichier.",
    "IRR_NOM_F": "Le nom du fichier n’est pas accepté.",
}

_REFUSED = (
    "TX_TVA_ERR MONTANTTOTAL_ERR CALCUL_ERR NON_CONFORME DOUBLON DEST_ERR TRANSAC_INC EMMET_INC CONTRAT_TERM "
    "DOUBLE_FACT CMD_ERR ADR_ERR REF_CT_ABSENT"
)
_REJECTED = (
    "MONTANTTOTAL_ERR CALCUL_ERR DOUBLON DEST_INC ADR_ERR REJ_SEMAN REJ_UNI REJ_COH REJ_ADR REJ_CONT_B2G "
    "REJ_REF_PJ REJ_ASS_PJ"
)
_PARTIAL = (
    "AUTRE CMD_ERR SIRET_ERR CODE_ROUTAGE_ERR REF_CT_ABSENT REF_ERR PU_ERR REM_ERR QTE_ERR ART_ERR MODPAI_ERR "
    "QUALITE_ERR LIVR_INCOMP"
)

# BR-FR-CDV-CL-09: which reasons each status may carry
REASONS_OF: dict[str, tuple[str, ...]] = {
    "200": ("NON_TRANSMISE",),
    "206": tuple(_PARTIAL.split()),
    "207": tuple(
        f"AUTRE COORD_BANC_ERR {_REFUSED} DEST_INC SIRET_ERR CODE_ROUTAGE_ERR REF_ERR PU_ERR REM_ERR QTE_ERR "
        "ART_ERR MODPAI_ERR QUALITE_ERR LIVR_INCOMP".split()
    ),
    "208": (
        "JUSTIF_ABS",
        "COORD_BANC_ERR",
        "CMD_ERR",
        "SIRET_ERR",
        "CODE_ROUTAGE_ERR",
        "REF_CT_ABSENT",
        "REF_ERR",
    ),
    "210": tuple(_REFUSED.split()),
    "213": tuple(_REJECTED.split()),
    "221": ("ROUTAGE_ERR",),
    "501": tuple(code for code in REASONS if code.startswith("IRR_")),
}

# only Chorus Pro (platform 9999) may refuse with these
PUBLIC_REFUSALS: tuple[str, ...] = (
    "RETRAIT_MAN_SERV",
    "ST_CT_NON_DECLAR",
    "SUPPR_COMP_AVOIR",
    "TRANSF_PMNT_REGIE",
    "CONTACT_ACHTR",
    "AUTRE",
    "COORD_BANC_ERR",
    "LIVR_INCOMP",
)

# MDT-121, what the author of a status expects in return
ACTIONS: dict[str, str] = {
    "NOA": "Aucune action attendue",
    "PIN": "Fournir une information complémentaire",
    "NIN": "Créer une facture rectificative",
    "CNF": "Créer un avoir total",
    "CNP": "Créer un avoir partiel",
    "CNA": "Créer un avoir d’un montant convenu",
    "OTH": "Autre action",
}


def label(code: str) -> str:
    """The French name of a status (MDT-106); an unknown code is named by itself."""
    if code == UNMAPPED:
        return "État inconnu"
    status = STATUSES.get(code)
    return status.label if status else f"Statut {code}"


def is_final(code: str) -> bool:
    """Whether no other status may follow this one."""
    status = STATUSES.get(code)
    return status is not None and status.final


def is_bad(code: str) -> bool:
    """Whether the status asks somebody to act: refused, rejected, in dispute, suspended…"""
    status = STATUSES.get(code)
    return status is not None and status.bad


def reason(code: str) -> str:
    """The French sentence of a reason code; an unknown code is shown as it came."""
    return REASONS.get(code, code)
