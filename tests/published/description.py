"""A published OpenAPI 3 description, and what in an exchange it does not know: paths, parameters, fields, words, types.

Objects are taken as closed: a field that the description does not name is unknown, whatever it says of additional ones
by saying nothing. The descriptions belong to their publishers and stay outside the project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.published.exchange import JSON, Exchange

FOLDER = Path(settings.BASE_DIR).parent / "shared" / "reference" / "openapi"
_HERE = "urn:published"
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class Operation:
    method: str
    path: str  # as described, with its {names}
    facts: Mapping[str, Any]
    named: Mapping[str, str]  # what stands for the {names}


@cache
def published(file: str) -> Description:
    """Skips the test where the descriptions are not at hand."""
    place = FOLDER / file
    if not place.is_file():
        pytest.skip(f"the published description {file} is not at hand")
    text = place.read_text()
    return Description(json.loads(text) if file.endswith(".json") else yaml.load(text, yaml.CSafeLoader))


class Description:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = _as_json_schema(document)

    @cached_property
    def _registry(self) -> Registry[Any]:
        return Registry().with_resource(_HERE, DRAFT202012.create_resource(self.document))

    def operation(self, method: str, path: str) -> Operation | None:
        """What is described for this call; the path with the most literal signs wins."""
        found = []
        for described, item in self.document["paths"].items():
            pattern = re.sub(r"\\\{[^}]*\\\}", "([^/]+)", re.escape(described))
            values = re.fullmatch(pattern, path)
            if values and method.lower() in item:
                names = re.findall(r"\{([^}]*)\}", described)
                facts = {**item[method.lower()]}
                facts["parameters"] = [*item.get("parameters", ()), *facts.get("parameters", ())]
                named = dict(zip(names, values.groups(), strict=True))
                found.append((len(re.sub(r"\{[^}]*\}", "", described)), Operation(method, described, facts, named)))
        return max(found, key=lambda row: row[0])[1] if found else None

    def unknown(self, exchange: Exchange) -> list[str]:
        """What the description does not know or does not allow, in stable words; [] when it is all as published."""
        operation = self.operation(exchange.method, exchange.path)
        if operation is None:
            return [f"no operation {exchange.method} {exchange.path}"]
        return list(dict.fromkeys([*self._of_request(operation, exchange), *self._of_answer(operation, exchange)]))

    def _of_request(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        parameters = [self._resolved(row) for row in operation.facts["parameters"]]
        described = {_key(row["in"], row["name"]): row for row in parameters}
        given = [("query", name, value) for name, value in exchange.query]
        given += [("path", name, value) for name, value in operation.named.items()]
        given += [("header", name, value) for name, value in exchange.headers.items()]
        for place, name, value in given:
            row = described.pop(_key(place, name), None)
            if row is not None:
                yield from self._wrong(f"{place} {name}", _typed(value, row, self), row.get("schema", {}))
            elif place != "header":
                yield f"{place} {name} is unknown"
        yield from (f"{place} {name} is missing" for (place, name), row in described.items() if row.get("required"))
        yield from self._of_body(self._resolved(operation.facts.get("requestBody", {})), exchange)

    def _of_body(self, body: Mapping[str, Any], exchange: Exchange) -> Iterator[str]:
        content = body.get("content", {})
        if not exchange.body:
            if body.get("required"):
                yield "request body is missing"
        elif exchange.media_type not in content:
            yield f"request body {exchange.media_type} is unknown"
        else:
            yield from self._judged("request", exchange.sent(), content[exchange.media_type].get("schema"))

    def _of_answer(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        status, responses = str(exchange.status), operation.facts["responses"]
        row = next((responses[key] for key in (status, f"{status[0]}XX", "default") if key in responses), None)
        if row is None:
            yield f"answer {status} is unknown"
            return
        content = self._resolved(row).get("content", {})
        if not exchange.answer:
            return
        if exchange.answer_type not in content:
            yield f"answer {status} {exchange.answer_type} is unknown"
        elif exchange.answer_type == JSON:
            yield from self._judged(f"answer {status}", json.loads(exchange.answer), content[JSON].get("schema"))

    def _judged(self, place: str, value: Any, schema: Mapping[str, Any] | None) -> Iterator[str]:
        if schema is None:
            return
        yield from (f"{place} field {name} is unknown" for name, is_known in self.fields(value, schema) if not is_known)
        yield from self._wrong(place, value, schema)

    def _wrong(self, place: str, value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
        for error in Draft202012Validator(schema, registry=self._registry).iter_errors(value):
            where = _INDEX.sub("[]", error.json_path.removeprefix("$").removeprefix("."))
            yield f"{place} {where}: {error.message}" if where else f"{place}: {error.message}"

    def fields(self, value: Any, schema: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, bool]]:
        """Every field of the value, by its place, and whether the schema names it. None below one it does not name."""
        if isinstance(value, list):
            items = next((part["items"] for part in self._parts(schema) if "items" in part), {})
            for item in value:
                yield from self.fields(item, items, f"{at}[]")
        elif isinstance(value, dict):
            named: dict[str, Any] = {}
            is_open = True
            for part in self._parts(schema):
                named |= part.get("properties", {})
                is_open = is_open and "properties" not in part
                is_open = is_open or bool(part.get("additionalProperties"))
            for name, inner in value.items():
                place = f"{at}.{name}" if at else name
                yield place, name in named or is_open
                if name in named:
                    yield from self.fields(inner, named[name], place)

    def _parts(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The schema, what it refers to, and all of its branches."""
        yield schema
        if "$ref" in schema:
            yield from self._parts(self._resolved(schema))
        for combined in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(combined, ()):
                yield from self._parts(branch)

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            found: Any = self.document
            for name in node["$ref"].partition("#/")[2].split("/"):
                found = found[name.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def type_of(self, schema: Mapping[str, Any]) -> str:
        return next((str(part["type"]) for part in self._parts(schema) if "type" in part), "")


def _key(place: str, name: str) -> tuple[str, str]:
    return place, name.lower() if place == "header" else name


def _typed(value: str, parameter: Mapping[str, Any], description: Description) -> Any:
    """A parameter's text as the JSON value it stands for."""
    kind = description.type_of(parameter.get("schema", {}))
    if kind in {"integer", "number"} and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return json.loads(value)
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    if kind == "array":
        return value.split(",") if parameter.get("explode") is False else [value]
    return value


def _as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's own ways (`nullable`, references within the document, statuses as numbers) made JSON Schema's."""
    if isinstance(node, list):
        return [_as_json_schema(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    copy = {str(name): _as_json_schema(inner) for name, inner in node.items() if name not in {"example", "examples"}}
    if isinstance(copy.get("$ref"), str) and copy["$ref"].startswith("#"):
        copy["$ref"] = _HERE + copy["$ref"]
    if copy.pop("nullable", False) is True:
        return {"anyOf": [copy, {"type": "null"}]}
    return copy
