"""The two vocabularies of Chorus Pro, kept apart: the states of a deposited flow, and the statuses of an invoice.

Words without an entry are unknown: they are kept and shown as they came, never taken for "in progress". "Paid" is
not among them: many public bodies never report it, and only the bank proves it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from config.kernel import remote_json
from config.kernel.clock import PARIS
from config.kernel.errors import Invalid
from einvoicing.platforms.answers import AckStatus, RemoteStatus

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

_DAY_FIRST = re.compile(r"^(\d\d)/(\d\d)/(\d{4})")
_FIRST_MILLISECOND, _LAST_MILLISECOND = 10**12, 4 * 10**12  # of 2001 and of 2096
_UNDATED = datetime(1, 1, 2, tzinfo=PARIS)
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
    """Chorus Pro's clock, in Paris unless it names a zone; None for a form that is not known.

    « AAAA-MM-JJ » and « JJ/MM/AAAA », with « HH:MM » or more after them, and milliseconds since 1970.
    """
    if isinstance(value, int) and value >= _FIRST_MILLISECOND:
        return datetime.fromtimestamp(value / 1000, PARIS) if value <= _LAST_MILLISECOND else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(_DAY_FIRST.sub(r"\3-\2-\1", value.strip()))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)


def read(data: bytes) -> tuple[RemoteStatus, ...]:
    """Every status of an invoice, oldest first, and last the current one where the history lacks it. Raises Invalid.

    `data`: an answer of consulter/historique, or a list of what the invoice's row says (`row_facts`) and of the pages
    of its history. The clock tells minutes: statuses of one minute are set a millisecond apart, so that their order is
    kept. One whose date cannot be read comes after the dated ones and quotes it.
    """
    answers = _answers(data)
    number, entries = _entries(answers)
    found: list[RemoteStatus] = []
    for at, _order, row in sorted(entries, key=lambda entry: (entry[0] is None, entry[0] or _UNDATED, entry[1])):
        word, reason = row["histoStatutCode"], str(row.get("histoStatutCommentaire") or "")
        if at is None:
            reason = f"{reason} (date illisible : « {row.get('histoStatutDatePassage')} »)".strip()
        found.append(_after(found, _status(number, word, at, reason)))
    return (*found, *_current(number, answers, found))


def row_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """What rechercher/fournisseur says of the invoice's current status."""
    return {name: row.get(name) for name in ("statut", "dateHeureEtatCourant", "commentaireEtatCourant")}


def _status(number: str, word: str, at: datetime | None, reason: str) -> RemoteStatus:
    return RemoteStatus(number, code_of(word), word, at or _UNDATED, reason=reason, is_dated=at is not None)


def _after(found: list[RemoteStatus], status: RemoteStatus) -> RemoteStatus:
    """The status, later than those before it."""
    if not found or not status.is_dated:
        return status
    return replace(status, at=max(status.at, found[-1].at + timedelta(milliseconds=1)))


def _current(number: str, answers: Sequence[Mapping[str, Any]], found: list[RemoteStatus]) -> Iterator[RemoteStatus]:
    """The current status, when the history was cut before it."""
    row = next((answer for answer in answers if "statut" in answer), {})
    words = [str(answer["statutCourantCode"]) for answer in answers if answer.get("statutCourantCode")]
    word = words[-1] if words else str(row.get("statut") or "")
    if not word or (found and found[-1].raw == word):
        return
    is_same = row.get("statut") == word
    at = instant(row.get("dateHeureEtatCourant")) if is_same else None
    reason = str(row.get("commentaireEtatCourant") or "") if is_same else ""
    dated = [status for status in found if status.is_dated]
    if at is None and dated:
        at = dated[-1].at
    yield _after(dated, _status(number, word, at, reason))


def _answers(data: bytes) -> list[Mapping[str, Any]]:
    try:
        found = remote_json.read(data)
    except ValueError:
        raise _unreadable() from None
    answers = found if isinstance(found, list) else [found]
    if not all(isinstance(answer, dict) for answer in answers):
        raise _unreadable()
    return answers


def _entries(
    answers: Sequence[Mapping[str, Any]],
) -> tuple[str, list[tuple[datetime | None, int, Mapping[str, Any]]]]:
    """The invoice's number, and each status of all pages once, with its date and its rank."""
    pages = [answer for answer in answers if "historiquesDesStatuts" in answer]
    try:
        number = pages[0]["numeroFacture"]
        rows = [row for page in pages for row in page["historiquesDesStatuts"]["histoStatut"]]
        entries = [
            (instant(row.get("histoStatutDatePassage")), int(row.get("histoStatutId") or 0), row) for row in rows
        ]
        words = [row["histoStatutCode"] for row in rows]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _unreadable() from None
    if not isinstance(number, str) or not number or not all(isinstance(word, str) and word for word in words):
        raise _unreadable()
    once = {(order or place): (at, order, row) for place, (at, order, row) in enumerate(entries, start=-len(entries))}
    return number, list(once.values())


def _unreadable() -> Invalid:
    return Invalid("L’historique donné par Chorus Pro est illisible.")
