"""From bytes to a reading: the XML first, then the text of a PDF; what is only a picture waits for an engine.

Runs inside the child process, which bounds its time and memory. Nothing here knows Django or the database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pypdfium2 as pdfium

from config.kernel.errors import Invalid, Sentence
from einvoicing import document as model
from einvoicing.formats import syntax
from einvoicing.formats.facturx import NotFacturX
from einvoicing.reception.reading import (
    confidence,
    details,
    gates,
    pdf_safety,
    pdf_text,
    picture_checks,
    recognise,
    xml_source,
)
from einvoicing.reception.reading.extraction import Extraction, extract
from einvoicing.reception.reading.extraction.found import ABSENT, Found
from einvoicing.reception.reading.layout import Page, box_of
from einvoicing.reception.reading.result import FIELDS, INVOICE, TEXT, XML, Field, PageText, Reading

MOST_TEXT_PAGES = 60  # the first and the last ones of a longer document


class NeedsOcr(Exception):
    """There are pictures only: (kind, number of pages)."""

    def __init__(self, kind: str, pages: int, problems: tuple[Sentence, ...] = ()) -> None:
        super().__init__(kind)
        self.kind, self.pages, self.problems = kind, pages, problems


def read_quick(data: bytes, own: Collection[str] = ()) -> Reading:
    """All that needs no engine. Raises Invalid (a refusal, with its reason) and NeedsOcr."""
    kind = recognise.recognise(data)
    if kind == recognise.XML_FILE:
        return from_xml(syntax.read(data).invoice, [], 0)
    if kind == recognise.PICTURE:
        raise NeedsOcr(kind, picture_checks.frame_count(data))
    count = pdf_safety.page_count(data)
    pages, invoice = _pages(data, count), None
    problems: tuple[Sentence, ...] = ()
    try:
        invoice = syntax.read(data).invoice
    except NotFacturX:
        pass
    except Invalid as error:
        problems = (Sentence("La facture XML jointe au PDF n’est pas lisible (%(reason)s).", {"reason": str(error)}),)
    if invoice is not None:
        return from_xml(invoice, pages, count, own)
    if not pdf_text.is_born_digital(pages):
        raise NeedsOcr(kind, count, problems)
    return from_pages(pages, TEXT, count, own, problems)


def _pages(data: bytes, count: int) -> list[Page]:
    chosen: Sequence[int] = range(count)
    if count > MOST_TEXT_PAGES:
        chosen = [*range(MOST_TEXT_PAGES - 10), *range(count - 10, count)]
    try:
        document = pdfium.PdfDocument(data)
        try:
            return [pdf_text.read_page(document, index) for index in chosen]
        finally:
            document.close()
    except pdfium.PdfiumError as error:
        raise recognise.Refused("Le PDF est abîmé : demandez-en une autre copie.") from error


def from_pages(
    pages: Sequence[Page],
    source: str,
    count: int,
    own: Collection[str] = (),
    problems: tuple[Sentence, ...] = (),
    checks: Mapping[str, bool | None] | None = None,
) -> Reading:
    """The reading of words, from a text or from an engine."""
    found = extract(pages, own)
    heights = {page.number: page for page in pages}
    fields = {name: _field(source, found.fields.get(name)) for name in FIELDS}
    judged = gates.judge({name: item.value for name, item in fields.items()})
    if judged[gates.VAT_ROWS] is None and fields["vat"].value:
        judged[gates.VAT_ROWS] = False  # a tax that no printed rate explains
    judged[gates.WHOLE] = len(heights) == count
    judged.update(checks or {})
    return Reading(
        source=source,
        fields=fields,
        confidence=confidence.of_whole(source, {name: item.confidence for name, item in fields.items()}, judged),
        gates=judged,
        problems=problems,
        lines=found.lines,
        pages=page_texts(pages),
        page_count=count,
        details=details.of_pages(pages),
    )


def _field(source: str, found: Found | None) -> Field:
    if found is None:
        return Field(None, confidence.of_field(source, ABSENT), evidence=ABSENT)
    return Field(
        value=found.value,
        confidence=confidence.of_field(source, found.evidence),
        page=found.page,
        box=box_of(found.words),
        evidence=found.evidence,
    )


def page_texts(pages: Sequence[Page]) -> tuple[PageText, ...]:
    return tuple(
        PageText(
            page.number,
            tuple((word.text, box) for word in page.words if (box := box_of([word])) is not None),
            round(page.height, 1),
        )
        for page in pages
    )


def from_xml(invoice: model.Invoice, pages: Sequence[Page], count: int, own: Collection[str] = ()) -> Reading:
    """The reading of a structured invoice, compared with the page it came in."""
    values = xml_source.values_of(invoice)
    judged = gates.judge(values)
    drawn = extract(pages, own) if pdf_text.is_born_digital(list(pages)) else None
    judged[gates.PICTURE_MATCHES_XML], differences = compared(values, drawn)
    share = confidence.of_field(XML, "")
    return Reading(
        source=XML,
        fields={name: _placed(name, values[name], share, drawn) for name in FIELDS},
        confidence=confidence.of_whole(XML, {}, judged),
        gates=judged,
        problems=differences,
        lines=xml_source.lines_of(invoice),
        pages=page_texts(pages),
        page_count=count,
        details=_details(invoice, values, drawn),
    )


def _details(invoice: model.Invoice, values: Mapping[str, Any], drawn: Extraction | None) -> dict[str, Any]:
    """What the XML says beside its fields, and the account that only its page names: a person would pay that one."""
    said = details.of_xml(invoice)
    found = drawn.fields.get("iban") if drawn else None
    if found is not None and not values["iban"]:
        said["drawn_iban"] = found.value
    return said


def _placed(name: str, value: Any, share: float, drawn: Extraction | None) -> Field:
    found = drawn.fields.get(name) if drawn else None
    if found is None or found.value != value:
        return Field(value, share, evidence=XML)
    return Field(value, share, found.page, box_of(found.words), XML)


_DIFFERENCES = {
    "gross": "La page et le XML ne disent pas le même montant TTC.",
    "iban": "La page et le XML ne disent pas le même IBAN.",
    "date": "La page et le XML ne disent pas la même date.",
    "due_date": "La page et le XML ne disent pas la même échéance.",
    "number": "La page et le XML ne disent pas le même numéro.",
    "kind": "La page est celle d’un avoir, et le XML se dit facture.",
}


def compared(values: Mapping[str, Any], drawn: Extraction | None) -> tuple[bool | None, tuple[Sentence, ...]]:
    """Whether the page says what its XML says of what is paid, to whom and when; the differences in words."""
    if drawn is None:
        return None, ()
    differences = []
    for name, sentence in _DIFFERENCES.items():
        found, stated = drawn.fields.get(name), values[name]
        if found is None or found.evidence == "guessed" or stated is None:
            continue
        if name == "kind" and found.value == INVOICE:
            continue  # the word « facture » stands on many a credit note
        if found.value != stated and not (name == "number" and _same(str(found.value), str(stated))):
            differences.append(Sentence(sentence, {}))
    return not differences, tuple(differences)


def _same(one: str, other: str) -> bool:
    return "".join(filter(str.isalnum, one)).casefold() == "".join(filter(str.isalnum, other)).casefold()


def judged_again(reading: Reading, checks: Mapping[str, bool | None]) -> Reading:
    """The reading with further gates, and what they make of its probability."""
    judged = {**reading.gates, **checks}
    shares = {name: item.confidence for name, item in reading.fields.items()}
    return replace(reading, gates=judged, confidence=confidence.of_whole(reading.source, shares, judged))
