"""The words of a born-digital PDF as they are drawn; what is drawn invisibly is not what a person saw."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

from einvoicing.reception.reading.layout import WIDTH, Page, Word

_INVISIBLE = {raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP}
MOST_CHARACTERS = 60_000  # of a page; a dense one has six thousand
ENOUGH_WORDS = 25  # a scan has none, or a stamp of its scanner
SMALLEST = 2.0  # points: no eye reads less


@dataclass(slots=True)
class _Run:
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    space: bool = False
    guessed: bool = False  # a space that the library made from a gap, which may be but kerning


def read_page(document: pdfium.PdfDocument, index: int) -> Page:
    """The words of one page. Raises PdfiumError."""
    page = document[index]
    try:
        left, bottom, right, top = page.get_bbox()
        rotation = page.get_rotation()
        textpage = page.get_textpage()
        try:
            runs = list(_characters(textpage))
        finally:
            textpage.close()
    finally:
        page.close()
    width, height = max(right - left, 1.0), max(top - bottom, 1.0)
    turned = [_turn(run, rotation, left, bottom, width, height) for run in runs]
    if rotation in (90, 270):
        width, height = height, width
    scale = WIDTH / width
    words = [
        Word(
            text=run.text,
            x0=run.x0 * scale,
            y0=run.y0 * scale,
            x1=run.x1 * scale,
            y1=run.y1 * scale,
            box=(run.x0 / width, run.y0 / height, run.x1 / width, run.y1 / height),
        )
        for run in _words(turned)
        if -1 < run.x0 < width + 1 and -1 < run.y0 < height + 1
    ]
    return Page(index + 1, height * scale, words)


def _characters(textpage: pdfium.PdfTextPage) -> Iterator[_Run]:
    count = min(textpage.count_chars(), MOST_CHARACTERS)
    rectangle = raw.FS_RECTF()
    modes: dict[int, bool] = {}
    for index in range(count):
        code = raw.FPDFText_GetUnicode(textpage, index)
        character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
        if character.isspace() or not character.isprintable():
            yield _Run(" ", 0, 0, 0, 0, space=True, guessed=raw.FPDFText_IsGenerated(textpage, index) == 1)
            continue
        if not _is_seen(textpage, index, modes):
            continue
        if raw.FPDFText_GetLooseCharBox(textpage, index, ctypes.byref(rectangle)):
            box = rectangle
            if abs(box.top - box.bottom) >= SMALLEST:
                yield _Run(character, box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top))


def _is_seen(textpage: pdfium.PdfTextPage, index: int, modes: dict[int, bool]) -> bool:
    item = raw.FPDFText_GetTextObject(textpage, index)
    if not item:
        return True
    address = ctypes.cast(item, ctypes.c_void_p).value or 0
    if address not in modes:
        modes[address] = raw.FPDFTextObj_GetTextRenderMode(item) not in _INVISIBLE
    return modes[address]


def _turn(run: _Run, rotation: int, left: float, bottom: float, width: float, height: float) -> _Run:
    """From the upward axis of a PDF to the downward axis of a reader, as the page is shown."""
    if run.space:
        return run
    x0, x1, y0, y1 = run.x0 - left, run.x1 - left, run.y0 - bottom, run.y1 - bottom
    if rotation == 90:
        return _Run(run.text, y0, x0, y1, x1)
    if rotation == 180:
        return _Run(run.text, width - x1, y0, width - x0, y1)
    if rotation == 270:
        return _Run(run.text, height - y1, width - x1, height - y0, width - x0)
    return _Run(run.text, x0, height - y1, x1, height - y0)


def _words(runs: list[_Run]) -> Iterator[_Run]:
    """Characters that follow each other without a space or a gap."""
    word: _Run | None = None
    is_doubtful = False
    for run in runs:
        if run.space:
            if word and not run.guessed:
                yield word
                word = None
            is_doubtful = run.guessed
            continue
        if word and _follows(word, run, 0.17 if is_doubtful else 0.3):
            is_doubtful = False
            word.text += run.text
            word.x1 = max(word.x1, run.x1)
            word.y0, word.y1 = min(word.y0, run.y0), max(word.y1, run.y1)
            continue
        if word:
            yield word
        is_doubtful = False
        word = _Run(run.text, run.x0, run.y0, run.x1, run.y1)
    if word:
        yield word


def _follows(word: _Run, run: _Run, most: float) -> bool:
    height = max(min(word.y1 - word.y0, run.y1 - run.y0), 0.1)
    level = abs((word.y0 + word.y1) - (run.y0 + run.y1)) / 2 < 0.4 * height
    return level and -0.5 * height < run.x0 - word.x1 < most * height


def is_born_digital(pages: list[Page]) -> bool:
    """Whether the text is the document, and not a stamp on a picture."""
    return sum(len(page.words) for page in pages) >= ENOUGH_WORDS and any(
        any(character.isdigit() for character in word.text) for page in pages for word in page.words
    )
