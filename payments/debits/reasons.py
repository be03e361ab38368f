"""Why a bank sends a direct debit back: ISO 20022 codes (EPC173-14), in French, with what to do.

`is_final`: the mandate can no longer be used, a person confirms its revocation. `again`: it may be presented again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """`sentence` says what happened, `advice` what to do; both are French msgids."""

    sentence: str
    advice: str
    is_final: bool = False
    again: bool = False


CALL = "Appelez le client pour convenir d’un autre paiement."
NEW_MANDATE = "Révoquez ce mandat et faites-en signer un nouveau."
OTHER_ACCOUNT = "Demandez au client un RIB valable et un nouveau mandat."

REASONS: dict[str, Reason] = {
    "AC01": Reason("L’IBAN du débiteur est faux.", OTHER_ACCOUNT, is_final=True),
    "AC04": Reason("Le compte du débiteur est clos.", OTHER_ACCOUNT, is_final=True),
    "AC06": Reason("Le compte du débiteur est bloqué.", CALL),
    "AC13": Reason(
        "Le compte est celui d’un consommateur : le mandat interentreprises n’y vaut pas.", NEW_MANDATE, is_final=True
    ),
    "AG01": Reason("Ce compte n’accepte pas les prélèvements.", OTHER_ACCOUNT, is_final=True),
    "AG02": Reason(
        "La banque a refusé la séquence du prélèvement.", "Vérifiez si le mandat est récurrent ou ponctuel."
    ),
    "AM04": Reason(
        "La provision du compte est insuffisante.", "Présentez-le de nouveau, ou appelez le client.", again=True
    ),
    "AM05": Reason("La banque y voit un double.", "Vérifiez que la facture n’a pas été prélevée deux fois."),
    "BE05": Reason("La banque ne reconnaît pas l’identifiant créancier.", "Vérifiez votre ICS dans les réglages."),
    "MD01": Reason("Le débiteur dit n’avoir donné aucun mandat.", NEW_MANDATE, is_final=True),
    "MD02": Reason("Les données du mandat manquent ou sont fausses.", NEW_MANDATE, is_final=True),
    "MD06": Reason("Le débiteur conteste et demande le remboursement (huit semaines, sans motif).", CALL),
    "MD07": Reason("Le débiteur est décédé.", "Adressez-vous au notaire ou aux héritiers.", is_final=True),
    "MS02": Reason("Le débiteur a refusé, sans dire pourquoi.", CALL),
    "MS03": Reason("La banque ne dit pas pourquoi.", CALL, again=True),
    "RC01": Reason("Le BIC est faux.", OTHER_ACCOUNT),
    "RR04": Reason("La réglementation l’interdit.", CALL),
    "SL01": Reason("Le débiteur bloque vos prélèvements à sa banque.", CALL),
}
UNKNOWN = Reason("Motif non précisé par la banque.", CALL)
_CODE = re.compile(rf"\b({'|'.join(REASONS)})\b")


def reason_of(code: str) -> Reason:
    """An unknown code is kept as the bank wrote it, and nothing is guessed of it."""
    return REASONS.get(code, UNKNOWN)


def find_code(text: str) -> str:
    """The first known code in what a bank wrote; '' where there is none."""
    found = _CODE.search(text.upper())
    return found[1] if found else ""
