"""The only way out to remote systems: mandatory time-outs, no redirects, a size cap, failures as RemoteError.

An error whose `outcome_unknown` is true may hide a request that was carried out: the caller looks the document up
before sending it again. Plain Python: no Django here.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
import tenacity
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import LocationParseError

from config.kernel.errors import RemoteError
from config.kernel.http_failures import AnsweredError, Response, answered, broken
from config.kernel.logs import current_request_id, redact

__all__ = ["AnsweredError", "Response", "Session", "check_address"]

log = structlog.get_logger("config.kernel.http")

Timeout = tuple[float, float]
_CHUNK = 64 * 1024
BAD_ADDRESS = "bad_address"
PAUSE = (0.1, 0.5)  # seconds before another try, between these two
LONGEST_LABEL = 63  # of a name, between two dots (RFC 1035)


class _Straight(requests.Session):
    """Sees no redirect: one that is not followed would still be read whole, its body and its address."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Session:
    """A short-lived conversation with one remote system. Not shared between threads.

    `timeout` is (connect, seconds without a byte); `deadline` bounds a whole exchange, so that a server dripping
    one byte at a time cannot hold a worker. `max_bytes` bounds the answer after decompression. `certificate` is the
    path of our own (PEM, with its key); a missing one raises RemoteError. `adapter` makes the connections: the guard of
    addresses that people type, never left out by forgetting it.
    """

    def __init__(
        self,
        *,
        adapter: HTTPAdapter,
        timeout: Timeout = (5.0, 30.0),
        deadline: float = 60.0,
        max_bytes: int = 25 * 1024 * 1024,
        attempts: int = 2,
        verify: bool | str = True,
        certificate: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if certificate and not Path(certificate).is_file():
            raise RemoteError("Le certificat client est introuvable.", retryable=False, code="missing_certificate")
        self.timeout, self.deadline, self.max_bytes = timeout, deadline, max_bytes
        self.attempts = max(1, attempts)
        self._until = float("inf")
        self._requests = _Straight()
        self._requests.trust_env = False  # neither proxies nor .netrc of the machine take part
        self._requests.verify = verify
        self._requests.cert = certificate or None
        self._requests.headers.update({"User-Agent": "Quittance", **(headers or {})})
        for scheme in ("http://", "https://"):
            self._requests.mount(scheme, adapter)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._requests.close()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """All exchanges inside end within this time: what holds a lease must not outlive it."""
        self._until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until = float("inf")

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

        # a POST whose answer was lost may have been carried out: only the caller can look it up first
        if not safe or self.attempts == 1:
            return once()
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_worth_another_try),
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=tenacity.wait_random(*PAUSE),
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
        now = time.monotonic()
        until = min(now + self.deadline, self._until)
        left = until - now
        if left <= 0:
            raise _too_slow(outcome_unknown=False)
        with _logged(method, url) as trace, _failing_as_remote(trace, safe=safe):
            with self._requests.request(
                method,
                url,
                headers=headers,
                timeout=(min(self.timeout[0], left), min(self.timeout[1], left)),
                # a redirect would take the credentials to an address that nobody judged
                allow_redirects=False,
                # the head first: size and time are bounded while the body comes, not after
                stream=True,
                **options,
            ) as raw:
                trace.status = raw.status_code
                body = _read(raw, until=until, most=self.max_bytes, safe=safe)
            trace.size = len(body)
            response = Response(raw.status_code, CaseInsensitiveDict(raw.headers), body)
            if response.status not in accept:
                raise answered(response, safe=safe)
        return response


@dataclass(slots=True)
class _Trace:
    """What is known so far of an exchange, for the log: 0 as long as no head, or no whole body, came."""

    status: int = 0
    size: int = 0


@contextmanager
def _logged(method: str, url: str) -> Iterator[_Trace]:
    trace, problem, started, target = _Trace(), "", time.monotonic(), urlsplit(url)
    try:
        yield trace
    except RemoteError as error:
        problem = error.code
        raise
    finally:
        log.info(
            "http_exchange",
            method=method,
            host=target.netloc,
            path=redact(target.path),
            status=trace.status,
            bytes=trace.size,
            milliseconds=round((time.monotonic() - started) * 1000),
            problem=problem,
        )


@contextmanager
def _failing_as_remote(trace: _Trace, *, safe: bool) -> Iterator[None]:
    """What the library raises, as RemoteError."""
    try:
        yield
    except requests.RequestException as error:
        raise broken(error, safe=safe, answered=trace.status) from error
    except (LocationParseError, UnicodeError) as error:  # a name that no name server can be asked for
        raise _incorrect() from error


def check_address(url: str) -> None:
    """Only https leaves the machine; plain http is for the loopback. No credentials inside an address.

    Raises RemoteError.
    """
    try:
        target = urlsplit(url)
        # as requests will write it (IDNA): a name is judged in the form in which it is asked for
        host = urlsplit(requests.Request("GET", url).prepare().url or "").hostname or ""
    except ValueError:  # what requests raises for an address is one, too
        raise _incorrect() from None
    if target.username or target.password or target.scheme not in {"http", "https"} or not target.hostname:
        raise _incorrect()
    if not all(0 < len(label) <= LONGEST_LABEL for label in host.removesuffix(".").split(".")):
        raise _incorrect()
    if target.scheme == "http" and not _is_loopback(target.hostname):
        raise RemoteError(
            "L’adresse du service distant doit commencer par https.", retryable=False, code="insecure_address"
        )


def _incorrect() -> RemoteError:
    return RemoteError("L’adresse du service distant est incorrecte.", retryable=False, code=BAD_ADDRESS)


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
            raise _too_slow(outcome_unknown=unknown)
        parts.append(part)
    if time.monotonic() > until:  # a head that was cut short has no part
        raise _too_slow(outcome_unknown=unknown)
    return b"".join(parts)


def _too_slow(*, outcome_unknown: bool) -> RemoteError:
    return RemoteError(
        "Le service distant répond trop lentement.",
        retryable=True,
        outcome_unknown=outcome_unknown,
        code="deadline",
    )
