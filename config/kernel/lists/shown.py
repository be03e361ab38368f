"""A list as its page shows it: a page of its rows, the columns that were chosen, and the views one may open it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from config.kernel import listing
from config.kernel.access import MemberRequest
from config.kernel.exports import Column, Row
from config.kernel.lists.declared import DeclaredList
from config.kernel.lists.files import asked_file
from config.kernel.lists.views import VIEW, views_of
from config.kernel.models import SavedView


def open_list(
    request: HttpRequest,
    declared: DeclaredList,
    records: QuerySet[Any],
    *,
    sorts: Mapping[str, str | Combinable],
    default: str,
) -> HttpResponse | ShownList:
    """The list for its page; or the answer in its place: the file that is asked for, or the reader's default view."""
    if file := asked_file(request, declared, records, sorts=sorts, default=default):
        return file
    shown = ShownList(request, declared)
    if request.method == "GET" and not request.GET and (preferred := shown.preferred):
        return redirect(f"{request.path}?{address_of(preferred)}")
    shown.page = listing.page(records, sorts=sorts, default=default, query=request.GET)
    return shown


def address_of(view: SavedView) -> str:
    """What stands behind the address of its list."""
    return f"{view.query}&{VIEW}={view.pk}".lstrip("&")


class ShownList:
    page: listing.Page

    def __init__(self, request: HttpRequest, declared: DeclaredList) -> None:
        self.declared = declared
        self._request = request
        place = request.resolver_match
        # of a page of its own; what belongs to one record has no views
        self.name = place.view_name if place and not getattr(place, "captured_kwargs", None) and not place.args else ""
        drawn = {name for name in declared.drawn if name}
        self._chosen = declared.chosen(request.GET)
        self.shown = drawn if self._chosen is None else self._chosen

    @property
    def hidden(self) -> str:
        """The classes that hide, of the columns which the table draws, those that were not chosen."""
        places = enumerate(self.declared.drawn, start=1)
        return " ".join(f"no-{place}" for place, name in places if name and name not in self.shown)

    @cached_property
    def added(self) -> list[Column]:
        """Those that were chosen beside them."""
        drawn = self.declared.drawn
        return [column for column in self.declared.columns if column.name in self.shown and column.name not in drawn]

    @cached_property
    def _cells(self) -> dict[Any, Row]:
        rows = self.page.rows
        return {row.pk: cells for row, cells in zip(rows, self.declared.cells(rows), strict=True)}

    def cells(self, key: Any) -> Row:
        """The values of one row of the page."""
        return self._cells[key]

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Each column that can be chosen or left out, with the address's value that does it ('' for the usual ones)."""
        usual = {name for name in self.declared.drawn if name}
        found = []
        for column in self.declared.columns:
            if column.name in self.declared.drawn[:1]:
                continue
            changed = self.shown ^ {column.name}
            names = [other.name for other in self.declared.columns if other.name in changed]
            value = "" if changed == usual else ",".join(names)
            found.append({"label": column.label, "value": value, "is_shown": column.name in self.shown})
        return found

    @cached_property
    def views(self) -> Sequence[SavedView]:
        """Those of the reader and of the company. One query."""
        return views_of(self.name, cast(MemberRequest, self._request).user) if self.name else []

    @property
    def preferred(self) -> SavedView | None:
        return next((view for view in self.views if view.is_default), None)  # type: ignore[attr-defined]  # of views_of

    @property
    def links(self) -> list[dict[str, Any]]:
        """The views with their addresses, and whether the page shows one of them."""
        return [{"view": view, "url": f"?{address_of(view)}", "is_open": view is self.view} for view in self.views]

    @property
    def view(self) -> SavedView | None:
        """The one that the address names, where it is the reader's to open."""
        key = self._request.GET.get(VIEW)
        return next((view for view in self.views if str(view.pk) == key), None)

    @property
    def query(self) -> str:
        """What a view of this page would keep."""
        return self._request.GET.urlencode()
