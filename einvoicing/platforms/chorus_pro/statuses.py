"""The two vocabularies of Chorus Pro, kept apart: the states of a deposited flow, and the statuses of an invoice.

Words without an entry are unknown: they are kept and shown as they came, never taken for "in progress". "Paid" is
not among them: many public bodies never report it, and only the bank proves it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from config.kernel import remote_json
from config.kernel.clock import PARIS
from config.kernel.errors import Invalid
from einvoicing.platforms.base import AckStatus, RemoteStatus

INTEGRATED, PARTLY_INTEGRATED = "IN_INTEGRE", "IN_INTEGRE_PARTIEL"
REJECTED, INCIDENT = "IN_REJETE", "IN_INCIDENTE"

# etatCourantDepotFlux. A partial integration is decided invoice by invoice, by the caller.
FLOW_STATES: dict[str, AckStatus] = {
    "IN_RECU": AckStatus.PENDING,
    "IN_TRAITE_SE_CPP": AckStatus.PENDING,
    "IN_EN_ATTENTE_TRAITEMENT_CPP": AckStatus.PENDING,
    "IN_EN_COURS_TRAITEMENT_CPP": AckStatus.PENDING,
    "IN_EN_ATTENTE_RETRAITEMENT_CPP": AckStatus.PENDING,
    "IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP": AckStatus.PENDING,
    INCIDENT: AckStatus.ERROR,
    REJECTED: AckStatus.ERROR,
    INTEGRATED: AckStatus.OK,
    PARTLY_INTEGRATED: AckStatus.OK,
}

# statutCourantCode and histoStatutCode → our code (XP Z12-012)
INVOICE_STATUSES: dict[str, str] = {
    "DEPOSEE": "200",
    "EN_COURS_ACHEMINEMENT": "201",
    "MISE_A_DISPOSITION": "203",
    "PRISE_EN_COMPTE_DESTINATAIRE": "204",
    "SERVICE_FAIT": "204",  # the delivery is attested; nobody has agreed to pay yet
    "MANDATEE": "205",  # the payment is ordered
    "MISE_A_DISPOSITION_COMPTABLE": "205",
    "COMPTABILISEE": "205",
    "MISE_EN_PAIEMENT": "211",
    "SUSPENDUE": "208",
    "COMPLETEE": "209",
    "REJETEE": "210",  # by the recipient; Chorus Pro's own refusals are flow states
    "A_RECYCLER": "221",
    "EN_ATTENTE_RECYCLAGE_FOURNISSEUR": "221",
    "VALIDEE_1": "214",
    "VALIDEE_2": "214",
}

# documented, but without a counterpart: co-contracting, works contracts, OCR, drafts of the portal
_OTHERS = """
    BROUILLON A_VALIDER_1 A_VALIDER_2 REFUSEE_1 REFUSEE_2 ABSENCE_VALIDATION_1_HORS_DELAI
    ABSENCE_VALIDATION_2_HORS_DELAI ERREUR_FOURNISSEUR_SUR_VALIDEUR ERREUR_COTRAITANT_SUR_VALIDEUR
    ERREUR_FOURNISSEUR_SUR_MOE ERREUR_FOURNISSEUR_SUR_MOA ERREUR_MOE_SUR_FOURNISSEUR ERREUR_MOA_SUR_FOURNISSEUR
    ERREUR_MOE_SUR_MOA ERREUR_DESTINATAIRE_PD ERREUR_DESTINATAIRE_EA ERREUR_DE_MOE ERREUR_DE_MOA ABANDONNEE SUPPRIMEE
    ASSOCIEE EN_COURS_TRAITEMENT_PIVOT_S A_VALIDER_MOE REFUSEE_MOE REFUSEE_MOA REFUSEE_FOURNISSEUR INTERPRETEE_OCR
    NON_CONFORME A_ASSOCIER_MOE A_ASSOCIER_MOA A_ASSOCIER_FOURNISSEUR A_COMPLETER MISE_A_DISPOSITION_MOE
    MISE_A_DISPOSITION_MOA PRISE_EN_COMPTE_MOE PRISE_EN_COMPTE_MOA TRANSMISE_MOA REMPLACEE_PAR_A22
    DUPLIQUE_APRES_REFUS ABSENCE_VALIDATION_MOE_DELAI_REGLEMENTAIRE TECHNIQUE_INCONNU
"""
WITHOUT_CODE = frozenset(_OTHERS.split())

_DUPLICATE = re.compile(
    r"doublon|duplicate|deja (ete )?(connue?|recue?|deposee?|integree?|utilisee?|presente?)|existe deja"
)


def ack_status(word: str) -> AckStatus:
    return FLOW_STATES.get(word, AckStatus.UNKNOWN)


def code_of(word: str) -> str:
    """Our code for an invoice status, '' for a word that has none."""
    return INVOICE_STATUSES.get(word, "")


def is_duplicate(label: str) -> bool:
    """Whether a refusal is for being there already. Chorus Pro says so in words only."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return bool(_DUPLICATE.search(plain))


def instant(value: Any) -> datetime | None:
    """Chorus Pro's clock: « AAAA-MM-JJ », with « HH:MM » or more after it, in Paris unless it names a zone."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)


def read(data: bytes) -> tuple[RemoteStatus, ...]:
    """Every status of an answer of consulter/historique, oldest first. Raises Invalid.

    The clock tells minutes: statuses of one minute are set a millisecond apart, so that their order is kept.
    """
    number, entries = _entries(data)
    found: list[RemoteStatus] = []
    for at, _order, entry in sorted(entries, key=lambda item: item[:2]):
        moment = max(at, found[-1].at + timedelta(milliseconds=1)) if found else at
        word = str(entry["histoStatutCode"])
        reason = str(entry.get("histoStatutCommentaire") or "")
        found.append(RemoteStatus(number=number, code=code_of(word), raw=word, at=moment, reason=reason))
    return tuple(found)


def _entries(data: bytes) -> tuple[str, list[tuple[datetime, int, Mapping[str, Any]]]]:
    try:
        answer = remote_json.read(data)
        number = answer["numeroFacture"]
        rows = answer["historiquesDesStatuts"]["histoStatut"]
        entries = [(instant(row["histoStatutDatePassage"]), int(row.get("histoStatutId") or 0), row) for row in rows]
        codes = [row["histoStatutCode"] for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _unreadable() from None
    if not isinstance(number, str) or not number or not all(isinstance(word, str) and word for word in codes):
        raise _unreadable()
    dated = [(at, order, row) for at, order, row in entries if at is not None]
    if len(dated) != len(entries):
        raise _unreadable()
    return number, dated


def _unreadable() -> Invalid:
    return Invalid("L’historique donné par Chorus Pro est illisible.")
