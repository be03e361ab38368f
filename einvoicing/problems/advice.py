"""What a bad status means for a person: its title, and what to do. Sentences alone."""

from __future__ import annotations

from django.utils.translation import gettext_noop as n

from einvoicing.models import ErrorClass, TransmissionStatus

REFUSED = "210"
_NEW_ONE = n("Faites un avoir, corrigez ce qui a été reproché, puis émettez une nouvelle facture : elle repart seule.")

# status → (title, what to do)
NEWS: dict[str, tuple[str, str]] = {
    "206": (
        n("Le client n’approuve qu’une partie de la facture"),
        n("Convenez avec lui du montant, puis faites un avoir pour la différence."),
    ),
    "207": (
        n("Le client conteste la facture"),
        n("Voyez avec lui : levez la contestation si elle est réglée, sinon faites un avoir. Les relances attendent."),
    ),
    "208": (
        n("La facture est suspendue : il lui manque quelque chose"),
        n("Envoyez au client ce qu’il demande : son traitement reprend ensuite."),
    ),
    REFUSED: (n("Le client a refusé la facture"), _NEW_ONE),
    "221": (
        n("La facture n’est pas arrivée au bon service"),
        n("Corrigez l’adresse de facturation du client, puis faites un avoir et une nouvelle facture."),
    ),
}
_SETTLE_NOTE = n(
    "Voyez avec lui ce qui ne convient pas. Si l’avoir est à reprendre, facturez de nouveau les mêmes lignes ; sinon "
    "classez sans suite."
)
NOTE_REFUSED = (n("Le client a refusé l’avoir"), _SETTLE_NOTE)
NOTE_REJECTED = (n("La plateforme a rejeté l’avoir : il n’est pas chez le client"), _SETTLE_NOTE)
REJECTED = (n("La plateforme a rejeté la facture : elle n’est pas chez le client"), _NEW_ONE)
# the same, where it can be answered from here
ANSWERABLE: dict[str, str] = {
    "208": n("Répondez par un commentaire et les pièces demandées : la facture garde son numéro et sa date."),
    "221": n(
        "Indiquez le bon service ou le bon engagement : la même facture repart. Si c’est le SIRET du client qui est "
        "faux, faites plutôt un avoir et une nouvelle facture."
    ),
}
STOPPED: dict[str, str] = {
    TransmissionStatus.DEAD: n("L’envoi est abandonné : la facture n’est pas chez le client"),
    TransmissionStatus.INVALID: n("La facture n’est pas partie : une règle n’est pas respectée"),
}
ANSWER_STOPPED = (
    n("La réponse n’a pas été prise par la plateforme"),
    n("Lisez sa réponse ci-dessous. Corrigez et répondez de nouveau sur la page de la transmission, ou relancez."),
)
DUPLICATED = n(
    "Quelqu’un y a finalisé la copie : la même vente porte deux numéros. Établissez là-bas l’avoir de ce document ; "
    "ici la facture garde son numéro. Puis classez sans suite."
)
RECEIPT_STOPPED = n(
    "Regardez dans le livre des recettes s’il y est. S’il manque, inscrivez-le là-bas ou relancez ; sinon classez sans "
    "suite."
)
# what ends a stop, by what stopped it
TO_DO: dict[str, str] = {
    ErrorClass.AUTH: n(
        "Corrigez l’identifiant et le secret dans les réglages, testez la connexion, puis remettez en file."
    ),
    ErrorClass.NETWORK: n(
        "La plateforme n’a pas répondu malgré tous les essais. Vérifiez qu’elle est en service, puis remettez en file."
    ),
    ErrorClass.FORMAT: n(
        "La plateforme refuse ce fichier. Lisez sa réponse ci-dessous ; si la facture est fausse, faites un avoir."
    ),
    ErrorClass.VALIDATION: n(
        "La facture n’est pas conforme. Corrigez la fiche en cause, puis remettez en file ; sinon faites un avoir."
    ),
}
