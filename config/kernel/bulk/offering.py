"""What a list's page offers for its rows: the acts of the reader's role, for the chosen ones or all of the filter."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest

from config.kernel import typography
from config.kernel.access import MemberRequest
from config.kernel.bulk.acts import LISTS, acts_for
from config.kernel.listing import Page

_SHOWN = ("sort", "cursor", "view", "columns")


def offer(request: HttpRequest, name: str, page: Page, found: QuerySet[Any]) -> dict[str, Any] | None:
    """For `_bulk.html`; None where there is nothing to do. Rows beyond the page are counted, where there are any."""
    acts = acts_for(name, cast(MemberRequest, request).membership.may) if page.rows else []
    if not acts:
        return None
    declared, is_whole = LISTS[name], not (page.next or page.previous)
    return {
        "list": declared.name,
        "field": declared.field,
        "acts": acts,
        "matching": typography.number(len(page.rows) if is_whole else found.order_by().count()),
        "filter": [(key, value) for key, value in request.GET.items() if value and key not in _SHOWN],
    }
