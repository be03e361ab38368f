"""A scan from its pictures to a reading: one engine, and a second where it is installed and the sums do not hold."""

from __future__ import annotations

from collections.abc import Collection

import pypdfium2 as pdfium

from config.kernel.errors import Sentence
from einvoicing.reception.reading import cascade, gates, ocr, tesseract
from einvoicing.reception.reading.layout import Page
from einvoicing.reception.reading.pictures import Picture, pictures_of
from einvoicing.reception.reading.process import MOST_OCR_PAGES
from einvoicing.reception.reading.result import OCR, Reading, unreadable

LAST_PAGES = 2  # where the totals stand
_COMPARED = ("number", "date", "net", "vat", "gross", "supplier_siren", "iban")


def chosen_pages(count: int) -> list[int]:
    """The pages that are read of a long scan: the first ones, and the last."""
    if count <= MOST_OCR_PAGES:
        return list(range(1, count + 1))
    return [*range(1, MOST_OCR_PAGES - LAST_PAGES + 1), *range(count - LAST_PAGES + 1, count + 1)]


def read_scan(
    data: bytes, kind: str, count: int, own: Collection[str] = (), problems: tuple[Sentence, ...] = ()
) -> Reading:
    """What the pictures say; unreadable when no word was found."""
    try:
        pictures = list(pictures_of(data, kind, chosen_pages(count)))
    except (OSError, ValueError, SyntaxError, EOFError, pdfium.PdfiumError):
        return unreadable("L’image est abîmée : demandez-en une autre copie.")
    pages = [ocr.read_picture(picture, number) for number, picture in pictures]
    if sum(len(page.words) for page in pages) < 5:
        return unreadable("Aucun texte n’a été trouvé sur l’image.")
    if len(pages) < count:
        problems = (
            *problems,
            Sentence(
                "Des pages n’ont pas été lues : %(read)d l’ont été sur %(count)d.", {"read": len(pages), "count": count}
            ),
        )
    reading = cascade.from_pages(pages, OCR, count, own, problems)
    if gates.hold(reading.gates) or not tesseract.is_installed():
        return reading
    return _with_second_opinion(reading, pictures, count, own, problems)


def _with_second_opinion(
    first: Reading,
    pictures: list[tuple[int, Picture]],
    count: int,
    own: Collection[str],
    problems: tuple[Sentence, ...],
) -> Reading:
    """The better of two engines; whether they agree is a gate."""
    pages: list[Page] = [page for number, picture in pictures if (page := tesseract.read_picture(picture, number))]
    if len(pages) < len(pictures):
        return first
    second = cascade.from_pages(pages, OCR, count, own, problems)
    agree = all(
        first.value(name) == second.value(name)
        for name in _COMPARED
        if first.value(name) is not None and second.value(name) is not None
    )
    better = second if gates.hold(second.gates) and not gates.hold(first.gates) else first
    return cascade.judged_again(better, {gates.ENGINES_AGREE: agree})
