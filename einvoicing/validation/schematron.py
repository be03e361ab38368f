"""Run the official schematrons (XSLT 2) with one Saxon processor, each stylesheet compiled once.

For the child process only: two processors created in threads abort the whole process. Both `failed-assert` and
`successful-report` count; one without a flag is fatal, as the FNFE validator has it.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree
from saxonche import PySaxonProcessor

from config.kernel.xml import parse_untrusted
from einvoicing.validation.artefacts import locate
from einvoicing.validation.report import FATAL, WARNING, Violation
from einvoicing.validation.sentences import base, sentence
from einvoicing.validation.stylesheets import quickened

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_STEP = re.compile(r"/\*:([A-Za-z]+)\[namespace-uri\(\)='[^']*'\](\[\d+\])?")
_PREFIXED = re.compile(r"/[a-z]+:([A-Za-z]+)(\[\d+\])?")
_NAMED = re.compile(r"\[([A-Z]+\d+\.\d+)\]")  # the e-reporting schematron tells its rules in its messages alone
_TERM = re.compile(r"\b((?:BT|BG|MDT|MDG)-\d+)")
_MAX_SVRL = 200 * 1024 * 1024
MAX_VIOLATIONS = 200


class Schematrons:
    """The processor and its compiled stylesheets."""

    def __init__(self) -> None:
        self._processor = PySaxonProcessor(license=False)
        self._xslt = self._processor.new_xslt30_processor()
        self._compiled: dict[str, Any] = {}

    def node(self, document: str) -> Any:
        """Saxon's tree of a document, given as text that has already been parsed once by the hardened parser."""
        return self._processor.parse_xml(xml_text=document)

    def run(self, name: str, node: Any) -> list[Violation]:
        """Judge a document by the stylesheet of that name."""
        executable = self._compiled.get(name)
        if executable is None:
            executable = self._xslt.compile_stylesheet(stylesheet_text=quickened(locate(name)))
            self._compiled[name] = executable
        result = executable.transform_to_string(xdm_node=node)
        return _read(result)


def _read(result: str) -> list[Violation]:
    root = parse_untrusted(result.encode("utf-8"), max_bytes=_MAX_SVRL)
    violations: list[Violation] = []
    for element in root.iter(f"{_SVRL}failed-assert", f"{_SVRL}successful-report"):
        violation = _violation(element)
        if violation not in violations:
            violations.append(violation)
        if len(violations) >= MAX_VIOLATIONS:
            break
    return violations


def _violation(element: etree._Element) -> Violation:
    text = element.find(f"{_SVRL}text")
    official = "" if text is None else " ".join("".join(map(str, text.itertext())).split())
    named = _NAMED.match(official)
    identifier = element.get("id") or (named.group(1) if named else "SCHEMATRON")
    term = _TERM.search(identifier.partition("_")[2]) or _TERM.search(official)
    return Violation(
        rule=base(identifier),
        severity=WARNING if element.get("flag") in {"warning", "information"} else FATAL,
        text=sentence(identifier, official),
        location=readable(element.get("location") or ""),
        term=term.group(1) if term else "",
        official=official,
    )


def readable(location: str) -> str:
    """An XPath without its namespaces and without the [1] of what occurs once."""
    path = _PREFIXED.sub(r"/\1\2", _STEP.sub(r"/\1\2", location))
    return path.replace("[1]", "")
