"""Hostile files are refused in bounded time and memory, and say nothing of the machine."""

from __future__ import annotations

import random
import time
import zlib

import pytest
from lxml import etree

from config.kernel.errors import Invalid
from einvoicing.formats import cdar, cii, facturx, pdfa
from einvoicing.formats.xml import parse_untrusted
from einvoicing.validation import check
from tests.einvoicing import documents

GOOD = cii.render(documents.standard_invoice())
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x0 "ha">'
    + b"".join(b'<!ENTITY x%d "%s">' % (level, b"&x%d;" % (level - 1) * 10) for level in range(1, 12))
    + b"]><a>&x11;</a>"
)
SECRET = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
HOSTILE = {
    "billion laughs": LAUGHS,
    "quadratic": b'<!DOCTYPE a [<!ENTITY x "' + b"h" * 100_000 + b'">]><a>' + b"&x;" * 10_000 + b"</a>",
    "external entity": SECRET,
    "external DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "DOCTYPE alone": b"<!DOCTYPE a><a/>",
    "DOCTYPE after a long comment": b"<!--" + b" " * 10_000 + b"--><!DOCTYPE a><a/>",
    "DOCTYPE in UTF-16": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
    "truncated": GOOD[: len(GOOD) // 2],
    "empty": b"",
    "spaces": b" \n ",
    "not XML": b"\x00\x01\x02 bonjour",
    "too deep": b"<a>" * 100_000 + b"</a>" * 100_000,
    "30 MB": b"<a>" + b"x" * (30 * 1024 * 1024) + b"</a>",
    "too many elements": b"<a>" + b"<b/>" * 600_000 + b"</a>",
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?><a/>',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_xml_is_refused_by_every_reader_in_bounded_time(data):
    started = time.monotonic()
    for read in (parse_untrusted, cii.parse, cdar.parse):
        with pytest.raises(Invalid) as refusal:
            read(data)
        assert "root:" not in str(refusal.value)
    report = check(data)
    assert not report.valid
    assert report.rules == {"FORMAT"}
    assert time.monotonic() - started < 5


def test_an_external_entity_is_never_read():
    report = check(SECRET)
    assert "root:" not in repr(report)


def _bomb() -> bytes:
    """A PDF whose attachment inflates two hundred times."""
    content = zlib.compress(b"\0" * (64 * 1024 * 1024), 9)
    names = b"<</EmbeddedFiles<</Names[(factur-x.xml) 2 0 R]>>>>"
    return b"\n".join(
        (
            b"%PDF-1.7",
            b"1 0 obj<</Type/Catalog/Names" + names + b">>endobj",
            b"2 0 obj<</Type/Filespec/F(factur-x.xml)/UF(factur-x.xml)/EF<</F 3 0 R/UF 3 0 R>>>>endobj",
            b"3 0 obj<</Type/EmbeddedFile/Filter/FlateDecode/Length " + str(len(content)).encode() + b">>stream",
            content,
            b"endstream endobj",
            b"trailer<</Root 1 0 R/Size 4>>",
        )
    )


PDFS = {
    "header only": b"%PDF-1.7",
    "truncated": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog",
    "endless size": b"%PDF-1.7\ntrailer<</Size 999999999/Root 1 0 R>>\nstartxref\n5\n%%EOF",
    "looping pages": b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]>>endobj\ntrailer<</Root 1 0 R>>",
    "attachment bomb": _bomb(),
}


@pytest.mark.parametrize("data", PDFS.values(), ids=list(PDFS))
def test_a_hostile_pdf_is_refused_in_bounded_time_by_the_engine(data):
    started = time.monotonic()
    report = check(data)
    assert not report.valid
    assert report.violations
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("name", ["header only", "truncated", "endless size", "looping pages"])
def test_a_broken_pdf_is_refused_with_a_sentence(name):
    with pytest.raises(facturx.NotFacturX):
        facturx.extract(PDFS[name])
    assert pdfa.check(PDFS[name])


def _damaged(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(damaged))
        end = start + chance.randint(1, 60)
        match chance.randrange(4):
            case 0:
                damaged[start] = chance.randrange(256)
            case 1:
                del damaged[start:end]
            case 2:
                damaged[start:start] = damaged[start:end]
            case _:
                damaged[start:start] = chance.choice([b"9" * 30, b"E9", b"<", b"&", b"\0", b"/ ", b"0 R ", b"<<"])
    return bytes(damaged)


def _retyped(data: bytes, chance: random.Random) -> bytes:
    root = etree.fromstring(data)
    elements = list(root.iter())[1:]
    for element in chance.sample(elements, 3):
        if chance.random() < 0.3:
            element.getparent().remove(element)
        else:
            element.text = chance.choice(["", "-1", "99999999", "1e5", "٣", "9" * 39, " 12 ", "0.0000000001"])
    return etree.tostring(root)


@pytest.mark.parametrize("damage", [_damaged, _retyped])
def test_a_thousand_damaged_documents_are_read_or_refused_but_never_crash(damage):
    chance = random.Random(20261121)
    whole = cii.render(documents.full_invoice())
    refused = 0
    for _ in range(1000):
        try:
            cii.parse(damage(whole, chance))
        except Invalid:
            refused += 1
    assert refused


def test_a_valid_document_is_still_valid_after_all_that():
    assert check(GOOD).valid
