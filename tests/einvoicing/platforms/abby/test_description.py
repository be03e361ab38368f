"""The table by which the simulated Abby judges requests is that of the published description, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from einvoicing.sandbox.abby.description import ROUTES, Field
from einvoicing.sandbox.abby.urls import OPERATIONS
from tests.published.adapters import ABBY
from tests.published.description import Description, published

# ours leave out what nothing can test: the activities of personal services
NOT_SIMULATED = {"personalServiceActivity"}


def merged(description: Description, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with what it refers to and its branches laid over one another."""
    found: dict[str, Any] = {}
    for part in description._parts(schema):
        found |= {name: value for name, value in part.items() if name not in {"$ref", "allOf"}}
    return found


def differences(description: Description, ours: Mapping[str, Field], theirs: dict[str, Any], at: str) -> Iterator[str]:
    properties, required = theirs.get("properties", {}), set(theirs.get("required", ()))
    for name in (ours.keys() ^ properties.keys()) - NOT_SIMULATED:
        yield f"{at}{name} is on one side alone"
    for name in ours.keys() & properties.keys():
        field, schema = ours[name], merged(description, properties[name])
        if nullable := [branch for branch in schema.pop("anyOf", ()) if branch != {"type": "null"}]:
            schema |= merged(description, nullable[0])
            if not field.nullable:
                yield f"{at}{name} may be null"
        elif field.nullable:
            yield f"{at}{name} may not be null"
        if field.required != (name in required):
            yield f"{at}{name} is required: {name in required}"
        yield from _of_type(description, field, schema, f"{at}{name}")


def _of_type(description: Description, field: Field, schema: dict[str, Any], at: str) -> Iterator[str]:
    if field.kind != schema.get("type", "object"):
        yield f"{at} is {schema.get('type')}"
    if at.endswith("country"):  # the table of countries is our own: no more than theirs
        if not set(field.enum) <= set(schema["enum"]):
            yield f"{at}: {set(field.enum) - set(schema['enum'])}"
    elif set(field.enum) != set(schema.get("enum", ())):
        yield f"{at}: {set(field.enum) ^ set(schema.get('enum', ()))}"
    if field.items is not None:
        yield from _of_type(description, field.items, merged(description, schema["items"]), f"{at}[]")
    if field.kind == "object":
        yield from differences(description, field.fields, schema, f"{at}.")


@pytest.mark.parametrize(("method", "path"), [row for row, route in ROUTES.items() if route.published])
def test_each_route_takes_what_is_published_and_nothing_else(method, path):
    description = published(ABBY)
    operation = description.operation(method, path.replace("{key}", "x1"))
    assert operation is not None
    route = ROUTES[method, path]
    query = {row["name"]: row for row in operation.facts["parameters"] if row["in"] == "query"}
    theirs = {
        "properties": {name: row["schema"] for name, row in query.items()},
        "required": [name for name, row in query.items() if row.get("required")],
    }
    content = operation.facts.get("requestBody", {}).get("content", {})
    body = merged(description, content["application/json"]["schema"]) if content else {}
    found = [*differences(description, route.query, theirs, "?"), *differences(description, route.body or {}, body, "")]
    assert found == []
    assert (route.body is None) == (not content)


def test_what_is_not_published_is_not_in_the_description():
    description = published(ABBY)
    for (method, path), route in ROUTES.items():
        if not route.published:
            assert description.operation(method, path) is None


def test_every_route_of_the_table_is_served_and_no_other():
    served = {(method, path) for path, operations in OPERATIONS.items() for method in operations}
    assert served == set(ROUTES)
