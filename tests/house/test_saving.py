"""Who edits a row writes the edited columns only: a plain save() writes back whatever was read earlier."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("config", "customers", "billing", "payments", "einvoicing")
# these lock the row and read it again before they write it whole
LOCKED_AND_READ_AGAIN = {
    "billing/services/invoices.py::save_draft",
    "einvoicing/services/accounts.py::save_account",
    "payments/services/feeds/connecting.py::save_feed",
    "payments/services/feeds/connecting.py::disconnect",
    # a person not stored yet
    "config/kernel/models/users.py::create_user",
}
NOT_ROWS = {
    "einvoicing/formats/facturx.py::embed",
    "config/kernel/kept.py::keep_file",
    "einvoicing/reception/reading/pictures.py::page_picture",  # a picture in memory
    "config/kernel/logos.py::_read_png",  # the same
    "billing/sample.py::_picture",
    "config/kernel/admin_audit.py::save_formset",  # commit=False
}


def whole_saves(tree: ast.Module) -> Iterator[str]:
    """The functions that call `save` of something without saying which columns, or that the row is new."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for call in ast.walk(function):
                if not (isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "save"):
                    continue
                keywords = {word.arg: word.value for word in call.keywords}
                forced = keywords.get("force_insert")
                is_new = isinstance(forced, ast.Constant) and forced.value is True
                if "update_fields" not in keywords and not is_new:
                    yield function.name


def test_the_rule_sees_what_it_forbids():
    source = "def a(row):\n row.save()\n row.save(update_fields=['x'])\ndef b(row, n):\n row.save(force_insert=n)"
    assert list(whole_saves(ast.parse(source))) == ["a", "b"]


def test_nothing_writes_a_whole_row_back():
    found = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            if not {"migrations", "sandbox"} & set(path.parts):
                text = path.read_text()
                found |= {f"{place}::{name}" for name in whole_saves(ast.parse(text))} if "save" in text else set()
    assert found - NOT_ROWS - LOCKED_AND_READ_AGAIN == set()
    assert found >= LOCKED_AND_READ_AGAIN, "an exception that nothing needs any more"
