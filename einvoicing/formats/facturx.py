"""Factur-X 1.09: carry the XML of an invoice inside its PDF/A-3, and take it out again.

The PDF comes as PDF/A-3b without attachment; the file specification, the associated file and the XMP packet
are written here, because validators that PDF/A judges do not replace look at exactly these: one AF entry, one
rdf:RDF, fx values, checksum, relationship. The same input gives the same bytes.
"""

from __future__ import annotations

import io
from datetime import datetime
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, Pdf, Stream

from config.kernel.errors import Invalid
from config.kernel.xml import parse_untrusted
from einvoicing.formats.cii import profiles
from einvoicing.formats.cii.vocabulary import NS
from einvoicing.formats.xml import clean

FILENAME = "factur-x.xml"
FILENAMES = (FILENAME, "zugferd-invoice.xml", "ZUGFeRD-invoice.xml", "xrechnung.xml")
FX_NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
PRODUCER = "Quittance"
# fx:ConformanceLevel of each BT-24
LEVELS = {
    profiles.MINIMUM: "MINIMUM",
    profiles.BASIC_WL: "BASIC WL",
    profiles.BASIC: "BASIC",
    profiles.EN16931: "EN 16931",
    profiles.EXTENDED: "EXTENDED",
    profiles.EXTENDED_FR: "EXTENDED",
}


class NotFacturX(Invalid):
    """The PDF cannot be read, or carries no invoice."""

    code = "not_facturx"
    message = "Le PDF ne contient pas de facture électronique (Factur-X)."


def embed(pdf: bytes, xml: bytes, *, number: str, issued_at: datetime, seller: str, filename: str = FILENAME) -> bytes:
    """A Factur-X file from a PDF/A-3b and its XML, whose profile (BT-24) gives the level and the relationship.

    `issued_at` must know its time zone: it dates the attachment, the document and its metadata. Raises
    ValueError when it does not, when the PDF already carries an attachment, or when the XML is not a CII in a
    profile of Factur-X.
    """
    if issued_at.tzinfo is None:
        raise ValueError("issued_at needs a time zone")
    profile = _profile(xml)
    with Pdf.open(io.BytesIO(pdf)) as document:
        if len(document.attachments) or Name.AF in document.Root:
            raise ValueError("the PDF already carries an attachment")
        title = str(document.trailer.get("/Info", Dictionary()).get("/Title", "")) or f"{number} – {seller}"
        at = _pdf_date(issued_at)
        specification = AttachedFileSpec(
            document,
            xml,
            filename=filename,
            description=f"Facture {number}",
            mime_type="text/xml",
            creation_date=at,
            mod_date=at,
        )
        # an XML without lines says less than the page: it is data of it, not another form of it
        specification.obj.AFRelationship = Name.Data if profile in profiles.WITHOUT_LINES else Name.Alternative
        document.attachments[filename] = specification
        # PDF/A-3 §6.8: an embedded file that nothing is associated with makes no PDF/A
        document.Root.AF = Array([specification.obj])
        document.Root.Metadata = _metadata(document, _packet(title, seller, issued_at, filename, LEVELS[profile]))
        document.trailer.Info = document.make_indirect(
            Dictionary(Title=title, Author=seller, Creator=PRODUCER, Producer=PRODUCER, CreationDate=at, ModDate=at)
        )
        output = io.BytesIO()
        # the packet stays as written: pikepdf would otherwise write it anew in its own way
        document.save(output, deterministic_id=True, min_version="1.7", fix_metadata_version=False)
    return output.getvalue()


def extract(pdf: bytes) -> bytes:
    """The XML of a Factur-X or ZUGFeRD file. Raises NotFacturX."""
    try:
        with Pdf.open(io.BytesIO(pdf)) as document:
            for name in FILENAMES:
                if name in document.attachments:
                    return document.attachments[name].get_file().read_bytes()
    except (
        pikepdf.PdfError,
        pikepdf.PasswordError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
    ) as error:
        raise NotFacturX("Le PDF est illisible.") from error
    raise NotFacturX


def _profile(xml: bytes) -> str:
    path = "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
    profile = NS.text(parse_untrusted(xml), path).strip()
    if profile not in LEVELS:
        raise ValueError(f"{profile!r} is not a profile of Factur-X")
    return profile


def _metadata(document: Pdf, packet: str) -> Stream:
    return document.make_stream(packet.encode("utf-8"), Type=Name.Metadata, Subtype=Name.XML)


def _pdf_date(moment: datetime) -> str:
    offset = moment.strftime("%z")
    return f"D:{moment:%Y%m%d%H%M%S}{offset[:3]}'{offset[3:5]}'"


def _packet(title: str, seller: str, issued_at: datetime, filename: str, level: str) -> str:
    """XMP with xmlns:rdf on rdf:RDF and rdf:about on each Description, without which Adobe's reader fails."""
    values = {
        "title": escape(clean(title)),
        "seller": escape(clean(seller)),
        "date": issued_at.isoformat(timespec="seconds"),
        "filename": escape(filename),
        "level": escape(level),
        "producer": PRODUCER,
        "fx": FX_NAMESPACE,
    }
    return _TEMPLATE % values


def _property(name: str, description: str) -> str:
    return f"""<rdf:li rdf:parseType="Resource">
<pdfaProperty:name>{name}</pdfaProperty:name>
<pdfaProperty:valueType>Text</pdfaProperty:valueType>
<pdfaProperty:category>external</pdfaProperty:category>
<pdfaProperty:description>{description}</pdfaProperty:description>
</rdf:li>"""


_PROPERTIES = "\n".join(
    (
        _property("DocumentFileName", "The name of the embedded XML document"),
        _property("DocumentType", "The type of the hybrid document in capital letters"),
        _property("Version", "The actual version of the standard applying to the embedded XML document"),
        _property("ConformanceLevel", "The conformance level of the embedded XML document"),
    )
)
_TEMPLATE = (
    """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%(title)s</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>%(seller)s</rdf:li></rdf:Seq></dc:creator>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<pdf:Producer>%(producer)s</pdf:Producer>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<xmp:CreatorTool>%(producer)s</xmp:CreatorTool>
<xmp:CreateDate>%(date)s</xmp:CreateDate>
<xmp:ModifyDate>%(date)s</xmp:ModifyDate>
</rdf:Description>
<rdf:Description rdf:about=""
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>%(fx)s</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>fx</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>
"""
    + _PROPERTIES
    + """
</rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:fx="%(fx)s">
<fx:DocumentType>INVOICE</fx:DocumentType>
<fx:DocumentFileName>%(filename)s</fx:DocumentFileName>
<fx:Version>1.0</fx:Version>
<fx:ConformanceLevel>%(level)s</fx:ConformanceLevel>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
)
