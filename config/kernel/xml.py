"""The one reader of XML somebody else wrote: no DTD, no entity, no network, a bounded size.

Every XML format of the product (CAMT, CII, UBL, CDAR, XMP) is parsed through here, whoever sent the file; a house test
finds any other parser.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, cast

from lxml import etree
from lxml.etree import _Element as Element

from config.kernel.errors import Invalid

MAX_BYTES = 20 * 1024 * 1024
MAX_ELEMENTS = 500_000  # more than any invoice has


SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
    "recover": False,
}
CHUNK = 64 * 1024
COUNTED_EVERY = 16  # chunks
FIRST_WITHIN = 4_000_000  # bytes: what a message has before the first element asked for


class UnreadableXml(Invalid):
    """The bytes are not a document we are willing to read."""

    code = "unreadable_xml"
    message = "Le fichier n’est pas un document XML lisible."


class XmlTooLarge(UnreadableXml):
    message = "Le fichier dépasse la taille maximale de %(size)d Mo."


class MalformedXml(UnreadableXml):
    message = "Le fichier n’est pas un document XML lisible : %(error)s"


class XmlWithDoctype(UnreadableXml):
    message = "Le fichier contient une déclaration DOCTYPE, qui n’est pas acceptée."


def parse_untrusted(data: bytes, *, max_bytes: int = MAX_BYTES, max_elements: int | None = MAX_ELEMENTS) -> Element:
    """The root element of `data`, in bounded time and memory.

    Raises UnreadableXml: too large, empty, malformed, with a DTD, or with more elements than allowed (None: any number
    that `max_bytes` lets in).
    """
    if len(data) > max_bytes:
        raise XmlTooLarge(size=max_bytes // (1024 * 1024))
    if not data.strip():
        raise UnreadableXml("Le fichier est vide.")
    # refused before lxml sees it: entities that expand (« billion laughs ») cost memory while they are parsed
    if b"<!DOCTYPE" in data[:4096].upper():
        raise XmlWithDoctype
    # A parser per call: lxml parsers keep state and are not shared between threads.
    parser = etree.XMLParser(**SAFE)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedXml(error=str(error)[:200], line=getattr(error, "lineno", None) or 1) from error
    # one that the first bytes did not show: after a long comment, or in another encoding
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlWithDoctype
    if max_elements is not None:
        # bytes alone bound nothing: a file of `<a/>` makes an object of a hundred bytes for every four it has
        for count, _element in enumerate(root.iter(), start=1):
            if count > max_elements:
                raise UnreadableXml("Le fichier contient trop d’éléments.")
    return root


def stream_untrusted(
    data: bytes, *, names: Collection[str], max_bytes: int, max_elements: int = MAX_ELEMENTS
) -> Iterator[Element]:
    """Each element of these local names as it ends, then emptied: memory holds one of them, whatever their number.

    What stands outside them stays in the tree above, within `max_elements`. Raises UnreadableXml, at any moment: what
    was given is worth nothing before the end.
    """
    if len(data) > max_bytes:
        raise XmlTooLarge(size=max_bytes // (1024 * 1024))
    if b"<!DOCTYPE" in data[:4096].replace(b"\x00", b"").upper():
        raise XmlWithDoctype
    parser: Any = etree.XMLPullParser(events=("start", "end"), tag=[f"{{*}}{name}" for name in names], **SAFE)
    root: Element | None = None
    last: Element | None = None
    for count, start in enumerate(range(0, len(data), CHUNK)):
        _feed(parser, data[start : start + CHUNK])
        for event, element in parser.read_events():
            root = _checked_root(element) if root is None else root
            if event == "end":
                _take_out(last)
                yield element
                element.clear()
                last = element
        if (root is None and start > FIRST_WITHIN) or (root is not None and not count % COUNTED_EVERY):
            _check_count(root, max_elements)
    _close(parser)


def _feed(parser: Any, chunk: bytes) -> None:
    try:
        parser.feed(chunk)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedXml(error=str(error)[:200], line=getattr(error, "lineno", None) or 1) from error


def _close(parser: Any) -> None:
    try:
        root = parser.close()
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedXml(error=str(error)[:200], line=getattr(error, "lineno", None) or 1) from error
    _checked_root(root)


def _checked_root(element: Element) -> Element:
    """The root above the element. Raises XmlWithDoctype: the first bytes may not have shown it."""
    tree = element.getroottree()
    if tree.docinfo.internalDTD is not None:
        raise XmlWithDoctype
    return tree.getroot()


def _check_count(root: Element | None, max_elements: int) -> None:
    if root is None or cast(float, root.xpath("count(//*)")) > max_elements:
        raise UnreadableXml("Le fichier contient trop d’éléments.")


def _take_out(element: Element | None) -> None:
    """An element that has ended leaves the tree only once the parser is past it."""
    parent = element.getparent() if element is not None else None
    if element is not None and parent is not None:
        parent.remove(element)
