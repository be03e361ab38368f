"""Hostile files are refused in bounded time and memory, and say nothing of the machine."""

from __future__ import annotations

import io
import random
import re
import sys
import zlib
from pathlib import Path

import pikepdf
import pytest
from lxml import etree
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from config.kernel.errors import Invalid
from config.kernel.xml import parse_untrusted
from einvoicing.formats import cdar, cii, facturx, pdfa
from einvoicing.validation import SCHEMA, check
from einvoicing.validation.engine import SECONDS_PER_DOCUMENT, Engine
from tests.einvoicing import documents
from tests.trust.at_once import WHOLE

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
    "DOCTYPE in UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4APA-a/+AD4-',
    "DOCTYPE in UTF-16 without mark": '<?xml version="1.0" encoding="UTF-16LE"?><!DOCTYPE a><a/>'.encode("utf-16-le"),
    "DOCTYPE in UTF-32": '<?xml version="1.0" encoding="UTF-32"?><!DOCTYPE a><a/>'.encode("utf-32"),
    "a million attributes": b"<a " + b" ".join(b'a%d="1"' % number for number in range(1_000_000)) + b"/>",
    "an archive": b"PK\x03\x04" + bytes(1000),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_xml_is_refused_by_every_reader_in_bounded_time(data):
    for read in (parse_untrusted, cii.parse, cdar.parse):
        with pytest.raises(Invalid) as refusal:
            read(data)
        assert "root:" not in str(refusal.value)
    report = check(data)
    assert not report.valid
    assert report.rules == {"FORMAT"}


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
    report = check(data)
    assert not report.valid
    assert report.violations
    assert "ENGINE" not in report.rules, "the engine answered within the time it is given"


@pytest.mark.parametrize("name", ["header only", "truncated", "endless size", "looping pages"])
def test_a_broken_pdf_is_refused_with_a_sentence(name):
    with pytest.raises(facturx.NotFacturX):
        facturx.extract(PDFS[name])
    assert pdfa.check(PDFS[name])


def _pdf(change) -> bytes:
    output = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        change(document)
        document.save(output, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return output.getvalue()


def _attached(document: Pdf, stream: Stream) -> None:
    indirect = document.make_indirect(stream)
    specification = Dictionary(F="factur-x.xml", UF="factur-x.xml", EF=Dictionary(F=indirect, UF=indirect))
    tree = Dictionary(Names=Array([pikepdf.String("factur-x.xml"), document.make_indirect(specification)]))
    document.Root.Names = Dictionary(EmbeddedFiles=tree)


def _inflating(rounds: int):
    """An attachment of 512 MB, compressed once or more."""

    def change(document: Pdf) -> None:
        packer, block = zlib.compressobj(1), bytes(1024 * 1024)
        content = b"".join(packer.compress(block) for _ in range(512)) + packer.flush()
        for _ in range(rounds - 1):
            content = zlib.compress(content, 9)
        stream = Stream(document, b"")
        stream.write(content, filter=Array([Name.FlateDecode] * rounds) if rounds > 1 else Name.FlateDecode)
        _attached(document, stream)

    return change


def _runs(document: Pdf) -> None:
    """An attachment of 1 GB by run lengths, which only the PDF library itself can inflate."""
    stream = Stream(document, b"")
    stream.write(b"\x81\x00" * (8 * 1024 * 1024), filter=Name.RunLengthDecode)
    _attached(document, stream)


def _crowd(document: Pdf) -> None:
    names = Array()
    for number in range(3000):
        name = f"{number:04}.xml"
        content = document.make_indirect(Stream(document, b"<a/>", Type=Name.EmbeddedFile))
        spec = Dictionary(Type=Name.Filespec, F=name, UF=name, EF=Dictionary(F=content, UF=content))
        names.extend([String(name), document.make_indirect(spec)])
    # as one list: put in one by one, they take longer to sort than to refuse
    document.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=names))


def _names_within_themselves(document: Pdf) -> None:
    tree = document.make_indirect(Dictionary())
    tree.Kids = Array([tree, tree])
    document.Root.Names = Dictionary(EmbeddedFiles=tree)


def _pages_within_themselves(document: Pdf) -> None:
    document.Root.Pages.Kids = Array([document.Root.Pages] * 3)


BOMBS = {
    "512 MB": _inflating(1),
    "512 MB compressed twice": _inflating(2),
    "1 GB of run lengths": _runs,
    "3000 attachments": _crowd,
    "names within themselves": _names_within_themselves,
    "pages within themselves": _pages_within_themselves,
}


@pytest.mark.parametrize("change", BOMBS.values(), ids=list(BOMBS))
def test_a_pdf_bomb_is_refused_in_bounded_time_and_memory(change):
    data = _pdf(change)
    engine = Engine()
    try:
        assert engine.check(GOOD, (SCHEMA,)).valid
        before = _peak(engine)
        report = engine.check(data)
        assert not report.valid
        assert report.rules & {"PDF-ATTACHMENT", "FORMAT", "PDF-BOMB"}
        assert _peak(engine) - before < 200 * 1024**2
        assert engine.check(GOOD, (SCHEMA,)).valid
    finally:
        engine.close()


def _peak(engine: Engine) -> int:
    """The most memory the engine has held, in bytes."""
    status = Path(f"/proc/{engine.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024


def _lines(count: int) -> bytes:
    start, end = b"<ram:IncludedSupplyChainTradeLineItem>", b"</ram:IncludedSupplyChainTradeLineItem>"
    first, last = GOOD.index(start), GOOD.rindex(end) + len(end)
    return GOOD[:first] + re.sub(rb">\s+<", b"><", GOOD[first:last]) * count + GOOD[last:]


def test_an_invoice_of_a_hundred_thousand_lines_is_refused_before_any_rule_runs():
    report = check(_lines(100_000))
    assert report.rules <= {"SIZE", "FORMAT"}


def test_a_document_that_outlasts_its_time_is_refused_and_the_next_one_judged_as_ever():
    engine = Engine()
    try:
        assert engine.check(GOOD, (SCHEMA,)).valid
        engine._seconds = 0.5
        overrun = engine.pid
        report = engine.check(_lines(9000))
        assert (report.rules, report.valid) == ({"ENGINE"}, False)
        assert not Path(f"/proc/{overrun}").exists()
        engine._seconds = SECONDS_PER_DOCUMENT
        assert engine.check(GOOD, (SCHEMA,)).valid
        assert engine.pid != overrun
    finally:
        engine.close()


def test_a_document_that_wants_too_much_memory_is_refused_and_the_next_one_judged_as_ever():
    greedy = (
        "import sys; from einvoicing.validation import child; child.EXTRA_ADDRESS_SPACE = 300 * 1024**2;"
        "sys.argv = ['child', '%(parent)d']; child.main()"
    )
    engine = Engine((sys.executable, "-c", greedy))
    try:
        assert engine.check(GOOD, (SCHEMA,)).valid
        report = engine.check(b"<a>" + b"<b/>" * 4_900_000 + b"</a>")
        assert not report.valid
        assert report.rules <= {"ENGINE", "FORMAT"}
        assert engine.check(GOOD, (SCHEMA,)).valid
    finally:
        engine.close()


def test_nothing_a_document_names_is_fetched():
    included = b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    schema = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:a file:///etc/passwd"'
    assert "root:" not in repr(check(GOOD.replace(b"<ram:Name>", included + b"<ram:Name>", 1)))
    assert check(GOOD.replace(b" xmlns:rsm", schema + b" xmlns:rsm", 1)).rules <= {"XSD"}
    sheet = b'<?xml-stylesheet type="text/xsl" href="file:///etc/passwd"?>'
    assert check(GOOD.replace(b"?>", b"?>" + sheet, 1)).valid


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


@pytest.mark.trust
@pytest.mark.parametrize("damage", [_damaged, _retyped])
def test_damaged_documents_are_read_or_refused_but_never_crash(damage):
    chance = random.Random(20261121)
    whole = cii.render(documents.full_invoice())
    refused = 0
    for _ in range(1000 if WHOLE else 100):
        try:
            cii.parse(damage(whole, chance))
        except Invalid:
            refused += 1
    assert refused


def test_a_valid_document_is_still_valid_after_all_that():
    assert check(GOOD).valid
