"""An invoice is issued by one door of einvoicing, which judges it: nobody else calls what stands behind it."""

from __future__ import annotations

import ast
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


def names_in(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    return imported | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def test_nothing_is_issued_unjudged() -> None:
    paths = [
        path
        for app in ("config", "customers", "billing", "payments", "einvoicing")
        for path in (ROOT / app).rglob("*.py")
    ]
    users = {str(path.relative_to(ROOT)) for path in paths if UNJUDGED & names_in(path)}
    assert users <= BEHIND
    assert "einvoicing/services/sending.py" in users


# -- the broker ------------------------------------------------------------------------------------------------------

# the worker's side, and the reading of the address
NO_REQUEST = {"config/runtime/broker.py", "config/kernel/broker.py"}
ALARMS = {"delay", "apply_async", "send_task"}


def calls_in(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    return {function.attr for function in called if isinstance(function, ast.Attribute)}


def foreign_modules(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_whoever_talks_to_the_broker_asks_briefly_and_no_request_sets_an_alarm() -> None:
    talking, alarms = set(), set()
    for app in ("config", "customers", "billing", "payments", "einvoicing"):
        for path in (ROOT / app).rglob("*.py"):
            name, names = str(path.relative_to(ROOT)), names_in(path)
            redis = {module.split(".")[0] for module in foreign_modules(path)} & {"redis", "limits", "valkey"}
            if name not in NO_REQUEST and (redis or "RedisCache" in names or {"client", "broker"} <= names):
                talking.add(name)
                assert "asking" in names, f"{name}: within `broker.asking()`, where nobody waits twice"
            if ALARMS & calls_in(path):
                alarms.add(name)
    assert {"config/kernel/api/limits.py", "config/runtime/health.py"} <= talking
    assert alarms == set(), "rows are the queues: the clock finds them"
