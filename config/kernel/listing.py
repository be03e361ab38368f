"""Lists: keyset pages over a sorted queryset. A page costs the same wherever it is, and no row is shown twice.

The cursor is the sort key and id of the last row seen; it lives in the URL, so each page can be shared.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import QueryDict

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, and the cursors of its neighbours ('' when there is none)."""

    rows: Sequence[Any]
    next: str
    previous: str
    sort: str  # "date" or "-date", as in the URL

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def _encode(backwards: bool, row: Any) -> str:
    text = json.dumps(["b" if backwards else "f", str(row.sort_key), row.pk])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[bool, str, int] | None:
    """None for whatever is not a cursor of ours: a damaged link shows the first page."""
    try:
        way, key, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        str(key).encode()  # half of a character is none
    except (ValueError, TypeError, RecursionError, binascii.Error):
        return None
    whole = type(pk) is int and 0 < pk < 2**63
    return (way == "b", key, pk) if whole and isinstance(key, str) and "\x00" not in key else None


def is_cursor(text: str) -> bool:
    """True for a text that `page` gave as a cursor, undamaged."""
    return _decode(text) is not None


def _beyond(place: tuple[bool, str, int], side: str) -> Q:
    """The rows on one side of a place. The id tells rows of one key apart: none is lost or shown twice."""
    _backwards, key, pk = place
    return Q(**{f"sort_key__{side}": key}) | Q(sort_key=key, **{f"pk__{side}": pk})


def ordered(
    queryset: QuerySet[Any], *, sorts: Mapping[str, str | Combinable], default: str, query: QueryDict
) -> QuerySet[Any]:
    """All the rows, in the order of their pages."""
    keyed, sort = _keyed(queryset, sorts, default, query)
    sign = "-" if sort.startswith("-") else ""
    return keyed.order_by(f"{sign}sort_key", f"{sign}pk")


def _keyed(
    queryset: QuerySet[Any], sorts: Mapping[str, str | Combinable], default: str, query: QueryDict
) -> tuple[QuerySet[Any], str]:
    """The rows with their `sort_key`, and the sort that was asked for, or else the default one."""
    sort = query.get("sort", default)
    if sort.removeprefix("-") not in sorts:
        sort = default
    expression = sorts[sort.removeprefix("-")]
    return queryset.annotate(sort_key=F(expression) if isinstance(expression, str) else expression), sort


def page(
    queryset: QuerySet[Any],
    *,
    sorts: Mapping[str, str | Combinable],
    default: str,
    query: QueryDict,
    size: int = PAGE_SIZE,
) -> Page:
    """The page that `?sort=` and `?cursor=` ask for.

    `sorts` maps the names allowed in the URL to a column or expression that is never NULL; `default` is one of
    them, with a minus for descending. One query, whatever the number of rows.
    """
    keyed, sort = _keyed(queryset, sorts, default, query)
    place = _decode(query.get("cursor", ""))
    backwards = place is not None and place[0]
    descending = sort.startswith("-") is not backwards
    if place is not None:
        try:
            keyed = keyed.filter(_beyond(place, "lt" if descending else "gt"))
        except (ValidationError, ValueError):
            place, backwards = None, False
    order = ("-sort_key", "-pk") if descending else ("sort_key", "pk")
    found = list(keyed.order_by(*order)[: size + 1])
    more, rows = len(found) > size, found[:size]
    if backwards:
        rows.reverse()
    has_next = bool(rows) and (more if not backwards else True)
    has_previous = bool(rows) and (place is not None if not backwards else more)
    return Page(
        rows=rows,
        next=_encode(False, rows[-1]) if has_next else "",
        previous=_encode(True, rows[0]) if has_previous else "",
        sort=sort,
    )
