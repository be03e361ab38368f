"""What a document is, read from its bytes and never from its name: syntax, profile, country of the seller."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from config.kernel.xml import parse_untrusted
from customers.territories import DOMESTIC
from einvoicing.formats import facturx, pdfa
from einvoicing.formats.cii.vocabulary import GUIDELINE, NS
from einvoicing.validation.artefacts import FACTURX, SYNTAXES

_CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
_CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
_COUNTRIES = (
    f".//{NS.path('ram:SellerTradeParty/ram:PostalTradeAddress/ram:CountryID')}",
    f"{_CAC}AccountingSupplierParty/{_CAC}Party/{_CAC}PostalAddress/{_CAC}Country/{_CBC}IdentificationCode",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A document ready to be judged. `kind` is the name of its root element."""

    root: etree._Element
    kind: str
    syntax: str  # CII, UBL, FACTURX, CDAR, FLUX10, '' when not recognised
    profile: str  # BT-24, MDT-3, '' for e-reporting
    is_french: bool  # BT-40, the country of the seller: France, or an overseas department inside the VAT territory

    def name_profile(self, name: str) -> None:
        """Give a CII the present name of its profile, the only one that its schematron knows."""
        element = self.root.find(GUIDELINE)
        if name != self.profile and element is not None:
            element.text = name


def is_pdf(data: bytes) -> bool:
    return data[:1024].lstrip().startswith(b"%PDF")


def read(data: bytes) -> Subject:
    """The document within the bytes. Raises UnreadableXml, NotFacturX."""
    within_pdf = is_pdf(data)
    # before the XML is taken out: a bomb is met within bounds, or not at all
    if within_pdf:
        pdfa.refuse_bombs(data)
    root = parse_untrusted(facturx.extract(data) if within_pdf else data)
    kind = etree.QName(root).localname
    return Subject(
        root=root,
        kind=kind,
        syntax=FACTURX if within_pdf else SYNTAXES.get(kind, ""),
        profile=(root.findtext(GUIDELINE) or root.findtext(f"{_CBC}CustomizationID") or "").strip(),
        is_french=any((root.findtext(path) or "").strip() in DOMESTIC for path in _COUNTRIES),
    )
