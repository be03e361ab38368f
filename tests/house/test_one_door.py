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
