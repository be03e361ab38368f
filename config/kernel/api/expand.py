"""`?expand=customer,order`: beside an id of the answer, the object it names, as a list of its own shows it.

    @operation(answer=InvoiceShape)
    @expandable(customer=CUSTOMER, order=ORDER)

A route declares what its ids can be expanded into, and the rest follows: the parameter, the right to read what it
names, the optional properties in the OpenAPI document, and the objects, in a number of queries that no row adds to.
Without the parameter nothing of them is read, and the answer is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from config.kernel.api.declaring import declare
from config.kernel.errors import NotAllowed

PARAMETER = "expand"
ONLY_THESE = "Cette adresse ne peut développer que : %(names)s."


class NotReadable(NotAllowed):
    message = (
        "Ce rôle ou cette clé ne permet pas de lire « %(name)s ». Demandez ce droit, ou retirez ce nom de « expand »."
    )


@dataclass(frozen=True, slots=True)
class Expandable:
    """What an id can be expanded into: `rows` gives the company's own, with all that `shape` shows."""

    shape: type[serializers.Serializer]
    rows: Callable[[], QuerySet[Any]]
    area: str  # that the caller must be allowed to read


def expandable(**objects: Expandable) -> Any:
    """What can stand beside an id of the answer when it is asked for, by the name of the id without `_id`."""
    return declare(expandable=objects)


class Expand(serializers.CharField):
    """The parameter: names between commas, or once per name. Validates to what each name stands for."""

    def __init__(self, declared: Mapping[str, Expandable]) -> None:
        super().__init__(required=False)
        self.declared = declared

    def to_internal_value(self, data: Any) -> Any:
        """Raises NotReadable for an object of an area that the caller may not read."""
        names = ",".join(self.context["request"].query_params.getlist(PARAMETER)).split(",")
        if not self.declared.keys() >= set(names):
            raise serializers.ValidationError(_(ONLY_THESE) % {"names": ", ".join(self.declared)})
        for name in names:
            if not self.context["caller"].may_read(self.declared[name].area):
                raise NotReadable(name=name)
        return {name: self.declared[name] for name in names}


def expand(records: Sequence[Any], wanted: Mapping[str, Expandable], context: Mapping[str, Any]) -> None:
    """Put into each record, as `<name>`, the object of its `<name>_id`; None where there is no id."""
    for name, what in wanted.items():
        ids = {record[f"{name}_id"] for record in records} - {None}
        rows = what.shape(what.rows().filter(pk__in=ids), many=True, context=dict(context)).data
        found = {row["id"]: row for row in rows}
        for record in records:
            record[name] = found.get(record[f"{name}_id"])
