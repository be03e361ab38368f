"""Every request that an adapter can make, and every answer of its simulator, held against the published description."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.published.adapters import ADAPTERS, Adapter
from tests.published.description import Description, published
from tests.published.exchange import Exchange, recorded

pytestmark = pytest.mark.django_db
_VERSION = re.compile(r"^(/api)?/v\d+(?=/)")
EACH = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)


@EACH
def test_all_that_an_adapter_says_and_hears_is_published(adapter: Adapter, sandbox: str, tmp_path: Path) -> None:
    description = published(adapter.description)
    exchanges = walked(adapter, sandbox, tmp_path)
    table = "\n".join(rows_of(adapter, description, exchanges))
    sys.stdout.write(f"{table}\n")  # pytest -rP shows it
    found = {line for exchange in exchanges for line in differences(description, exchange)}
    unexplained = sorted(line for line in found if not any(line.startswith(known) for known in adapter.differs))
    assert not unexplained, table + "\n\nnot as published:\n" + "\n".join(unexplained)
    gone = [known for known in adapter.differs if not any(line.startswith(known) for line in found)]
    assert not gone, f"{table}\n\nno exchange shows these differences: {gone}"
    unseen = paths_of(adapter) - {shape_of(description, exchange) for exchange in exchanges}
    assert not unseen, f"{table}\n\nin the source of the adapter, and never called here: {sorted(unseen)}"


def test_what_is_not_published_is_found_wherever_it_stands(sandbox: str, tmp_path: Path) -> None:
    flows = ADAPTERS[0]
    description = published(flows.description)
    exchanges = walked(flows, sandbox, tmp_path)
    search = next(row for row in exchanges if row.path == "/v1/flows/search")
    deposit = next(row for row in exchanges if row.path == "/v1/flows")
    metadata = next(row for row in exchanges if ("docType", "Metadata") in row.query)
    assert description.unknown(deposit) == description.unknown(metadata) == []
    for exchange, what in (
        (replace(search, path="/v1/flows/find"), "no operation POST /v1/flows/find"),
        (replace(search, method="PUT"), "no operation PUT /v1/flows/search"),
        (replace(search, query=(("page", "2"),)), "query page is unknown"),
        (replace(search, body=b'{"limit": 25}'), "request: 'where' is a required property"),
        (replace(search, body=b'{"where": {"sender": "x"}}'), "request field where.sender is unknown"),
        (replace(search, body=b'{"where": {"flowDirection": ["Up"]}}'), "request where.flowDirection[]: 'Up' is not"),
        (replace(search, body=b'{"where": {}, "limit": "25"}'), "request limit: '25' is not of type 'integer'"),
        (replace(search, headers={"Content-Type": "text/xml"}), "request body text/xml is unknown"),
        (replace(deposit, body=deposit.body.replace(b'"CII"', b'"XML"')), "request flowInfo.flowSyntax: 'XML' is not"),
        (replace(deposit, body=deposit.body.replace(b'"name"', b'"file_name"')), "request field flowInfo.file_name is"),
        (replace(deposit, status=204), "answer 204 is unknown"),
        (replace(deposit, answer_type="text/html"), "answer 202 text/html is unknown"),
        (replace(metadata, answer=b'{"colour": "red"}'), "answer 200 field colour is unknown"),
        (replace(metadata, query=(("docType", "Copy"),)), "query docType: 'Copy' is not one of"),
    ):
        found = description.unknown(exchange)
        assert [line for line in found if line.startswith(what)], (what, found)


def walked(adapter: Adapter, sandbox: str, folder: Path) -> list[Exchange]:
    with recorded() as exchanges:
        adapter.walk(sandbox, folder)
    return [exchange.without(adapter.prefix) for exchange in exchanges]


def differences(description: Description, exchange: Exchange) -> Iterator[str]:
    operation = description.operation(exchange.method, exchange.path)
    place = f"{operation.method} {operation.path}: " if operation else ""
    return (place + line for line in description.unknown(exchange))


def rows_of(adapter: Adapter, description: Description, exchanges: list[Exchange]) -> Iterator[str]:
    """The table: adapter, call, what was sent in it, and whether the description knows it all."""
    calls: dict[str, tuple[set[str], bool]] = {}
    for exchange in exchanges:
        operation = description.operation(exchange.method, exchange.path)
        call = f"{exchange.method} {operation.path if operation else exchange.path}"
        fields, is_known = calls.get(call, (set(), True))
        requested = [line for line in description.unknown(exchange) if not line.startswith("answer")]
        calls[call] = fields | exchange.sent_fields(), is_known and not requested
    for call, (fields, is_known) in sorted(calls.items()):
        yield f"{adapter.name} | {call} | {', '.join(sorted(fields)) or '–'} | {'yes' if is_known else 'no'}"


def paths_of(adapter: Adapter) -> set[str]:
    """The paths that stand in the adapter's source, {} for what is filled in."""
    found = set()
    for source in adapter.sources:
        tree = ast.parse((Path(settings.BASE_DIR) / source).read_text())
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) not in inner and (text := _literal(node)):
                found.add(text)
    called = {text for text in found if re.fullmatch(r"(/[\w{}:.-]+)+", text)} - adapter.not_called
    return {_VERSION.sub("", text) for text in called}


def _literal(node: ast.AST) -> str:
    """The text of a literal, from the first sign that is not filled in."""
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return text.removeprefix("{}")
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def shape_of(description: Description, exchange: Exchange) -> str:
    """The called path as it stands in the source: without version, {} for what is filled in."""
    operation = description.operation(exchange.method, exchange.path)
    path = re.sub(r"\{[^}]*\}", "{}", operation.path if operation else exchange.path)
    return _VERSION.sub("", path)
