"""The columns that a list's page adds to its own table, in the head and in each row (a template builtin)."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from config.kernel import typography
from config.kernel.exports import Column, Row
from config.kernel.lists.shown import ShownList

register = template.Library()

_AMOUNTS = frozenset({"money", "number", "percent"})


@register.simple_tag
def more_heads(listed: ShownList | str) -> SafeString:
    """Their heads; nothing where a table is drawn outside its list."""
    if not isinstance(listed, ShownList):
        return SafeString()
    heads = ((_class(column), column.label) for column in listed.added)
    return format_html_join("", '<th scope="col"{}>{}</th>', heads)


@register.simple_tag
def more_cells(listed: ShownList | str, key: Any) -> SafeString:
    """Their cells in the row of the record with this key."""
    if not isinstance(listed, ShownList) or not listed.added:
        return SafeString()
    row = listed.cells(key)
    cells = ((_class(column), column.label, _written(column, row)) for column in listed.added)
    return format_html_join("", '<td{} data-label="{}">{}</td>', cells)


def _class(column: Column) -> SafeString:
    return SafeString(' class="num"') if column.kind in _AMOUNTS else SafeString()


def _written(column: Column, row: Row) -> str:
    value = row[column.name]
    if value is None or value == "":
        return ""
    if column.kind == "money":
        return typography.money(value, row.get("currency") or "EUR")
    if column.kind == "date":
        return typography.day(value)
    if column.kind == "percent":
        return typography.percent(value)
    return typography.number(value) if column.kind == "number" else str(value)
