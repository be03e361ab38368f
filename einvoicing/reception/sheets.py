"""The pages of a document, drawn beside the form: the places that can be pressed, and what was read where."""

from __future__ import annotations

from dataclasses import dataclass, field

from einvoicing.reception.forms import PaperForm
from einvoicing.reception.judging import Verdict
from einvoicing.reception.learning import Place
from einvoicing.reception.pointing import Paper
from einvoicing.reception.reading import Reading
from einvoicing.reception.reading.picking import PICKED
from einvoicing.reception.reading.result import PageText

SIDE = 1000  # the page's width in the picture's own units


@dataclass(slots=True)
class Spot:
    """A place on a page that can be pressed, in units of its picture."""

    value: str
    name: str
    x: int
    y: int
    width: int
    height: int
    tone: str = ""


@dataclass(slots=True)
class Sheet:
    number: int
    height: int
    fields: list[Spot] = field(default_factory=list)
    words: list[Spot] = field(default_factory=list)


def sheet_of(page: PageText, now: Reading, verdict: Verdict, paper: Paper) -> Sheet:
    sheet = Sheet(page.number, round(SIDE * page.height / 600))
    doubted = {doubt.field for doubt in verdict.doubts}
    for name in PICKED:
        item = now.fields.get(name)
        box = item.box if item and item.page == page.number else None
        if (place := paper.shown.get(name)) is not None:
            box = _around(place) if place[0].number == page.number else None
        if box:
            tone = "warn" if name in doubted else "good"
            sheet.fields.append(_spot(name, str(PaperForm.base_fields[name].label), box, sheet.height, tone))
    if paper.picking:
        sheet.words = [
            _spot(f"{page.number}.{index}", text, box, sheet.height) for index, (text, box) in enumerate(page.words)
        ]
    return sheet


def _around(place: Place) -> tuple[float, float, float, float]:
    boxes = [word.box for word in place[1].words]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _spot(value: str, name: str, box: tuple[float, float, float, float], height: int, tone: str = "") -> Spot:
    left, top = round(box[0] * SIDE) - 2, round(box[1] * height) - 2
    width, tall = round((box[2] - box[0]) * SIDE) + 4, round((box[3] - box[1]) * height) + 4
    return Spot(value, name, left, top, width, tall, tone)
