"""What is quickened judges as the official stylesheet does, to the byte of its report, on good files and broken ones.

Saxon lives once in a process and never in this one: another compares, and tells the files on which they differ.
"""

from __future__ import annotations

import copy
import os
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from einvoicing.formats import cii, ubl
from einvoicing.validation.artefacts import ARTEFACTS, locate
from einvoicing.validation.stylesheets import MANY_RULES, quickened
from tests.einvoicing import documents, samples
from tests.trust.at_once import WHOLE, a_share

MUTANTS = int(os.environ.get("STYLESHEET_MUTANTS", "25"))
_XSL = "{http://www.w3.org/1999/XSL/Transform}"
_ROOTS = {artefact: kind for (kind, _profile), artefact in ARTEFACTS.items()}
# each stylesheet with a root element it judges
SHEETS = {name: kind for artefact, kind in _ROOTS.items() for name in (artefact.profile, artefact.french) if name}


def files_of(kind: str) -> list[bytes]:
    invented = [cii.render(documents.standard_invoice()), cii.render(documents.full_invoice())]
    invented += [ubl.render(documents.full_invoice()), ubl.render(documents.credit_note())]
    found = [path.read_bytes() for path in samples.files("**/*.xml")] + invented
    return [data for data in found if kind in data[:2000].decode("utf-8", "replace")]


def mutant(data: bytes, choice: random.Random) -> str:
    """The document with a few parts gone, emptied, renamed by their value, doubled, or put inside another."""
    root = etree.fromstring(data)
    for _ in range(choice.randint(1, 12)):
        elements = [element for element in root.iter(etree.Element) if element is not root]
        if not elements:
            break
        element, other = choice.choice(elements), choice.choice(elements)
        parent = element.getparent()
        assert parent is not None
        match choice.randrange(6):
            case 0:
                parent.remove(element)
            case 1:
                element.text = choice.choice(["", "ZZZ", "A B", "0", "380", "S", "-1.005", "'"])
            case 2:
                element.addnext(copy.deepcopy(element))
            case 3 if len(list(other.iterancestors())) < 12:
                other.append(copy.deepcopy(element))
            case 4:
                element.set(
                    choice.choice(["schemeID", "currencyID", "listID", "format"]), choice.choice(["", "X", "0225"])
                )
            case 5 if len(list(element.iterancestors())) < 12 and len(elements) < 1000:
                element.append(copy.deepcopy(root))
    return etree.tostring(root, encoding="unicode")


def differences(name: str, documents: list[str]) -> list[str]:
    """The documents of which the two say different things."""
    from saxonche import PySaxonApiError, PySaxonProcessor

    def said(stylesheet: Any, node: Any) -> str:
        try:
            return str(stylesheet.transform_to_string(xdm_node=node))
        except PySaxonApiError:
            return "stopped"

    processor = PySaxonProcessor(license=False)
    compiler = processor.new_xslt30_processor()
    official = compiler.compile_stylesheet(stylesheet_file=str(locate(name)))
    ours = compiler.compile_stylesheet(stylesheet_text=quickened(locate(name)))
    different, refused = [], 0
    for document in documents:
        node = processor.parse_xml(xml_text=document)
        expected = said(official, node)
        refused += "failed-assert" in expected
        if said(ours, node) != expected:
            different.append(document)
    assert refused > (5 if WHOLE else 0), "the broken files are not broken enough"
    return different


@pytest.mark.trust
@pytest.mark.parametrize("name", a_share(list(SHEETS), 4), ids=lambda name: name.rpartition("/")[2])
def test_the_quickened_stylesheet_says_what_the_official_one_says(name: str) -> None:
    files = files_of(SHEETS[name])
    if not files:
        pytest.skip("no sample files of that kind are here")
    choice = random.Random(f"{name} 2026")
    mutants = [mutant(choice.choice(files), choice) for _ in range(MUTANTS)]
    # all samples in the whole test; else the same share each day, never none
    whole = [etree.tostring(etree.fromstring(data), encoding="unicode") for data in a_share(files, 10) or files[:1]]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        assert apart.submit(differences, name, whole + mutants).result() == []


def test_the_costly_parts_are_gone_from_what_judges_our_invoices() -> None:
    artefact = ARTEFACTS["CrossIndustryInvoice", "urn:cen.eu:en16931:2017"]
    for name in (artefact.profile, artefact.french):
        before, after = (etree.fromstring(text) for text in (locate(name).read_bytes(), quickened(locate(name))))
        assert len(walks(after)) <= 3 < 50 < len(walks(before))
        assert not [test for test in after.iter(f"{_XSL}when") if "document(" in test.get("test", "")]


def walks(sheet: etree._Element) -> list[etree._Element]:
    return sheet.findall(f"{_XSL}template[@match='/']//{_XSL}apply-templates[@select='/']")


RULE = """<xsl:template match="{match}" mode="M1" priority="1000"><hit/>
<xsl:apply-templates select="{go}" mode="M1"/></xsl:template>"""
SHEET = """<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" {more}>
<xsl:template match="/"><xsl:apply-templates select="/" mode="M1"/></xsl:template>{rules}
<xsl:template match="text()" mode="M1" priority="-1"/>
<xsl:template match="@*|node()" mode="M1" priority="-2"><xsl:apply-templates select="*" mode="M1"/></xsl:template>
</xsl:stylesheet>"""


@pytest.mark.parametrize(
    "rules",
    [
        RULE.format(match="a[current()/b]", go="*"),
        RULE.format(match="a[b = 1]", go="*"),
        RULE.format(match="a[xs:decimal(b)]", go="*"),
        RULE.format(match="a", go="@*"),
        RULE.format(match="a", go="*").replace("<xsl:template", '<xsl:template xmlns:p="urn:other"'),
        RULE.format(match="a", go="*") * (MANY_RULES + 1),
        '<xsl:template match="a" mode="M1"><hit/></xsl:template>',
    ],
)
def test_a_pattern_written_in_another_way_is_left_to_walk(tmp_path: Path, rules: str) -> None:
    path = tmp_path / "rules.xslt"
    path.write_text(SHEET.format(rules=rules, more=""))
    assert len(walks(etree.fromstring(quickened(path)))) == 1


def test_a_pattern_goes_straight_to_each_of_its_alternatives(tmp_path: Path) -> None:
    path = tmp_path / "rules.xslt"
    path.write_text(SHEET.format(rules=RULE.format(match="a[not(b|c='|(2')] | /d/@e", go="*"), more=""))
    start = etree.fromstring(quickened(path)).find(f"{_XSL}template[@match='/']/{_XSL}apply-templates")
    assert start is not None
    assert start.get("select") == "(//a[not(b|c='|(2')] | /d/@e)[. instance of element()]"
