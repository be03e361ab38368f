"""What went wrong between us and a remote system, said as a RemoteError.

What matters after a failure is one question: may the request have been carried out? A refused connection or an
unknown host: certainly not. A connection that broke after sending, or an answer that never came: perhaps
(RFC 9110 §9.2.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3 import exceptions as transport

from config.kernel import remote_json
from config.kernel.errors import RemoteError

_LONGEST_RETRY_AFTER = 24 * 3600
_RETRYABLE = {408, 425, 429, 500, 502, 503, 504}
# these promise that the request was not carried out, even when it was a POST
_NOT_CARRIED_OUT = {408, 425, 429, 503}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer read whole, within the size cap."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The JSON value, amounts as Decimal never float; raises ValueError when it is not JSON."""
        return remote_json.read(self.body)


class AnsweredError(RemoteError):
    """The remote system answered, and the answer is a failure: `response` holds what it said."""

    def __init__(self, message: str, *, response: Response, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.response = response


def answered(response: Response, *, safe: bool) -> AnsweredError:
    """What a status outside the accepted ones means: may it be tried again, may the request have been carried out."""
    status = response.status
    messages: dict[int, str] = {
        401: "Le service distant refuse les identifiants.",
        403: "Le service distant interdit cette opération à ces identifiants.",
        404: "Le service distant ne connaît pas cette ressource.",
        413: "Le document est trop volumineux pour le service distant.",
        429: "Le service distant demande de ralentir.",
        503: "Le service distant est momentanément indisponible.",
    }
    families = {
        2: "Le service distant a donné une réponse inattendue.",
        3: "Le service distant renvoie vers une autre adresse ; vérifiez l’adresse configurée.",
        4: "Le service distant refuse la demande.",
        5: "Le service distant est en panne.",
    }
    unexpected_success = status < 300
    return AnsweredError(
        messages.get(status, families.get(status // 100, families[2])),
        response=response,
        retryable=status in _RETRYABLE or status > 504,
        outcome_unknown=not safe and (unexpected_success or (status >= 500 and status not in _NOT_CARRIED_OUT)),
        code=f"http_{status}",
        retry_after=_retry_after(response.headers.get("Retry-After", "")) if status in {429, 503} else None,
    )


def _retry_after(value: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int | None:
    """Seconds to wait, from either form of the header (RFC 9110 §10.2.3), at most a day; None when unreadable."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), _LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0, round((moment - clock()).total_seconds())), _LONGEST_RETRY_AFTER)


def broken(error: requests.RequestException, *, safe: bool, answered: int) -> RemoteError:
    """No usable answer: say whether the request can have arrived. `answered`: the status, if the head came."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return RemoteError("Le service distant ne répond pas.", retryable=True, code="connect_timeout")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return RemoteError("L’adresse du service distant est incorrecte.", retryable=False, code="bad_address")
    # an error that came whole says that nothing was done; cut off after a 2xx head, everything may have been
    unknown = not safe and answered < 400
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return RemoteError(
                "Le certificat du service distant n’est pas valable.", retryable=False, code="bad_certificate"
            )
        return RemoteError(
            "La connexion chiffrée a échoué.", retryable=True, outcome_unknown=unknown, code="tls_failure"
        )
    if isinstance(error, requests.exceptions.ReadTimeout) or _timed_out_reading(error):
        return RemoteError(
            "Le service distant n’a pas répondu à temps.",
            retryable=True,
            outcome_unknown=unknown,
            code="read_timeout",
        )
    if _never_connected(error):
        return RemoteError("Le service distant est injoignable.", retryable=True, code="unreachable")
    return RemoteError(
        "La connexion avec le service distant a été coupée.",
        retryable=True,
        outcome_unknown=unknown,
        code="connection_broken",
    )


def _causes(error: requests.RequestException) -> list[object]:
    """What the transport layer reported, unwrapped: requests and urllib3 nest their errors in `args`."""
    found: list[object] = []
    waiting: list[object] = list(error.args)
    while waiting:
        cause = waiting.pop()
        found.append(cause)
        if isinstance(cause, transport.MaxRetryError):
            waiting.append(cause.reason)
    return found


def _never_connected(error: requests.RequestException) -> bool:
    return any(isinstance(cause, transport.NewConnectionError) for cause in _causes(error))


def _timed_out_reading(error: requests.RequestException) -> bool:
    return any(isinstance(cause, transport.ReadTimeoutError) for cause in _causes(error))
