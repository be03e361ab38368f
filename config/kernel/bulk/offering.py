"""What a list's page offers for its rows: the acts of the reader's role, for the chosen ones or all of the filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from django.db.models import QuerySet
from django.http import HttpRequest

from config.kernel import typography
from config.kernel.access import MemberRequest
from config.kernel.bulk.acts import LISTS, acts_for
from config.kernel.listing import Page

_SHOWN = ("sort", "cursor", "view", "columns")


class PageAct(Protocol):
    """An act on chosen rows that has a page of its own at `url`, which reads the same address: it shows, asks, does."""

    @property
    def label(self) -> str: ...

    @property
    def icon(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def replaces(self) -> frozenset[str]:
        """The names of the acts that it stands for, and to which its page leads beyond what it takes at once."""


def offer(
    request: HttpRequest, name: str, page: Page, found: QuerySet[Any], *, pages: Sequence[PageAct] = ()
) -> dict[str, Any] | None:
    """For `_bulk.html`; None where there is nothing to do. Rows beyond the page are counted, where there are any."""
    acts = acts_for(name, cast(MemberRequest, request).membership.may) if page.rows else []
    acts = [act for act in acts if not any(act.name in page_act.replaces for page_act in pages)]
    if not acts and not pages:
        return None
    declared, is_whole = LISTS[name], not (page.next or page.previous)
    return {
        "list": declared.name,
        "field": declared.field,
        "acts": acts,
        "pages": pages,
        "matching": typography.number(len(page.rows) if is_whole else found.order_by().count()),
        "filter": [(key, value) for key, value in request.GET.items() if value and key not in _SHOWN],
    }
