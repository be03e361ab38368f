"""Chorus Pro's look-ups: public bodies and their services, commitments, and the technical account itself.

A refusal for lack of patience (429, 5xx) is tried again before the caller hears of it, within DEADLINE.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import tenacity

from config.kernel.clock import PARIS
from config.kernel.errors import RemoteError
from config.kernel.folding import fold
from config.kernel.http import AnsweredError
from einvoicing.platforms.afnor.payloads import unreadable
from einvoicing.platforms.base import PlatformSettings
from einvoicing.platforms.chorus_pro.calls import Answer, Caller
from einvoicing.platforms.chorus_pro.structures import (
    INTERNAL_SERVICE,
    Named,
    Requirements,
    Service,
    Structure,
    TechnicalAccount,
)

DEADLINE = 20.0  # seconds for all the calls of one conversation, pauses included: a person may be waiting
_MOST_SERVICES = 10_000  # the default page holds ten
MOST_NAMED = 20
_NOBODY = re.compile(r"\b(inconnue?|introuvable|aucune? \w+ ne correspond|n.existe pas|pas de resultat)\b")
_FRENCH_DAY = re.compile(r"^(\d\d)/(\d\d)/(\d{4})")
sleep = time.sleep


class Lookups:
    """A conversation in the name of one technical account. Close it after use."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._caller = Caller(settings, attempts=1)
        self._attempts, self._delay = max(1, settings.retry_attempts), settings.retry_delay
        self._until = time.monotonic() + DEADLINE

    def close(self) -> None:
        self._caller.close()

    # -- public bodies -------------------------------------------------------------------------------------------

    def structure(self, siret: str) -> Structure | None:
        """The public body with this SIRET (14 digits), its requirements and services; None when Chorus has none."""
        if not re.fullmatch(r"\d{14}", siret):
            raise RemoteError("Le SIRET doit avoir 14 chiffres.", retryable=False, code="bad_siret")
        rows = self._search({"typeIdentifiantStructure": "SIRET", "identifiantStructure": siret})
        row = next((row for row in rows if row.get("identifiantStructure") == siret), None)
        if row is None:
            return None
        key = _key(row, "idStructureCPP")
        wants = _part(self._post("structures/v1/consulter", {"idStructureCPP": key, "codeLangue": "fr"}).facts)
        either = _flag(wants, "gestionNumeroEJOuCodeService")
        return Structure(
            id=key,
            siret=siret,
            name=str(row.get("designationStructure") or ""),
            is_active=str(row.get("statut") or "").upper() in {"ACTIF", "ACTIVE"},
            requirements=Requirements(
                service_code=not either and _flag(wants, "codeServiceDoitEtreRenseigne"),
                engagement=not either and _flag(wants, "numeroEJDoitEtreRenseigne"),
                either=either,
            ),
            reports_payment=not _flag(wants, "statutMiseEnPaiementNestPasRemonte"),
            services=self._services(key),
        )

    def named(self, words: str) -> tuple[Named, ...]:
        """The active public bodies whose name holds the words, twenty at most. Names are kept without accents."""
        plain = " ".join(re.sub(r"[’']", " ", fold(words)).upper().split())
        rows = self._search({"raisonSocialeStructure": plain, "typeStructure": "PUBLIQUE", "statutStructure": "ACTIF"})
        found = {str(row.get("identifiantStructure")): str(row.get("designationStructure") or "") for row in rows}
        return tuple(Named(siret, name) for siret, name in found.items() if re.fullmatch(r"\d{14}", siret))

    def _search(self, criteria: Mapping[str, str]) -> list[Mapping[str, Any]]:
        query = {
            "structure": criteria,
            "restreindreStructuresPrivees": False,
            "parametres": {"nbResultatsParPage": MOST_NAMED, "pageResultatDemandee": 1},
        }
        try:
            return self._post("structures/v1/rechercher", query).rows("listeStructures")
        except RemoteError as error:
            # a search that finds nobody is refused, in words of its own
            if _is_business(error) and _NOBODY.search(fold(error.message)):
                return []
            raise

    def _services(self, structure_id: int) -> tuple[Service, ...]:
        """Every service a supplier may write to, by name."""
        query = {
            "idStructure": structure_id,
            "parametresRechercherServicesStructure": {"nbResultatsParPage": _MOST_SERVICES, "pageResultatDemandee": 1},
        }
        rows = self._post("structures/v1/rechercher/services", query).rows("listeServices")
        found = [
            Service(
                id=_key(row, "idService"),
                code=str(row.get("codeService") or ""),
                name=str(row.get("libelleService") or ""),
                is_active=_flag(row, "estActif"),
                starts_on=day(row.get("dateDbtService")),
                ends_on=day(row.get("dateFinService")),
            )
            for row in rows
        ]
        found.sort(key=lambda service: service.name)
        return tuple(service for service in found if service.code and service.code != INTERNAL_SERVICE)

    def service_wants_engagement(self, structure: Structure, service: Service) -> bool:
        """Whether this service wants a commitment number, whatever its body wants."""
        query = {"idStructure": structure.id, "idService": service.id}
        return _flag(_part(self._post("structures/v1/consulter/service", query).facts), "numeroEngagement")

    def engagement_exists(self, account: TechnicalAccount, number: str) -> bool:
        """Whether the State's accounts hold this commitment, addressed to the structure of the account."""
        query = {
            "structureReceptriceEngagementJuridique": str(account.structure_id),
            "numeroEngagementJuridique": number,
            "etatCourantEngagementJuridique": "COMMANDE",
        }
        return bool(self._post("engagementsJuridiques/v1/rechercher", query).rows("listeEngagementJuridique"))

    # -- ourselves -----------------------------------------------------------------------------------------------

    def technical_account(self, siret: str) -> TechnicalAccount | None:
        """The structure that our technical account acts for: of several, the one with this SIRET; None for none."""
        page = {"nbResultatsParPage": 100, "pageResultatDemandee": 1}
        answer = self._post("utilisateurs/v1/monCompte/recuperer/rattachements", {"parametresRecherche": page})
        rows = answer.rows("listeStructureRattachement")
        own = [row for row in rows if row.get("identifiantStructure") == siret] or rows
        if not own:
            return None
        key = _key(own[0], "idStructure")
        facts = self._post("structures/v1/consulter", {"idStructureCPP": key, "codeLangue": "fr"}).facts
        # both spellings are met
        general = facts.get("informationsGenerales") or facts.get("informationGenerales") or {}
        ends = general.get("dateExpirationMotPasseCompteTech") if isinstance(general, dict) else None
        return TechnicalAccount(key, day(ends))

    # -- patience ------------------------------------------------------------------------------------------------

    def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._is_worth_waiting),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._pause,
            sleep=lambda seconds: sleep(seconds),
            reraise=True,
        )
        with self._caller.session.within(max(0.0, self._until - time.monotonic())):
            answer: Answer = again(self._caller.post, path, body)
        return answer

    def _is_worth_waiting(self, error: BaseException) -> bool:
        """Too busy or broken for the moment (429, 5xx), and well again before the deadline."""
        if not isinstance(error, AnsweredError) or not error.retryable:
            return False
        return time.monotonic() + (error.retry_after or 0) < self._until

    def _pause(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told = error.retry_after if isinstance(error, RemoteError) else None
        if told is not None:
            return float(told)
        return min(float(self._delay * 2 ** (state.attempt_number - 1)), max(0.0, self._until - time.monotonic()))


def day(value: object) -> date | None:
    """The day of a date or a moment, as ISO or DD/MM/YYYY, in Paris; None when there is none.

    Raises RemoteError when it is written otherwise: a bound that cannot be read is no bound to ignore.
    """
    text = _FRENCH_DAY.sub(r"\3-\2-\1", str(value or "").strip())
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise unreadable() from None
    if moment is None:
        return None
    return (moment.astimezone(PARIS) if moment.tzinfo else moment).date()


def _is_business(error: RemoteError) -> bool:
    """A codeRetour of the method, rather than a failure of the gateway or of our credentials."""
    if isinstance(error, AnsweredError) and error.response.status in {401, 403}:
        return False
    return not error.retryable and error.code.lstrip("-").isdigit()


def _key(row: Mapping[str, Any], name: str) -> int:
    try:
        return int(row[name])
    except (KeyError, TypeError, ValueError):
        raise unreadable() from None


def _part(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    part = facts.get("parametres")
    if not isinstance(part, dict):
        raise unreadable()
    return part


def _flag(facts: Mapping[str, Any], name: str) -> bool:
    return facts.get(name) is True
