"""JSON in which an amount is a number with its two decimals, written from a Decimal and read as one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Never

import simplejson
from django.utils.functional import Promise
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from config.kernel.errors import Invalid

LONGEST_NUMBER = 100


class Malformed(Invalid):
    code = "malformed"
    message = "Le corps de la requête est illisible : envoyez un objet JSON en UTF-8."


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(value: Any) -> bytes:
    """UTF-8 JSON. Half of a character, which JSON can escape and UTF-8 cannot write, comes out as « ? »."""
    text: str = simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return text.encode(errors="replace")


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> Decimal:
    """An exponent of twenty digits is no amount, and no machine can write it out."""
    try:
        number = Decimal(text) if len(text) <= LONGEST_NUMBER else None
    except InvalidOperation:
        number = None
    if number is None or abs(number.adjusted()) > LONGEST_NUMBER:
        raise ValueError("a number beyond all measure")
    return number


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says a thing twice says two things."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def loads(body: bytes) -> Any:
    """The value, numbers with a point as Decimal; raises ValueError for what is not JSON: NaN, or a name said twice."""
    return simplejson.loads(
        body.decode("utf-8"),
        # never through a float: 0.1 would arrive as 0.1000000000000000055…
        parse_float=_number,
        parse_constant=_refuse_constant,
        # two readers of {"amount": 1, "amount": 1000} may take different ones; nobody here takes either
        object_pairs_hook=_each_once,
    )


class JsonParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return loads(stream.read())
        except (ValueError, RecursionError) as error:
            raise ParseError from error


class JsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else dumps(data)


class JsonNegotiation(BaseContentNegotiation):
    """There is one language here; an Accept header changes nothing."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        kind = request.content_type.split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type
