"""The builder of the XML documents that go out, and the reading of their texts, numbers and dates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, localcontext

from lxml import etree

from config.kernel.errors import Invalid

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")  # xs:decimal: no exponent, no infinity
_DAY = re.compile(r"[0-9]{8}")


class Namespaces:
    """Prefixes of one syntax: turns 'ram:Name' into a tag, and paths into elements."""

    def __init__(self, prefixes: dict[str, str]) -> None:
        self.prefixes = prefixes

    def tag(self, name: str) -> str:
        prefix, local = name.split(":")
        return f"{{{self.prefixes[prefix]}}}{local}"

    def path(self, path: str) -> str:
        return "/".join(self.tag(step) for step in path.split("/"))

    def root(self, name: str) -> etree._Element:
        return etree.Element(self.tag(name), nsmap=self.prefixes)

    def add(self, parent: etree._Element, path: str, text: str | None = None, **attributes: str) -> etree._Element:
        """Append a chain of elements; the last one carries the text and the attributes that are not empty."""
        element = parent
        for step in path.split("/"):
            element = etree.SubElement(element, self.tag(step))
        if text is not None:
            element.text = clean(text)
        for name, value in attributes.items():
            if value:
                element.set(name, clean(value))
        return element

    def find(self, parent: etree._Element | None, path: str) -> etree._Element | None:
        return None if parent is None else parent.find(self.path(path))

    def all(self, parent: etree._Element | None, path: str) -> Iterator[etree._Element]:
        return iter(()) if parent is None else parent.iterfind(self.path(path))

    def text(self, parent: etree._Element | None, path: str) -> str:
        found = self.find(parent, path)
        return "" if found is None else found.text or ""

    def texts(self, parent: etree._Element | None, paths: Mapping[str, str]) -> dict[str, str]:
        """The text at each path, under the name that the path is given."""
        return {name: self.text(parent, path) for name, path in paths.items()}

    def number(self, parent: etree._Element | None, path: str) -> Decimal | None:
        return read_number(self.text(parent, path))

    def required(self, parent: etree._Element | None, path: str, term: str) -> Decimal:
        """A number that must be there. Raises Invalid, which names its business term."""
        value = self.number(parent, path)
        if value is None:
            raise Invalid("La facture ne donne pas %(term)s.", term=term)
        return value


def clean(text: str) -> str:
    """The text without the control characters that XML 1.0 cannot carry."""
    return _FORBIDDEN.sub("", text)


def serialise(root: etree._Element) -> bytes:
    """UTF-8 bytes, indented, the same each time for the same tree."""
    etree.indent(root, space="  ")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def amount(value: Decimal) -> str:
    """An amount of money, or a rate, with exactly two decimals. Refuses to lose a digit."""
    return decimal(value, most=2, least=2)


def decimal(value: Decimal, *, most: int, least: int = 0) -> str:
    """A number with `least` to `most` decimals, without exponent. Raises ValueError on a lost digit."""
    with localcontext() as context:
        # above the default 28: a large number must be compared whole, or a lost digit goes unseen
        context.prec = 60
        rounded = value.quantize(Decimal(1).scaleb(-most))
    if rounded != value:
        raise ValueError(f"{value} has more than {most} decimals")
    whole, _, fraction = format(rounded, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(least, "0")
    return f"{whole}.{fraction}" if fraction else whole


def day(value: date) -> str:
    """A date in format 102 (YYYYMMDD)."""
    return f"{value:%Y%m%d}"


def read_number(text: str) -> Decimal | None:
    """A decimal number as XML writes it, None when absent. Raises Invalid for anything else."""
    stripped = text.strip()
    if not stripped:
        return None
    # bounded: a number of a million digits takes Decimal seconds, and every sum after it
    if len(stripped) > 40 or not _NUMBER.fullmatch(stripped):
        raise Invalid("« %(text)s » n’est pas un nombre.", text=stripped[:40])
    return Decimal(stripped)


def read_date(text: str) -> date | None:
    """A date of format 102 (YYYYMMDD), None when absent. Raises Invalid for anything else."""
    stripped = text.strip()
    if not stripped:
        return None
    if not _DAY.match(stripped):
        raise Invalid("« %(text)s » n’est pas une date.", text=stripped[:40])
    try:
        return date(int(stripped[:4]), int(stripped[4:6]), int(stripped[6:8]))
    except ValueError as error:
        raise Invalid("« %(text)s » n’est pas une date.", text=stripped[:40]) from error
