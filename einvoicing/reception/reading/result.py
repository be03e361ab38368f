"""What a supplier document says, as far as it could be read: values, their place, how sure, and what was checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from config.kernel.errors import Sentence

XML, TEXT, OCR = "xml", "text", "ocr"
INVOICE, CREDIT_NOTE = "invoice", "credit_note"

# in the order people read a document; the amounts of a credit note are positive
FIELDS = (
    "number", "kind", "date", "due_date", "supplier_name", "supplier_siren", "supplier_vat", "iban", "net", "vat",
    "gross", "currency", "vat_rows", "order_reference",
)  # fmt: skip

A4 = 848.5  # the height of such a page where its width is 600
Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the page from its upper left corner


@dataclass(frozen=True, slots=True)
class VatRow:
    """The base and the tax of one rate, in percent; the rate of an exemption is 0."""

    rate: Decimal
    base: Decimal
    amount: Decimal


Value = str | date | Decimal | tuple[VatRow, ...] | None


@dataclass(frozen=True, slots=True)
class Field:
    """A value, the probability that it is right, and where it stands; `value` None: not found."""

    value: Value = None
    confidence: float = 0.0
    page: int | None = None  # from 1
    box: Box | None = None
    evidence: str = ""  # what it rests on: see `confidence`


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table, with what was printed in its columns."""

    description: str
    quantity: Decimal | None
    unit_price: Decimal | None
    rate: Decimal | None
    net: Decimal
    page: int | None = None
    box: Box | None = None
    category: str = ""  # BT-151, of a structured invoice
    starts_on: date | None = None  # BT-134
    ends_on: date | None = None  # BT-135


@dataclass(frozen=True, slots=True)
class PageText:
    """The words of a page as a person sees them, so that she can point at another."""

    number: int
    words: tuple[tuple[str, Box], ...]
    height: float = A4  # where the page is 600 wide


@dataclass(frozen=True, slots=True)
class Reading:
    """`source` is '' when nothing could be read, and `problems` says why; `gates` maps a check to yes, no or "
    "unknown."""

    source: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)
    confidence: float = 0.0  # the probability that every field is right
    gates: Mapping[str, bool | None] = field(default_factory=dict)
    problems: tuple[Sentence, ...] = ()  # French, with what another language needs
    lines: tuple[Line, ...] = ()
    pages: tuple[PageText, ...] = ()
    page_count: int = 0
    ms: int = 0
    # what the books ask beside the fields, as plain texts: see `details`
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        return bool(self.source)

    def value(self, name: str) -> Any:
        found = self.fields.get(name)
        return found.value if found else None


def unreadable(sentence: str, **params: Any) -> Reading:
    """The reading of a document that is refused, or that says nothing."""
    return Reading(problems=(sentence if isinstance(sentence, Sentence) else Sentence(sentence, params),))


def plain(value: Any) -> Any:
    """A value as JSON carries it: ISO days, plain decimals as texts."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, VatRow):
        return {name: plain(part) for name, part in asdict(value).items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def to_dict(reading: Reading) -> dict[str, Any]:
    """All of a reading, for a pipe between processes."""
    return {
        "source": reading.source,
        "fields": {name: _field_to_dict(item) for name, item in reading.fields.items()},
        "confidence": reading.confidence,
        "gates": dict(reading.gates),
        "problems": [(problem.msgid, problem.params) for problem in reading.problems],
        "lines": [{name: plain(value) for name, value in asdict(line).items()} for line in reading.lines],
        "pages": [{"number": page.number, "words": page.words, "height": page.height} for page in reading.pages],
        "page_count": reading.page_count,
        "ms": reading.ms,
        "details": dict(reading.details),
    }


def _field_to_dict(item: Field) -> dict[str, Any]:
    return {
        "value": plain(item.value),
        "confidence": item.confidence,
        "page": item.page,
        "box": item.box,
        "evidence": item.evidence,
    }


def from_dict(data: Mapping[str, Any]) -> Reading:
    """The reading a process has sent."""
    return Reading(
        source=data["source"],
        fields={name: _field_from_dict(name, item) for name, item in data["fields"].items()},
        confidence=data["confidence"],
        gates=data["gates"],
        problems=tuple(Sentence(msgid, params) for msgid, params in data["problems"]),
        lines=tuple(_line(item) for item in data["lines"]),
        pages=tuple(
            PageText(page["number"], tuple((text, tuple(box)) for text, box in page["words"]), page.get("height", A4))
            for page in data["pages"]
        ),
        page_count=data["page_count"],
        ms=data["ms"],
        details=data.get("details", {}),
    )


def _field_from_dict(name: str, item: Mapping[str, Any]) -> Field:
    value: Any = item["value"]
    if value is not None and name in ("date", "due_date"):
        value = date.fromisoformat(value)
    elif value is not None and name in ("net", "vat", "gross"):
        value = Decimal(value)
    elif value is not None and name == "vat_rows":
        value = tuple(VatRow(*(Decimal(row[part]) for part in ("rate", "base", "amount"))) for row in value)
    box = item["box"]
    return Field(value, item["confidence"], item["page"], tuple(box) if box else None, item["evidence"])


def _line(item: Mapping[str, Any]) -> Line:
    numbers: dict[str, Any] = {
        name: None if item[name] is None else Decimal(item[name]) for name in ("quantity", "unit_price", "rate", "net")
    }
    box = tuple(item["box"]) if item["box"] else None
    starts_on, ends_on = (
        date.fromisoformat(item[name]) if item.get(name) else None for name in ("starts_on", "ends_on")
    )
    return Line(
        item["description"],
        page=item["page"],
        box=box,
        category=item.get("category", ""),
        starts_on=starts_on,
        ends_on=ends_on,
        **numbers,
    )


def timed(reading: Reading, ms: int) -> Reading:
    return replace(reading, ms=ms)
