"""The one way to read XML somebody else wrote: no DTD, no entity, no network, a bounded size.

Every XML format of the product (CAMT, CII, UBL, CDAR) is parsed through here, whoever sent the file.
"""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element as Element

from config.kernel.errors import Invalid

MAX_BYTES = 10_000_000


class UnreadableXml(Invalid):
    code = "unreadable_xml"
    message = "Ce fichier n’est pas un document XML lisible."


def parse_untrusted(data: bytes, *, max_bytes: int = MAX_BYTES) -> Element:
    """The root element of `data`; raises UnreadableXml when it is too large, malformed or carries a DTD."""
    if len(data) > max_bytes:
        raise UnreadableXml(
            "Le fichier pèse %(size)s Mo, la limite est de %(limit)s Mo. Découpez-le par période.",
            size=f"{len(data) / 1_000_000:.1f}".replace(".", ","),
            limit=f"{max_bytes / 1_000_000:g}".replace(".", ","),
        )
    # A parser per call: lxml parsers keep state and are not shared between threads.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise UnreadableXml(
            "Ce fichier n’est pas un document XML lisible (ligne %(line)s). "
            "Téléchargez-le de nouveau, sans l’ouvrir dans un tableur.",
            line=line,
        ) from error
    if root is None:
        raise UnreadableXml
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableXml(
            "Ce fichier contient une déclaration DOCTYPE, refusée par sécurité. "
            "Demandez à l’émetteur un fichier sans DTD."
        )
    return root
