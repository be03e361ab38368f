"""What may be imported, as each app declares it in its `imports.py`: columns, how a row is understood, and by which
signs it is recognised as a record that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from config.kernel.actor import Actor
from config.kernel.importing.tables import Table
from config.kernel.models import Company, CompanyRow

Sign = tuple[str, str]  # by what a record is recognised, and its value: ("siren", "552100554")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportColumn:
    """field: cleans a cell, with a sentence for what it refuses. heads: what such columns are called elsewhere, in
    small letters without accents. holds: whether a text may stand in it, for columns whose head says nothing."""

    name: str
    label: Any
    field: forms.Field
    heads: tuple[str, ...] = ()
    holds: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKind:
    """What the records of one list are.

    needs: the role's action. page: where its records are listed. wanted: of each group, one column must be there.
    facts: what of the company every row is understood by. understand: a row's values, checked together; raises Invalid
    with a sentence per column. signs: by what a row is looked for, the strongest first; borne: by what it is found,
    once it is known; those named in `exact` may never be borne twice. known: the company's records by their signs.
    create, update: the services; `update` leaves what the row does not say. read: a format of its own, None for others.
    """

    name: str
    label: Any
    icon: str
    needs: str
    page: str
    columns: Sequence[ImportColumn]
    wanted: Sequence[tuple[str, ...]]
    facts: Callable[[Company], Any]
    understand: Callable[[dict[str, Any], Any], dict[str, Any]]
    named: Callable[[Mapping[str, Any]], str]
    signs: Callable[[Mapping[str, Any]], Sequence[Sign]]
    borne: Callable[[Mapping[str, Any]], Sequence[Sign]]
    sign_labels: Mapping[str, Any]
    exact: frozenset[str]
    known: Callable[[Company], Mapping[Sign, tuple[int, str]]]
    create: Callable[[Company, Sequence[dict[str, Any]], Actor, datetime], Sequence[CompanyRow]]
    update: Callable[[int, dict[str, Any], Actor, datetime], CompanyRow]
    read: Callable[[bytes], Table | None] | None = None
    help: Any = ""

    def column(self, name: str) -> ImportColumn | None:
        return next((column for column in self.columns if column.name == name), None)


KINDS: dict[str, ImportKind] = {}


def declare_kind(kind: ImportKind) -> None:
    if kind.name in KINDS:
        raise ValueError(f"declared twice: {kind.name}")
    KINDS[kind.name] = kind
