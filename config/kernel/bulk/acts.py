"""Which lists can be acted upon, and what can be done with their rows; declared by each app in its `bulk.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.db.models import Model, QuerySet
from django.http import QueryDict

from config.kernel.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkList:
    """A list whose rows can be chosen.

    field: the name of a row's box on its page. area: who reads it. page: its address's name. found: its rows for a
    filter and a day, as the page narrows them. related: what `named` and the acts read of a row beside its own columns.
    order: in which rows are treated.
    """

    name: str
    label: Any
    field: str
    area: str
    page: str
    model: type[Model]
    found: Callable[[QueryDict, date], QuerySet[Any]]
    named: Callable[[Any], str] = str
    related: tuple[str, ...] = ()
    order: tuple[str, ...] = ("created_at", "id")

    def rows(self) -> QuerySet[Any]:
        """All of the company in scope."""
        rows: QuerySet[Any] = self.model.objects.all()  # type: ignore[attr-defined]  # every company row has it
        return rows.select_related(*self.related) if self.related else rows


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAct:
    """What can be done with many rows of a list.

    needs: the role's action. takes: of the chosen rows, those that the act is for. work: what is done with one, as a
    service does it; answers one sentence, raises DomainError. effect, warning: what the confirmation says of it.
    amount: the column whose sum is shown before. form: what is asked for all rows together; its `values()` are kept.
    """

    name: str
    label: Any
    icon: str
    needs: str
    effect: Any
    takes: Callable[[QuerySet[Any], date], QuerySet[Any]]
    work: Callable[[Any, Mapping[str, Any], Actor, datetime], str]
    warning: Any = ""
    amount: str = ""
    form: type[forms.Form] | None = None
    danger: bool = False


LISTS: dict[str, BulkList] = {}
ACTS: dict[str, dict[str, BulkAct]] = {}


def declare_list(declared: BulkList) -> None:
    if declared.name in LISTS:
        raise ValueError(f"declared twice: {declared.name}")
    LISTS[declared.name] = declared


def declare_acts(list_name: str, *acts: BulkAct) -> None:
    """The order of the apps is the order on the page."""
    known = ACTS.setdefault(list_name, {})
    for act in acts:
        if act.name in known:
            raise ValueError(f"declared twice: {list_name} {act.name}")
        known[act.name] = act


def acts_for(list_name: str, may: Callable[[str], bool]) -> list[BulkAct]:
    """What the role may do with the rows of the list; what loses something comes last."""
    allowed = [act for act in ACTS.get(list_name, {}).values() if may(act.needs)]
    return sorted(allowed, key=lambda act: act.danger)
