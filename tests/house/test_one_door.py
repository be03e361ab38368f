"""An invoice is issued by one door of einvoicing, which judges it: nobody else calls what stands behind it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNJUDGED = {"issue_invoice", "issue_credit_note", "issue_correction"}
# the door itself, and what stands behind it
BEHIND = {
    "billing/services/issuing.py",
    "payments/services/crediting.py",
    "einvoicing/services/sending.py",
    "einvoicing/services/writing.py",
}


def sources_with(words: set[str]) -> Iterator[tuple[str, list[ast.AST]]]:
    """The files in which one of these words stands, each with its nodes: most files need not be parsed."""
    for app in ("config", "customers", "billing", "payments", "einvoicing"):
        for path in (ROOT / app).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if any(word in text for word in words):
                yield str(path.relative_to(ROOT)), list(ast.walk(ast.parse(text)))


def names_in(nodes: list[ast.AST]) -> set[str]:
    imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    return imported | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def test_nothing_is_issued_unjudged() -> None:
    users = {name for name, nodes in sources_with(UNJUDGED) if UNJUDGED & names_in(nodes)}
    assert users <= BEHIND
    assert "einvoicing/services/sending.py" in users


# -- the broker ------------------------------------------------------------------------------------------------------

# the worker's side, and the reading of the address
NO_REQUEST = {"config/runtime/broker.py", "config/kernel/broker.py"}
ALARMS = {"delay", "apply_async", "send_task"}
LIBRARIES = {"redis", "limits", "valkey"}
CACHE = "RedisCache"
CLIENT = {"client", "broker"}


def calls_in(nodes: list[ast.AST]) -> set[str]:
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    return {function.attr for function in called if isinstance(function, ast.Attribute)}


def foreign_modules(nodes: list[ast.AST]) -> set[str]:
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_whoever_talks_to_the_broker_asks_briefly_and_no_request_sets_an_alarm() -> None:
    talking, alarms = set(), set()
    for name, nodes in sources_with({*LIBRARIES, CACHE, "broker", *ALARMS}):
        names = names_in(nodes)
        redis = {module.split(".")[0] for module in foreign_modules(nodes)} & LIBRARIES
        if name not in NO_REQUEST and (redis or CACHE in names or names >= CLIENT):
            talking.add(name)
            assert "asking" in names, f"{name}: within `broker.asking()`, where nobody waits twice"
        if ALARMS & calls_in(nodes):
            alarms.add(name)
    assert {"config/kernel/api/limits.py", "config/runtime/health.py"} <= talking
    assert alarms == set(), "rows are the queues: the clock finds them"
