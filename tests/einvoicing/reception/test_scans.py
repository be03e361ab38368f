"""Pictures: what an engine reads of them, upright or not, and where each word stands."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from einvoicing.reception.reading import read_document
from tests.einvoicing.reception.drawn import facts, layouts, sheets
from tests.einvoicing.reception.drawn.truth import is_right, truth

SEED = 2003
# what another processor may not read otherwise by a letter
FIGURES = ("number", "date", "net", "vat", "gross")


@pytest.fixture(scope="module")
def drawn() -> tuple[facts.Facts, bytes]:
    known = facts.invent(SEED)
    return known, sheets.as_pdf(layouts.draw(known, "letter"))


def test_a_photograph_that_lies_on_its_side_is_read_and_pointed_at(drawn: tuple[facts.Facts, bytes]) -> None:
    """One page through the whole: the processes, the engine, the turn, the fields, and where the number stands."""
    known, pdf = drawn
    picture = Image.open(io.BytesIO(sheets.as_photograph(pdf, SEED))).rotate(90, expand=True)
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=80)
    found = read_document(output.getvalue())
    assert found.source == "ocr", found.problems
    true = truth(known)
    wrong = {name: found.value(name) for name in FIGURES if not is_right(name, true[name], found.value(name))}
    assert wrong == {}
    assert found.gates["sums"]
    left, top, right, bottom = found.fields["number"].box or (0, 0, 0, 0)
    # the page leans to its left: a line of text stands up
    assert bottom - top > right - left > 0


def test_a_long_scan_is_read_at_its_beginning_and_its_end() -> None:
    from einvoicing.reception.reading import scans  # with its engine: half a second, which collecting does without

    assert scans.chosen_pages(3) == [1, 2, 3]
    assert scans.chosen_pages(40) == [1, 2, 3, 4, 5, 6, 39, 40]


def test_a_blank_picture_says_that_nothing_was_found() -> None:
    output = io.BytesIO()
    Image.new("RGB", (900, 1200), "white").save(output, "PNG")
    found = read_document(output.getvalue())
    assert not found.is_read
    assert found.problems == ("Aucun texte n’a été trouvé sur l’image.",)
