"""The fields of each method's body, as published; any other is refused.

A criterion that was silently ignored would hand out the invoices of others. Of the published ones only those that this
simulator obeys are named. Sources: the reference of the methods, and clients that run against the real service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, "Fields | None"]


def _fields(names: str, **nested: Fields) -> Fields:
    return {**dict.fromkeys(names.split()), **nested}


PAGE = _fields("nbResultatsParPage pageResultatDemandee triColonne triSens")
_PERIODS = """
    periodeDateDepotDu periodeDateDepotAu periodeDateFactureDu periodeDateFactureAu
    periodeDateHeureEtatCourantDu periodeDateHeureEtatCourantAu
"""


def _history_page(name: str) -> Fields:
    return _fields(
        f"nbResultatsParPageListe{name} pageResultatDemandeeListe{name} triColonneListe{name} triSensListe{name}"
    )


METHODS: Mapping[str, Fields] = {
    "factures/v1/deposer/flux": _fields("fichierFlux nomFichier syntaxeFlux avecSignature idUtilisateurCourant"),
    "factures/v1/rechercher/fournisseur": _fields(
        f"numeroFacture numeroFluxDepot typeFacture statutCourant idUtilisateurCourant {_PERIODS}",
        rechercheFactureParFournisseur=PAGE,
    ),
    "factures/v1/consulter/historique": _fields(
        "idFacture idEspace idUtilisateurCourant nbResultatsMaximum",
        paramRechercheHistoStatuts=_history_page("HistoStatut"),
        paramRechercheHistoActionsUtilisateurs=_history_page("HistoAction"),
        paramRechercheHistoEvenementsComplementaires=_history_page("HistoEvenement"),
    ),
    "factures/v1/recycler": _fields(
        "identifiantFactureCPP idUtilisateurCourant commentaire",
        destinataire=_fields("codeDestinataire codeServiceExecutant"),
        reference=_fields(
            "deviseFacture modePaiement motifExonerationTva numeroBonCommande numeroFactureOrigine numeroMarche"
            " typeFacture typeTva"
        ),
    ),
    "factures/v1/completer": _fields(
        "identifiantFactureCPP idUtilisateurCourant commentaire",
        pieceJointeComplementaire=_fields(
            "pieceJointeComplementaireDesignation pieceJointeComplementaireId pieceJointeComplementaireIdLiaison"
            " pieceJointeComplementaireNumeroLigneFacture pieceJointeComplementaireType"
        ),
    ),
    "transverses/v1/consulterCRDetaille": _fields("numeroFluxDepot"),
    "transverses/v1/ajouter/fichier": _fields(
        "pieceJointeFichier pieceJointeNom pieceJointeTypeMime pieceJointeExtension"
    ),
    "structures/v1/rechercher": _fields(
        "restreindreStructuresPrivees",
        structure=_fields(
            "typeIdentifiantStructure identifiantStructure raisonSocialeStructure typeStructure statutStructure"
        ),
        parametres=PAGE,
    ),
    "structures/v1/consulter": _fields("idStructureCPP codeLangue"),
    "structures/v1/rechercher/services": _fields("idStructure", parametresRechercherServicesStructure=PAGE),
    "structures/v1/consulter/service": _fields("idStructure idService"),
    "utilisateurs/v1/monCompte/recuperer/rattachements": _fields("", parametresRecherche=PAGE),
    "engagementsJuridiques/v1/rechercher": _fields(
        "structureReceptriceEngagementJuridique numeroEngagementJuridique etatCourantEngagementJuridique",
        paramRecherche=PAGE,
    ),
}


def stranger(path: str, body: Mapping[str, Any]) -> str:
    """The first field of the body that the method does not have, by its path in the body; '' when all are known."""
    known = METHODS.get(path.partition("/cpro/")[2])
    return _stranger(known, body) if known is not None else ""


def _stranger(known: Fields, body: Mapping[str, Any]) -> str:
    for name, value in body.items():
        if name not in known:
            return name
        inner = known[name]
        for item in value if isinstance(value, list) else [value]:
            if inner is not None and isinstance(item, dict) and (found := _stranger(inner, item)):
                return f"{name}.{found}"
    return ""
