"""A list as a file: `?export=csv` or `xlsx` on its own page gives all the rows of its filter, in its order,
with the columns that were chosen.

The trail says who took what: the list, its filter, how many rows. Who may read the list may take it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config.kernel import audit, listing
from config.kernel.access import MemberRequest, actor_of
from config.kernel.clock import local_day
from config.kernel.exports import FORMATS, Row, export_response
from config.kernel.lists.declared import COLUMNS, DeclaredList

CHUNK = 500
# of a page's address, what says how it is shown and not which rows it has
_SHOWN = ("export", "sort", "cursor", "view", COLUMNS)


def asked_file(
    request: HttpRequest,
    file: DeclaredList,
    records: QuerySet[Any],
    *,
    sorts: Mapping[str, str | Combinable],
    default: str,
) -> HttpResponse | None:
    """The file that `?export=` asks for; None where it asks for none."""
    file_format = request.GET.get("export", "")
    if file_format not in FORMATS:
        return None
    at = timezone.now()
    query = {name: value for name, value in request.GET.items() if value and name not in _SHOWN}
    audit.record(
        "kernel.list.exported",
        subject=cast(MemberRequest, request).membership.company,
        actor=actor_of(request),
        at=at,
        data={"list": str(file.label), "filter": query, "format": file_format.upper(), "rows": records.count()},
    )
    rows = listing.ordered(records, sorts=sorts, default=default, query=request.GET)
    answer = export_response(
        file_format=file_format,
        filename=f"{str(file.label).lower()}-{local_day(at):%Y-%m-%d}",
        columns=file.exported(request.GET),
        rows=_rows(rows, file.cells),
    )
    return cast(HttpResponse, answer)


def _rows(records: QuerySet[Any], cells: Callable[[Sequence[Any]], Iterable[Row]]) -> Iterator[Row]:
    found = records.iterator(chunk_size=CHUNK)
    while batch := list(islice(found, CHUNK)):
        yield from cells(batch)
