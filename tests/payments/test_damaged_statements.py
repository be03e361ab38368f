"""Whatever happens to a statement on its way, it is read whole or refused: nothing else comes out of a reader."""

from __future__ import annotations

import random
import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from config.kernel.errors import Invalid
from config.kernel.xml import UnreadableXml, stream_untrusted
from payments.statements import read
from tests.payments.test_cfonb import detail, record
from tests.payments.test_cfonb import statement as cfonb
from tests.payments.test_ofx import closed, ofx
from tests.payments.test_statements import credit, statement_file
from tests.payments.test_swift import CREDIT, mt940
from tests.payments.test_tables import AGRICOLE, AMERICAN, BARE, MUTUEL, QONTO, workbook
from tests.trust.at_once import scaled

GOOD = [
    statement_file(credit(remittance="FAC-2026-00001"), credit("12.00")),
    cfonb(record("04", 100, "VIR"), detail("NPY", "DUBOIS"), detail("MMO", "USD200000000130000"), closing=100100),
    ofx(),
    closed(ofx()),
    mt940(CREDIT),
    *(text.encode() for text in (AGRICOLE, AMERICAN, BARE, MUTUEL, QONTO)),
    workbook([["Date", "Libellé", "Montant", "Solde"], ["30/01/2026", "VIR", 1, 1], ["31/01/2026", "VIR", 2, 3]]),
]
PIECES = [
    b"", b"\x00", b"\xff", b"<", b">", b'"', b";", b"-", b"{", b"}", b"9" * 40, b"NaN", b"1e5", b"31/02/2026", b"?20",
    b":61:", b":86:", b"//", b"/NAME/", b"<STMTTRN>", b"</STMTTRN>", b"<!DOCTYPE x>", b"&#99999999999;", b"&#xD800;",
    "²".encode(), "٣".encode(), b"\xed\xa0\x80", b"\xc2\xa0", b"=",
]  # fmt: skip


def damaged(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    for _turn in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(len(found) + 1)
        act = chance.randrange(4)
        if act == 0:
            del found[place : place + chance.choice((1, 2, 20, 200))]
        elif act == 1:
            found[place:place] = chance.choice(PIECES)
        elif act == 2:
            found[place : place + 3] = chance.choice(PIECES)
        else:
            found[place:place] = found[place // 2 : place // 2 + chance.choice((3, 40))]
    return bytes(found)


@pytest.mark.parametrize("seed", range(max(4, scaled(200))))
def test_a_damaged_statement_is_read_whole_or_refused(seed):
    chance = random.Random(seed)
    for _turn in range(40):
        with suppress(Invalid):
            for found in read(damaged(chance.choice(GOOD), chance), filename="x", pending=True):
                if found.opening is not None and found.closing is not None:
                    booked = sum(line.amount for line in found.lines if line.status == "BOOK")
                    assert found.opening + booked == found.closing


@given(st.text(alphabet=string.printable + "éè€²٣;\t", max_size=300), st.sampled_from([b"", b":20:", b"01", b"<OFX>"]))
def test_any_text_is_refused_or_read(text, start):
    with suppress(Invalid):
        read(start + text.encode("utf-8", "replace"), filename="x")


def test_a_stream_of_entries_keeps_one_of_them():
    data = b"<Document><Stmt><Id>1</Id>" + b"<Ntry><Amt>1</Amt></Ntry>" * 50_000 + b"</Stmt></Document>"
    largest = entries = 0
    for element in stream_untrusted(data, names=("Ntry", "Stmt"), max_bytes=len(data)):
        entries += etree.QName(element).localname == "Ntry"
        if entries % 10_000 == 9_999:
            largest = max(largest, len(element.getparent()))
    assert (entries, largest < 5_000) == (50_000, True)


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" + b"<b/>" * 2_000_000 + b"</a>",
        b"<Document><Stmt>" + b"<b/>" * 2_000_000 + b"</Stmt></Document>",
        b"<Document><Ntry/>",
        b"<Document>" + b"<!-- " + b" " * 5_000 + b"--></Document><!DOCTYPE x>",
        b"<!-- " + b" " * 5_000 + b'--><!DOCTYPE Document [<!ENTITY a "b">]><Document><Ntry/></Document>',
    ],
    ids=["no entry", "too many elements", "cut", "doctype behind", "doctype far"],
)
def test_a_hostile_stream_is_refused(data):
    with pytest.raises(UnreadableXml):
        list(stream_untrusted(data, names=("Ntry", "Stmt"), max_bytes=10_000_000, max_elements=500_000))


@pytest.mark.parametrize(
    "cell", [b"1 " * 60_000, b"solde " + b"1 " * 60_000, b"9" * 120_000, b"compte " + b"FR76 " * 20_000]
)
def test_an_endless_cell_costs_no_more_than_its_length(cell):
    with suppress(Invalid):
        read(
            b"Date;Libelle;Montant\n01/01/2026;x;1,00\n;;" + cell + b"\n01/01/2026;" + cell + b";" + cell, filename="x"
        )
