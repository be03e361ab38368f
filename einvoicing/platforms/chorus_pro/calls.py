"""One call to Chorus Pro: POST in JSON, two credentials, and a verdict inside the answer (codeRetour)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.kernel.errors import RemoteError, Sentence
from config.kernel.http import AnsweredError, Response, Session
from config.kernel.logs import redact
from einvoicing.platforms.afnor.payloads import json_object, unreadable
from einvoicing.platforms.base import PlatformSettings
from einvoicing.platforms.tokens import token

MOST_BYTES = 160 * 1024 * 1024  # an answer may carry a flow of 120 MB in base64
_JSON = "application/json;charset=utf-8"

SCOPE = "openid"  # of PISTE
# an application is subscribed to each by itself, and gets 403 from the others
APIS = {
    "factures": "Factures",
    "structures": "Structures",
    "transverses": "Transverses",
    "utilisateurs": "Utilisateurs",
    "engagementsJuridiques": "Engagements juridiques",
}
NOT_SUBSCRIBED = "not_subscribed"
UNSUBSCRIBED = (
    "Votre application PISTE n’est pas abonnée à l’API « %(api)s » de Chorus Pro : abonnez-la sur piste.gouv.fr."
)
MARGIN = 240.0  # seconds: PISTE's tokens live an hour, and a call may take long


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method answered, its codeRetour checked; `raw` is the same, byte for byte."""

    facts: Mapping[str, Any]
    raw: bytes = field(repr=False)

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """A list of objects of the answer; absent or null is empty."""
        found = self.facts.get(name) or []
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


class Caller:
    """A conversation in the name of one technical account. Close it after use."""

    def __init__(self, settings: PlatformSettings, *, attempts: int = 2) -> None:
        self._settings = settings
        self._scope = settings.scope or SCOPE
        self._base = f"{settings.base_url.rstrip('/')}/cpro"
        self.session = Session(
            timeout=(settings.connect_timeout, settings.read_timeout),
            adapter=settings.connections(),
            max_bytes=MOST_BYTES,
            attempts=attempts,
            certificate=settings.certificate,
        )

    @property
    def base_url(self) -> str:
        return self._base

    def close(self) -> None:
        self.session.close()

    def post(self, path: str, body: Mapping[str, Any], *, reads_only: bool = True) -> Answer:
        """Call a business method. A codeRetour other than 0 is a refusal, whatever the HTTP status.

        RemoteError carries that code and its words. Unless `reads_only`, what cannot be read leaves the outcome
        unknown.
        """
        response = self._call("POST", path, json=body, reads_only=reads_only)
        facts = _facts(response, outcome_unknown=not reads_only)
        code = str(facts.get("codeRetour"))
        if code != "0":
            label = redact(str(facts.get("libelle") or ""))[:300]
            raise RemoteError(f"Chorus Pro refuse la demande. ({code} {label})", retryable=False, code=code)
        return Answer(facts, response.body)

    def get(self, path: str) -> None:
        """The health check, the only method that is not a POST; its body says nothing."""
        self._call("GET", path)

    def _call(self, method: str, path: str, **options: Any) -> Response:
        """A token turned down is replaced once; a second 401 is about the technical account."""
        bearer = token(self._settings, self.session, scope=self._scope, margin=MARGIN)
        try:
            return self._send(method, path, bearer, options)
        except AnsweredError as error:
            if error.response.status != 401:
                raise _explained(error, path) from error
        bearer = token(self._settings, self.session, refused=bearer, scope=self._scope, margin=MARGIN)
        try:
            return self._send(method, path, bearer, options)
        except AnsweredError as error:
            if error.response.status == 401:
                raise _wrong_account(error) from error
            raise _explained(error, path) from error

    def _send(self, method: str, path: str, bearer: str, options: Mapping[str, Any]) -> Response:
        account = f"{self._settings.login}:{self._settings.password}".encode()
        headers = {
            "Authorization": f"Bearer {bearer}",
            "cpro-account": base64.b64encode(account).decode(),
            "Content-Type": _JSON,
            "Accept": _JSON,
        }
        self._settings.gate.enter()
        try:
            return self.session.request(method, f"{self._base}/{path}", headers=headers, **options)
        except AnsweredError as error:
            if error.response.status == 429:
                self._settings.gate.slow_down(error.retry_after)
            raise


def _facts(response: Response, *, outcome_unknown: bool = False) -> Mapping[str, Any]:
    """The answer as an object that says its codeRetour; raises RemoteError when it is anything else."""
    facts = json_object(response, outcome_unknown=outcome_unknown)
    if facts.get("codeRetour") is None:
        raise unreadable(outcome_unknown=outcome_unknown)
    return facts


def _explained(error: AnsweredError, path: str) -> AnsweredError:
    """The failure with Chorus Pro's own code and words, where its body gives them; 403 is about the API itself."""
    if error.response.status == 403:
        return _not_subscribed(error, path)
    try:
        facts = _facts(error.response)
    except RemoteError:
        return error
    label = redact(str(facts.get("libelle") or ""))[:300]
    return AnsweredError(
        f"{error.message} ({facts['codeRetour']} {label})",
        response=error.response,
        retryable=error.retryable,
        outcome_unknown=error.outcome_unknown,
        code=str(facts["codeRetour"]),
        retry_after=error.retry_after,
    )


def _not_subscribed(error: AnsweredError, path: str) -> AnsweredError:
    name = APIS.get(path.partition("/")[0], path)
    return AnsweredError(
        Sentence(UNSUBSCRIBED, {"api": name}),
        response=error.response,
        retryable=False,
        code=NOT_SUBSCRIBED,
    )


def _wrong_account(error: AnsweredError) -> AnsweredError:
    return AnsweredError(
        "Chorus Pro refuse les identifiants du compte technique. Vérifiez-les, et la date de fin du mot de passe.",
        response=error.response,
        retryable=False,
        code="invalid_account",
    )
