"""The one XML parser for documents that come from outside, and the builder of those that go out.

A document type declaration is refused outright (entities, external files, billion laughs), as are files over
the size cap, over-deep trees and more elements than any invoice has. Nothing is read from disk or network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, localcontext

from lxml import etree

from config.kernel.errors import Invalid

MAX_BYTES = 20 * 1024 * 1024
MAX_ELEMENTS = 500_000
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")  # xs:decimal: no exponent, no infinity
_DAY = re.compile(r"[0-9]{8}")


class NotXml(Invalid):
    """The bytes are not a document we are willing to read."""

    code = "not_xml"
    message = "Le fichier n’est pas un document XML lisible."


def parse_untrusted(data: bytes, max_bytes: int = MAX_BYTES) -> etree._Element:
    """Parse bytes nobody vouches for. Raises NotXml, in bounded time and memory."""
    if len(data) > max_bytes:
        raise NotXml("Le fichier dépasse la taille maximale de %(size)d Mo.", size=max_bytes // (1024 * 1024))
    if not data.strip():
        raise NotXml("Le fichier est vide.")
    if b"<!DOCTYPE" in data[:4096].upper():
        raise NotXml("Le fichier contient une déclaration DOCTYPE, qui n’est pas acceptée.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
        recover=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotXml("Le fichier n’est pas un document XML lisible : %(error)s", error=str(error)[:200]) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotXml("Le fichier contient une déclaration DOCTYPE, qui n’est pas acceptée.")
    for count, _element in enumerate(root.iter(), start=1):
        if count > MAX_ELEMENTS:
            raise NotXml("Le fichier contient trop d’éléments.")
    return root


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

    def number(self, parent: etree._Element | None, path: str) -> Decimal | None:
        return read_number(self.text(parent, path))


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
