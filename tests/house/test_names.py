"""The kernel's names are words of the field: none of those that once meant nine things."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.texts import ROOT

RIDDLES = frozenset({"told", "said", "asked", "one", "words", "tell", "door"})
# what templates of every app read
KEPT = {("house.py", "said")}


def names_given(path: Path) -> Iterator[str]:
    """What the file names: its functions, classes, arguments and variables."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_no_name_of_the_kernel_is_a_riddle() -> None:
    files = sorted((ROOT / "config/kernel").rglob("*.py"))
    found = {(path.name, name) for path in files for name in names_given(path) if name.strip("_").lower() in RIDDLES}
    assert found == KEPT
