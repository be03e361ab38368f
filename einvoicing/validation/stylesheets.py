"""The official schematron stylesheets made quicker as they are read, in memory, without changing one verdict.

Two things cost them most. A code list is a file read anew, and searched from its start, at each code of each run: its
values are written into the test. And each pattern walks the whole document to find the few nodes it has rules for:
those nodes are asked for by the patterns of its rules. XSLT 2.0 §5.5.3 makes both ways meet the same nodes, in the
same order. What is not written in the way schematron compilers write is left as it is.

Kept for its speed, 8 ms a document instead of 22, and behind its proof alone: tests/einvoicing/test_stylesheets.py
compares the reports of both, byte for byte, over every sample and broken copies of them (`make trust`; a share of them
in `make test`). A wheel of rules on which they differ is judged by the official stylesheets as they are, without this
module.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lxml import etree

_XSL = "{http://www.w3.org/1999/XSL/Transform}"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_LISTED = re.compile(r"document\('([^'/]+)'\)/codedb/cl\[@id=(\d+)\]/enumeration\[@value=(\$\w+)\]")
_MODE = re.compile(r"M\d+")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALLED = re.compile(r"([\w:.-]+)\s*\(")
_UNSURE = re.compile(r"(?<![\w:.-])\d|[$<>+]|\s(?:eq|ne|lt|gt|le|ge|is|to|div|mod|idiv|castable|cast|treat|instance)\s")
_EVERYTHING = {"@*|*", "*", "*|comment()|processing-instruction()"}
_GENERIC = {"@*|node()", "text()"}
MANY_RULES = 12  # a pattern with more rules than this is quicker walked


def quickened(path: Path) -> str:
    """The stylesheet of that file, to compile."""
    sheet = etree.parse(str(path)).getroot()
    sheet.set(_BASE, path.as_uri())  # what it still reads is beside it
    for test in sheet.iter(f"{_XSL}when"):
        test.set("test", _LISTED.sub(lambda found: _among(path.parent, *found.groups()), test.get("test", "")))
    for start in sheet.iterfind(f"{_XSL}template[@match='/']//{_XSL}apply-templates[@select='/']"):
        _go_straight(sheet, start)
    return etree.tostring(sheet, encoding="unicode")


def _among(folder: Path, file: str, identifier: str, value: str) -> str:
    codes = _code_lists(folder / file).get(identifier, ())
    return f"{value}=({','.join(codes)})"


@cache
def _code_lists(path: Path) -> dict[str, tuple[str, ...]]:
    """The values of each list, as literals of XPath."""
    return {
        codes.get("id", ""): tuple(
            "'" + (code.get("value") or "").replace("'", "''") + "'" for code in codes.iterfind("enumeration")
        )
        for codes in etree.parse(str(path)).iterfind("cl")
    }


def _go_straight(sheet: etree._Element, start: etree._Element) -> None:
    """Make `start`, which applies one pattern to the document, apply it to the nodes its rules match."""
    mode = start.get("mode", "")
    templates = sheet.findall(f"{_XSL}template[@mode='{mode}']")
    rules = [template for template in templates if template.get("match") not in _GENERIC]
    onward = [step for template in templates for step in template.iterfind(f".//{_XSL}apply-templates[@mode='{mode}']")]
    selects = {step.get("select", "") for step in onward}
    matches = [rule.get("match", "") for rule in rules]
    if (
        not _MODE.fullmatch(mode)
        or not 0 < len(rules) <= MANY_RULES
        or len(onward) != len(rules) + 1  # each rule goes on to the children, and so does what has no rule
        or len(selects) != 1
        or not selects <= _EVERYTHING
        or any(_may_stop(match) for match in matches)
        or any(rule.nsmap.items() - start.nsmap.items() for rule in rules)  # prefixes would mean something else
    ):
        return
    # what walked on is taken out, or each node would be judged once more by the walk
    for step in onward:
        parent = step.getparent()
        if parent is not None:
            parent.remove(step)
    everywhere = [path for match in matches for path in _alternatives(match)]
    # a walk that skips attributes never meets one
    only = "" if selects == {"@*|*"} else "[. instance of element()]"
    start.set("select", f"({' | '.join(everywhere)}){only}")


def _may_stop(match: str) -> bool:
    """Whether a part of it can fail, which as a pattern means no match and as a path would stop the run.

    Names, literal texts, their equality and existence cannot; numbers, variables and other functions are not looked at.
    """
    bare = _LITERAL.sub("", match)
    return bool(_UNSURE.search(bare)) or not set(_CALLED.findall(bare)) <= {"not", "and", "or", "exists"}


def _alternatives(match: str) -> list[str]:
    """A pattern as the paths that reach what it matches, from any node of the document."""
    parts, depth, quote, begin = [], 0, "", 0
    for place, character in enumerate(match):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "|" and not depth:
            parts.append(match[begin:place])
            begin = place + 1
    parts.append(match[begin:])
    return [part if part.startswith("/") else f"//{part}" for part in map(str.strip, parts)]
