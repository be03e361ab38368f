"""Every text a person may read: what gettext is asked for, in Python and in templates, and whole French sentences."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract
from django.utils.translation.template import templatize

from einvoicing import lifecycle
from einvoicing.platforms.presets import PRESETS
from einvoicing.platforms.registry import PLATFORMS
from payments import matching

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "customers", "billing", "payments", "einvoicing")
SINGLE = ("_", "gettext", "gettext_lazy", "gettext_noop", "n")
KEYWORDS = dict.fromkeys(SINGLE) | {"ngettext": (1, 2), "ngettext_lazy": (1, 2)}
NOTE = re.compile(r"{% comment %}.*?{% endcomment %}", re.DOTALL)
# refusals and verdicts are plain sentences where they are decided, and translated where they are shown
SENTENCE = re.compile(r"[A-ZÀÉÊÎÔ«].* .*\.", re.DOTALL)
# read by operators at a terminal, by the simulators' clients, or copied into French legal documents
NOT_SHOWN = {
    "cluster.py", "companies.py", "embedded.py", "keeper.py", "law.py", "letters.py", "management",
    "migrations", "models.py", "preflight.py", "production.py", "rehearsal", "sandbox", "schema.py", "settings.py",
    "snapshots.py", "supervisor.py",
}  # fmt: skip


def all_texts() -> tuple[set[str], dict[str, str]]:
    """The single texts, and the plurals by their singular."""
    single: set[str] = {*matching.PHRASES.values(), *matching.LOSSES.values(), matching.NO_REASON}
    single |= {one.label for one in (*PRESETS, *PLATFORMS.values())}
    single |= {status.label for status in lifecycle.STATUSES.values()} | {lifecycle.label(lifecycle.UNMAPPED)}
    single |= {*lifecycle.ACTIONS.values()}
    plural: dict[str, str] = {}
    for path in _python_files():
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        single |= class_messages(nodes)
        if not NOT_SHOWN & set(path.parts):
            single |= sentences(nodes)
        for found in asked_for(nodes):
            _sort(found, single, plural)
    # documents and letters to customers are French; mails about accounts are in the person's language
    for path in sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates/people/mails").rglob("*.txt")]):
        # one line: what templatize makes of a page is not indented as Python is
        page = " ".join(templatize(NOTE.sub("", path.read_text(encoding="utf-8"))).split("\n")).strip()
        for _line, found, _comments, _context in extract("python", io.BytesIO(page.encode()), KEYWORDS):
            _sort(found, single, plural)
    return single - {"", *plural, *plural.values()}, plural


def _sort(found: object, single: set[str], plural: dict[str, str]) -> None:
    if isinstance(found, str):
        single.add(found)
    elif isinstance(found, tuple) and len(found) == 2:
        plural[found[0]] = found[1]


def asked_for(nodes: list[ast.AST]) -> Iterator[str | tuple[str, ...]]:
    """What `_("…")` and `ngettext("…", "…", n)` name, also inside an f-string."""
    for node in nodes:
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in KEYWORDS:
            texts = tuple(one.value for one in node.args[:2] if isinstance(one, ast.Constant) and one.value)
            if texts:
                yield texts if name.startswith("ngettext") else texts[0]


def class_messages(nodes: list[ast.AST]) -> set[str]:
    """`message = "…"` of the errors, whatever its punctuation."""
    return {
        node.value.value
        for node in nodes
        if isinstance(node, ast.Assign)
        and any(isinstance(one, ast.Name) and one.id == "message" for one in node.targets)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def sentences(nodes: list[ast.AST]) -> set[str]:
    """Whole sentences, docstrings, pieces of f-strings and the English of the API's documentation left out."""
    prose = {
        id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    } | {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    prose |= {id(part) for node in nodes if _documents_the_api(node) for part in ast.walk(node)}
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in prose
        and SENTENCE.fullmatch(node.value)
    }


def _documents_the_api(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in {"help_text", "description"}
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"sent", "received", "_header"}


def _python_files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))
