"""What went over the wire: each exchange of the product's only way out, as it was sent and as it was answered."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests

from config.kernel import http

JSON, MULTIPART, FORM = "application/json", "multipart/form-data", "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `path` is decoded, and without the part before the service's own paths."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_type: str
    answer: bytes

    @property
    def media_type(self) -> str:
        return _media_type(self.headers)

    def sent(self) -> Any:
        """The body as a JSON value: parts that are files become ''."""
        if self.media_type == JSON:
            return json.loads(self.body)
        if self.media_type == FORM:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        kind = self.headers["Content-Type"].encode()
        parts = email.message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + self.body, policy=email.policy.HTTP)
        sent = {}
        for part in parts.iter_parts():  # type: ignore[attr-defined]  # of EmailMessage, which this policy makes
            name = str(part.get_param("name", header="content-disposition"))
            sent[name] = json.loads(part.get_content()) if part.get_content_type() == JSON else ""
        return sent

    def sent_fields(self) -> set[str]:
        """The places of all that was sent: parameters of the query with a ?, fields of the body."""
        return {f"?{name}" for name, _value in self.query} | set(places(self.sent() if self.body else None))

    def without(self, prefix: str) -> Exchange:
        return Exchange(**{**self.__dict__, "path": self.path.removeprefix(prefix)})


def places(value: Any, at: str = "") -> Iterator[str]:
    """Where the fields of a JSON value are: where.flowType, lines[].name."""
    if isinstance(value, list):
        for item in value:
            yield from places(item, f"{at}[]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            place = f"{at}.{name}" if at else name
            yield place
            yield from places(inner, place)


@contextmanager
def recorded() -> Iterator[list[Exchange]]:
    """Everything that goes out meanwhile, in order; an answer that breaks off is not among it."""
    exchanges: list[Exchange] = []
    read = http._read

    def reads(raw: requests.Response, **bounds: Any) -> bytes:
        body = read(raw, **bounds)
        exchanges.append(_exchange(raw, body))
        return body

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "_read", reads)
        yield exchanges


def _exchange(raw: requests.Response, answer: bytes) -> Exchange:
    request = raw.request
    target = urlsplit(str(request.url))
    sent = request.body or b""
    return Exchange(
        method=str(request.method),
        path=unquote(target.path),
        query=tuple(parse_qsl(target.query, keep_blank_values=True)),
        headers={name: str(value) for name, value in request.headers.items()},
        body=sent.encode() if isinstance(sent, str) else bytes(sent),  # type: ignore[arg-type]  # never a stream here
        status=raw.status_code,
        answer_type=_media_type(raw.headers),
        answer=answer,
    )


def _media_type(headers: Mapping[str, str]) -> str:
    return str(headers.get("Content-Type", "")).partition(";")[0].strip().lower()
