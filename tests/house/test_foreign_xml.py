"""One reader parses the XML that others wrote: any other parser is found here, and says whose files it reads."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("billing", "config", "customers", "einvoicing", "payments")
PARSERS = {
    "xml",
    "defusedxml",
    "xmltodict",
    "xmlschema",
    "bs4",
    "html5lib",
    "feedparser",
    "lxml.html",
    "lxml.objectify",
}
# calls that parse, whatever the module is called where they stand
PARSING = {
    "HTMLParser", "XMLParser", "XMLPullParser", "fromstring", "fromstringlist", "iterparse", "open_metadata",
    "parse_xml",
}  # fmt: skip
OTHERS = {
    "config/kernel/xml.py": "the reader",
    "billing/pdf_engine.py": "the metadata of the PDF it has drawn",
    "einvoicing/formats/facturx.py": "the metadata of the PDF that billing has drawn",
    "einvoicing/validation/chain.py": "the official schemas, of pinned wheels",
    "einvoicing/validation/stylesheets.py": "the official stylesheets, of pinned wheels",
    "einvoicing/validation/schematron.py": "what the reader has parsed and written again",
}


def test_no_other_module_parses_xml() -> None:
    assert {path for path in python_files() if parses_xml((ROOT / path).read_text(encoding="utf-8"))} == OTHERS.keys()


def python_files() -> list[str]:
    found = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [str(path) for path in found if "migrations" not in path.parts]


# in each of which something of the above stands
WORDS = ("xml", "XML", "html", "HTML", "objectify", "bs4", "feedparser", "fromstring", "iterparse", "open_metadata",
         "etree", "ElementTree", "ET.")  # fmt: skip


def parses_xml(source: str) -> bool:
    if not any(word in source for word in WORDS):
        return False  # no need to parse it
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(is_parser(alias.name) for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            if any(map(is_parser, names)):
                return True
        if isinstance(node, ast.Attribute) and is_parsing(node):
            return True
    return False


def is_parser(module: str) -> bool:
    return any(module == parser or module.startswith(f"{parser}.") for parser in PARSERS)


def is_parsing(node: ast.Attribute) -> bool:
    """`etree.parse` too; other modules have a `parse` of their own."""
    of_etree = isinstance(node.value, ast.Name) and node.value.id in {"etree", "ElementTree", "ET", "objectify"}
    return node.attr in PARSING or (of_etree and node.attr in {"parse", "XML", "HTML", "XMLID"})
