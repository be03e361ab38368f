"""The only way out to remote systems: mandatory time-outs, no redirects, a size cap, failures as RemoteError.

What matters after a failure is one question: may the request have been carried out? A refused connection or an
unknown host: certainly not. A connection that broke after sending, or an answer that never came: perhaps, so the
error says `outcome_unknown` and the caller looks the document up before sending it again (RFC 9110 §9.2.2).
Plain Python: no Django here.
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
import tenacity
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import exceptions as transport

from config.kernel.errors import RemoteError
from config.kernel.logs import current_request_id, redact

log = structlog.get_logger("config.kernel.http")

Timeout = tuple[float, float]
_LONGEST_RETRY_AFTER = 24 * 3600
_CHUNK = 64 * 1024
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
        return json.loads(self.body, parse_float=Decimal)


class AnsweredError(RemoteError):
    """The remote system answered, and the answer is a failure: `response` holds what it said."""

    def __init__(self, message: str, *, response: Response, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.response = response


class Session:
    """A short-lived conversation with one remote system. Not shared between threads.

    `timeout` is (connect, seconds without a byte); `deadline` bounds a whole exchange, so that a server dripping
    one byte at a time cannot hold a worker. `max_bytes` bounds the answer after decompression.
    """

    def __init__(
        self,
        *,
        timeout: Timeout = (5.0, 30.0),
        deadline: float = 60.0,
        max_bytes: int = 25 * 1024 * 1024,
        attempts: int = 2,
        verify: bool | str = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.timeout, self.deadline, self.max_bytes = timeout, deadline, max_bytes
        self.attempts = max(1, attempts)
        self._requests = requests.Session()
        self._requests.trust_env = False  # neither proxies nor .netrc of the machine take part
        self._requests.verify = verify
        self._requests.headers.update({"User-Agent": "Quittance", **(headers or {})})
        for scheme in ("http://", "https://"):
            self._requests.mount(scheme, HTTPAdapter(max_retries=0))

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._requests.close()

    def get(self, url: str, **options: Any) -> Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        return self.request("POST", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        accept: Collection[int] = (200,),
        reads_only: bool | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Response:
        """One exchange. Statuses outside `accept` raise AnsweredError; anything else RemoteError.

        `reads_only` says that the request changes nothing (a search sent as POST): only such requests are tried
        again here, and their outcome is never unknown. `options`: params, json, data, files, auth.
        """
        safe = method in {"GET", "HEAD"} if reads_only is None else reads_only
        check_address(url)
        outgoing = dict(headers or {})
        if request_id := current_request_id():
            outgoing["X-Request-Id"] = request_id

        def once() -> Response:
            return self._exchange(method, url, accept=accept, safe=safe, headers=outgoing, options=options)

        if not safe or self.attempts == 1:
            return once()
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_worth_another_try),
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=tenacity.wait_random(0.1, 0.5),
            reraise=True,
        )
        answer: Response = again(once)
        return answer

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        accept: Collection[int],
        safe: bool,
        headers: Mapping[str, str],
        options: dict[str, Any],
    ) -> Response:
        started = time.monotonic()
        status, size, problem = 0, 0, ""
        try:
            with self._requests.request(
                method,
                url,
                headers=headers,
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
                **options,
            ) as raw:
                status = raw.status_code
                body = _read(raw, until=started + self.deadline, most=self.max_bytes, safe=safe)
            size = len(body)
            response = Response(status, CaseInsensitiveDict(raw.headers), body)
            if status not in accept:
                raise _answered(response, safe=safe)
        except RemoteError as error:
            problem = error.code
            raise
        except requests.RequestException as error:
            failure = _broken(error, safe=safe, answered=status)
            problem = failure.code
            raise failure from error
        finally:
            target = urlsplit(url)
            log.info(
                "http_exchange",
                method=method,
                host=target.netloc,
                path=redact(target.path),
                status=status,
                bytes=size,
                milliseconds=round((time.monotonic() - started) * 1000),
                problem=problem,
            )
        return response


def check_address(url: str) -> None:
    """Only https leaves the machine; plain http is for the loopback. No credentials inside an address."""
    target = urlsplit(url)
    if target.username or target.password or target.scheme not in {"http", "https"} or not target.hostname:
        raise RemoteError("L’adresse du service distant est incorrecte.", retryable=False, code="bad_address")
    if target.scheme == "http" and not _is_loopback(target.hostname):
        raise RemoteError(
            "L’adresse du service distant doit commencer par https.", retryable=False, code="insecure_address"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _worth_another_try(error: BaseException) -> bool:
    # waiting 30 s twice, or hammering a service that asked for patience, helps nobody
    return (
        isinstance(error, RemoteError)
        and error.retryable
        and error.retry_after is None
        and error.code not in {"read_timeout", "deadline", "http_429"}
    )


def _read(raw: requests.Response, *, until: float, most: int, safe: bool) -> bytes:
    unknown = not safe and raw.status_code < 400
    parts, size = [], 0
    for part in raw.iter_content(_CHUNK):
        size += len(part)
        if size > most:
            raise RemoteError(
                "La réponse du service distant est trop volumineuse.",
                retryable=False,
                outcome_unknown=unknown,
                code="answer_too_large",
            )
        if time.monotonic() > until:
            raise RemoteError(
                "Le service distant répond trop lentement.", retryable=True, outcome_unknown=unknown, code="deadline"
            )
        parts.append(part)
    return b"".join(parts)


def _answered(response: Response, *, safe: bool) -> AnsweredError:
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


def _broken(error: requests.RequestException, *, safe: bool, answered: int) -> RemoteError:
    """No usable answer: say whether the request can have arrived. `answered`: the status, if the head came."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return RemoteError("Le service distant ne répond pas.", retryable=True, code="connect_timeout")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return RemoteError("L’adresse du service distant est incorrecte.", retryable=False, code="bad_address")
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
