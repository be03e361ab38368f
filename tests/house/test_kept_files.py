"""Files that are kept for the law have one reader and one writer: nothing else opens them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("config", "customers", "billing", "payments", "einvoicing")
READERS = {ROOT / "config/kernel/kept.py", ROOT / "config/kernel/shelves.py"}
# a backup reads and writes the whole place, whatever the rows
DISK = ROOT / "config/pages/operations/installation.py"  # asks how full it is
BACKUPS = {ROOT / "config/runtime/backups" / name for name in ("writing.py", "restoring.py")}
TOUCHES = {"open", "read", "path", "url", "save", "chunks", "delete", "file", "storage"}
NAMES = {"MEDIA_ROOT", "MEDIA_URL", "default_storage", "FileSystemStorage"}


def sources() -> Iterator[Path]:
    for app in APPS:
        yield from (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def openings(source: str) -> Iterator[int]:
    """The lines that touch the stored file of a row (`row.file.open()`), or the place where files are kept."""
    if not any(word in source for word in (".file", *NAMES)):
        return  # no need to parse it
    for node in ast.walk(ast.parse(source)):
        attribute = node.attr if isinstance(node, ast.Attribute) else ""
        holder = node.value if isinstance(node, ast.Attribute) else None
        name = node.id if isinstance(node, ast.Name) else attribute
        of_a_file = isinstance(holder, ast.Attribute) and holder.attr == "file"
        if isinstance(node, ast.expr) and ((of_a_file and attribute in TOUCHES) or name in NAMES):
            yield node.lineno


def test_the_rule_sees_what_it_forbids():
    source = "data = row.file.open()\nplace = document.file.path\nroot = settings.MEDIA_ROOT"
    assert sorted(openings(source)) == [1, 2, 3]


def test_kept_files_are_opened_by_their_reader_alone():
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        if path not in {*READERS, ROOT / "config/settings.py", *BACKUPS, DISK}
        for line in openings(path.read_text())
    }
    assert found == set()
