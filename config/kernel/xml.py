"""The one reader of XML somebody else wrote: no DTD, no entity, no network, a bounded size.

Every XML format of the product (CAMT, CII, UBL, CDAR, XMP) is parsed through here, whoever sent the file; a house test
finds any other parser.
"""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element as Element

from config.kernel.errors import Invalid

MAX_BYTES = 20 * 1024 * 1024
MAX_ELEMENTS = 500_000  # more than any invoice has


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
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
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
