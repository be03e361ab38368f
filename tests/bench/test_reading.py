"""How well supplier documents are read: drawn invoices of layouts and seeds that no rule was written with.

READING_TEXTS says how many as born-digital PDFs (120), READING_SCANS how many as a clean scan and as a photograph (6):
a picture takes an engine seconds. READING_SEED begins elsewhere.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from einvoicing.reception.reading import ENOUGH, FIELDS, Reading, cascade, hold, tesseract
from einvoicing.reception.reading.extraction import extract
from einvoicing.reception.reading.pictures import pictures_of
from einvoicing.reception.reading.scans import read_scan
from tests.einvoicing.reception.drawn import facts, layouts, sheets
from tests.einvoicing.reception.drawn.truth import is_right, truth

FIRST = int(os.environ.get("READING_SEED", "50000"))
TEXTS = int(os.environ.get("READING_TEXTS", "120"))
SCANS = int(os.environ.get("READING_SCANS", "6"))
FAMILIES = [*layouts.LAYOUTS, *layouts.HELD_OUT]
STEPS = (0.0, 0.5, 0.8, 0.9, 0.95, 1.0)


@dataclass
class Tally:
    """What was counted of one kind of picture."""

    name: str
    wrong: Counter[str] = field(default_factory=Counter)
    readings: list[tuple[float, bool, bool]] = field(default_factory=list)  # probability, all right, validated
    seconds: float = 0.0

    def add(self, known: facts.Facts, found: Reading) -> None:
        bad = [name for name, value in truth(known).items() if not is_right(name, value, found.value(name))]
        self.wrong.update(bad)
        validated = found.confidence >= ENOUGH and hold(found.gates)
        self.readings.append((found.confidence, not bad, validated))
        if bad and validated:
            print(f"  validated and wrong: seed {known.seed}, {', '.join(bad)}")

    @property
    def share(self) -> float:
        return sum(right for _p, right, _v in self.readings) / len(self.readings)

    def show(self) -> None:
        count = len(self.readings)
        validated = [right for _p, right, is_validated in self.readings if is_validated]
        pace = 60 * count / self.seconds if self.seconds else 0
        print(f"\n{self.name}: {count} pages, all fields right {self.share:.1%}, {pace:.0f} pages a minute")
        print("  fields: " + ", ".join(f"{name} {1 - self.wrong[name] / count:.1%}" for name in FIELDS))
        print(f"  validated {len(validated) / count:.0%}, of which right {sum(validated)} of {len(validated)}")
        for low, high in pairwise(STEPS):
            within = [(p, right) for p, right, _v in self.readings if low <= p < high]
            if within:
                said, seen = sum(p for p, _ in within) / len(within), sum(right for _, right in within) / len(within)
                print(f"  probability {low:.2f}-{high:.2f}: {len(within)} pages, said {said:.2f}, seen {seen:.2f}")
        for least in (0.95, 0.9, 0.8, 0.0):
            kept = [right for p, right, _v in self.readings if p >= least]
            risk = 1 - sum(kept) / len(kept) if kept else 0
            print(f"  from {least:.2f}: coverage {len(kept) / count:.0%}, risk {risk:.1%}")


def test_documents_are_read_as_text_scan_and_photograph() -> None:
    text, scan, photograph, plain = (
        Tally("born-digital"),
        Tally("clean scan"),
        Tally("photograph"),
        Tally("tesseract, scan"),
    )
    for number in range(max(TEXTS, SCANS)):
        known = facts.invent(FIRST + number)
        pdf = sheets.as_pdf(layouts.draw(known, FAMILIES[number % len(FAMILIES)]))
        if number < TEXTS:
            started = time.perf_counter()
            text.add(known, cascade.read_quick(pdf))
            text.seconds += time.perf_counter() - started
        if number < SCANS:
            for tally, data, kind in (
                (scan, sheets.as_scan(pdf, known.seed), "pdf"),
                (photograph, sheets.as_photograph(pdf, known.seed), "picture"),
            ):
                started = time.perf_counter()
                tally.add(known, read_scan(data, kind, 1))
                tally.seconds += time.perf_counter() - started
            if tesseract.is_installed():
                _with_tesseract(plain, known, sheets.as_scan(pdf, known.seed))
    for tally in (text, scan, photograph, plain):
        if tally.readings:
            tally.show()
    assert text.share >= 0.95
    if SCANS >= 20:
        assert scan.share >= 0.8
        assert photograph.share >= 0.6


def _with_tesseract(tally: Tally, known: facts.Facts, data: bytes) -> None:
    """The same extractor on another engine's words."""
    started = time.perf_counter()
    pages = [
        page for number, picture in pictures_of(data, "pdf", [1]) if (page := tesseract.read_picture(picture, number))
    ]
    if pages and extract(pages).fields:
        tally.add(known, cascade.from_pages(pages, "ocr", 1))
    tally.seconds += time.perf_counter() - started
