"""Our own checks of a Factur-X file: the parts of ISO 19005-3 an invoice can break, and its attachment.

Not a PDF/A judge: fonts and colours as they are drawn, metadata, encryption, scripts and the attachment are looked at.
A PDF/A judge does not look at the attachment, and these defects are the ones that get files refused.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pikepdf
from lxml import etree
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from config.kernel.errors import Invalid
from config.kernel.xml import MAX_BYTES, parse_untrusted
from einvoicing.formats.cii import profiles
from einvoicing.formats.cii.vocabulary import GUIDELINE
from einvoicing.formats.facturx import FILENAMES, FX_NAMESPACE, LEVELS, NotFacturX, extract
from einvoicing.formats.pdf_drawing import Drawing, character_set_is_right, drawing, is_embedded
from einvoicing.formats.pdf_streams import Inflated, filters, inflate

_FILE, _PASSWORD = "PDF-FILE", "PDF-PASSWORD"
UNREADABLE = frozenset({_FILE, _PASSWORD})  # nothing else can be said of such a file
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PDFA = "http://www.aiim.org/pdfa/ns/id/"
_RELATIONSHIPS = {"/Alternative", "/Data", "/Source"}
_MAX_XMP = 1024 * 1024
_MAX_ICC = 16 * 1024 * 1024
_MAX_ATTACHMENTS = 1000
_MAX_OBJECTS = 100_000
# ISO 19005-3 §6.5.1
_FORBIDDEN_ACTIONS = {
    "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/Hide", "/SetOCGState", "/Rendition", "/Trans",
    "/GoTo3DView", "/JavaScript",
}  # fmt: skip
_CHANNELS = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}  # of an ICC profile, by the colour space its header names
_DEVICES = {b"GRAY": "/DeviceGray", b"RGB ": "/DeviceRGB", b"CMYK": "/DeviceCMYK"}
_BROKEN = (pikepdf.PdfError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Defect:
    """One check that fails; `rule` is ours, `text` a French sentence."""

    rule: str
    text: str
    fatal: bool = True


def check(pdf: bytes) -> tuple[Defect, ...]:
    """What is wrong with a Factur-X file; nothing when it is right. Never raises for what is in the bytes."""
    try:
        with Pdf.open(io.BytesIO(pdf)) as document:
            if len(document.objects) > _MAX_OBJECTS:
                return (Defect("PDF-BOMB", "Le PDF contient trop d’objets."),)
            return tuple(_defects(document, pdf))
    except pikepdf.PasswordError:
        return (Defect(_PASSWORD, "Le PDF est protégé par un mot de passe."),)
    except Inflated:
        return (Defect("PDF-BOMB", "Un contenu compressé du PDF est démesuré."),)
    except _BROKEN:
        return (Defect(_FILE, "Le PDF est illisible."),)


def refuse_bombs(pdf: bytes) -> None:
    """Raise NotFacturX for a password, too many attachments, or one beyond MAX_BYTES once inflated; inflate no more."""
    try:
        with Pdf.open(io.BytesIO(pdf)) as document:
            for count, name in enumerate(document.attachments, start=1):
                if count > _MAX_ATTACHMENTS:
                    raise NotFacturX("Le PDF contient trop de pièces jointes.")
                if name in FILENAMES:
                    # inflated by our own bounded reader first: pikepdf's would hold the whole of a bomb in memory
                    inflate(document.attachments[name].obj.EF.F, MAX_BYTES)
    except pikepdf.PasswordError as error:
        raise NotFacturX("Le PDF est protégé par un mot de passe.") from error
    except Inflated as error:
        raise NotFacturX("La facture XML du PDF est démesurée.") from error
    except _BROKEN:
        return  # whoever reads the file says what is wrong with it


def _defects(document: Pdf, pdf: bytes) -> Iterator[Defect]:
    if document.is_encrypted:
        yield Defect("PDF-ENCRYPTED", "Le PDF est chiffré, ce que PDF/A interdit.")
    # ISO 19005-3 §6.1.3: two identifiers, of the first writing and of the last
    if len(document.trailer.get("/ID", Array())) != 2:
        yield Defect("PDF-ID", "Le PDF n’a pas d’identifiant de fichier (/ID).")
    drawn = drawing(document)
    yield from _output_intent(document, drawn)
    yield from _fonts(drawn)
    yield from _content(document)
    yield from _attachment(document)
    yield from _metadata(document, pdf)


def _output_intent(document: Pdf, drawn: Drawing) -> Iterator[Defect]:
    """ISO 19005-3 §6.2.4.3: a device colour needs its Default space (DefaultRGB…) or an OutputIntent."""
    intents = [intent for intent in document.Root.get("/OutputIntents", Array()) if intent.get("/S") == Name.GTS_PDFA1]
    headers = []
    for intent in intents:
        profile = intent.get("/DestOutputProfile")
        if not isinstance(profile, Stream):
            yield Defect("PDF-OUTPUT-INTENT", "Le PDF n’a pas de profil de couleurs PDF/A (OutputIntent).")
            return
        header = inflate(profile, _MAX_ICC)[:40]
        if header[36:40] != b"acsp" or profile.stream_dict.get("/N") != _CHANNELS.get(header[16:20]):
            yield Defect("PDF-ICC", "Le profil de couleurs du PDF est illisible ou n’a pas le bon nombre de couleurs.")
            return
        headers.append(header[16:20])
    known = {"/DeviceGray"} if headers else set()
    known |= {_DEVICES[header] for header in headers}
    if unknown := sorted(drawn.device_colours - known):
        named = ", ".join(name.lstrip("/") for name in unknown)
        yield Defect("PDF-OUTPUT-INTENT", f"Le PDF emploie des couleurs sans profil PDF/A (OutputIntent) : {named}.")


def _fonts(drawn: Drawing) -> Iterator[Defect]:
    """ISO 19005-3 §6.2.11.4: what is drawn is embedded; a font that is only named is no fault."""
    missing = [font for font in drawn.fonts if not is_embedded(font)]
    if missing:
        yield Defect("PDF-FONT", f"Police non incorporée au PDF : {_names(missing)}.")
    if drawn.without_glyph:
        named = _names(drawn.without_glyph)
        yield Defect("PDF-GLYPH", f"Un caractère du PDF n’a pas de dessin dans sa police (□) : {named}.")
    wrong = [font for font in drawn.fonts if not character_set_is_right(font)]
    if wrong:
        yield Defect(
            "PDF-CIDSET", f"La liste des caractères (CIDSet) d’une police n’est pas la sienne : {_names(wrong)}."
        )


def _names(fonts: list[Dictionary]) -> str:
    return ", ".join(sorted({str(font.get("/BaseFont", "?")).lstrip("/") for font in fonts}))


def _content(document: Pdf) -> Iterator[Defect]:
    found: dict[str, str] = {}
    for item in _dictionaries(document):
        if "/JS" in item or "/JavaScript" in item or str(item.get("/S", "")) in _FORBIDDEN_ACTIONS:
            found["PDF-JAVASCRIPT"] = "Le PDF contient un script ou une action interdite."
        if "/LZWDecode" in filters(item):
            found["PDF-LZW"] = "Le PDF contient une compression LZW, que PDF/A interdit."
        if "/XFA" in item or item.get("/NeedAppearances") is True:
            found["PDF-FORM"] = "Le PDF contient un formulaire que PDF/A interdit."
    yield from (Defect(rule, text) for rule, text in found.items())


def _dictionaries(document: Pdf) -> Iterator[Dictionary]:
    """Every dictionary of the file: the indirect ones, and the direct ones within them."""
    for item in document.objects:
        waiting: list[Object] = [item]
        while waiting:
            current = waiting.pop()
            children: list[Object] = []
            if isinstance(current, Dictionary | Stream):
                dictionary = current.stream_dict if isinstance(current, Stream) else current
                yield dictionary
                children = list(dictionary.values())
            elif isinstance(current, Array):
                children = list(current)
            waiting.extend(
                # indirect ones come by themselves in `document.objects`: following them would walk in circles
                child
                for child in children
                if isinstance(child, Dictionary | Array) and not child.is_indirect
            )


def _attachment(document: Pdf) -> Iterator[Defect]:
    names = [name for name in FILENAMES if name in document.attachments]
    if len(names) != 1:
        yield Defect("PDF-ATTACHMENT", "Le PDF ne contient pas exactement une facture XML (factur-x.xml).")
        return
    specification = document.attachments[names[0]].obj
    associated = list(document.Root.get("/AF", Array()))
    matching = [item for item in associated if str(item.get("/UF", item.get("/F", ""))) == names[0]]
    # the same object, not an equal one: some tools write a second file specification, which readers then choose from
    if len(matching) != 1 or matching[0].objgen != specification.objgen:
        yield Defect("PDF-AF", "La facture XML doit être associée au document (AF) une fois, et une seule.")
    if str(specification.get("/AFRelationship", "")) not in _RELATIONSHIPS:
        yield Defect("PDF-AF-RELATIONSHIP", "La relation de la facture XML au document (AFRelationship) manque.")
    if str(specification.get("/F", "")) != names[0] or str(specification.get("/UF", "")) != names[0]:
        yield Defect("PDF-ATTACHMENT-NAME", "Le nom de la facture XML n’est pas le même partout dans le PDF.")
    yield from _embedded_file(specification.EF.F)


def _embedded_file(stream: Object) -> Iterator[Defect]:
    content = inflate(stream, MAX_BYTES)
    parameters = stream.stream_dict.get("/Params", Dictionary())
    if str(stream.stream_dict.get("/Subtype", "")) != "/text/xml":
        yield Defect("PDF-SUBTYPE", "Le type de la pièce jointe doit être text/xml.")
    checksum = parameters.get("/CheckSum")
    digest = hashlib.md5(content, usedforsecurity=False).digest()  # the algorithm PDF prescribes
    # some libraries write the digest in hexadecimal; it is a digest of the right content all the same
    if checksum is not None and bytes(checksum) not in (digest, digest.hex().encode()):
        yield Defect("PDF-CHECKSUM", "L’empreinte de la facture XML ne correspond pas à son contenu.")
    if int(parameters.get("/Size", len(content))) != len(content):
        yield Defect("PDF-SIZE", "La taille déclarée de la facture XML ne correspond pas à son contenu.")
    if parameters.get("/ModDate") is None:  # ISO 19005-3 §6.8: « should »
        yield Defect("PDF-DATE", "La date de modification de la facture XML manque.", fatal=False)


def _metadata(document: Pdf, pdf: bytes) -> Iterator[Defect]:
    stream = document.Root.get("/Metadata")
    if not isinstance(stream, Stream):
        yield Defect("PDF-XMP", "Le PDF n’a pas de métadonnées XMP.")
        return
    try:
        root = parse_untrusted(inflate(stream, _MAX_XMP), max_bytes=_MAX_XMP)
    except Invalid:
        yield Defect("PDF-XMP", "Les métadonnées XMP du PDF sont illisibles.")
        return
    if sum(1 for _ in root.iter(f"{{{_RDF}}}RDF")) != 1:
        yield Defect("PDF-RDF", "Les métadonnées XMP doivent contenir un seul bloc rdf:RDF.")
    if any(item.get(f"{{{_RDF}}}about") is None for item in root.iter(f"{{{_RDF}}}Description")):
        yield Defect("PDF-RDF-ABOUT", "Chaque description XMP doit porter rdf:about.")
    if _value(root, _PDFA, "part") != "3" or _value(root, _PDFA, "conformance").upper() not in {"A", "B", "U"}:
        yield Defect("PDF-A", "Le PDF ne se déclare pas conforme à PDF/A-3.")
    attached = [name for name in FILENAMES if name in document.attachments]
    yield from _facturx_values(root, attached, pdf)


def _facturx_values(root: etree._Element, attached: list[str], pdf: bytes) -> Iterator[Defect]:
    if _value(root, FX_NAMESPACE, "DocumentType") != "INVOICE" or not _value(root, FX_NAMESPACE, "Version"):
        yield Defect("PDF-FX", "Les métadonnées Factur-X (fx) manquent ou sont incomplètes.")
        return
    if _value(root, FX_NAMESPACE, "DocumentFileName") not in (attached or FILENAMES):
        yield Defect("PDF-FX-NAME", "Le nom de fichier des métadonnées Factur-X n’est pas celui de la facture.")
    try:
        profile = profiles.current((parse_untrusted(extract(pdf)).findtext(GUIDELINE) or "").strip())
    except Invalid:
        return  # said elsewhere: the attachment or its XML is refused for itself
    # the specification of a country, XRechnung first, has no level but that of the norm or its own name
    expected = {LEVELS[profile]} if profile in LEVELS else {"EN 16931", "XRECHNUNG"}
    if _value(root, FX_NAMESPACE, "ConformanceLevel") not in expected:
        yield Defect("PDF-FX-LEVEL", "Le niveau Factur-X des métadonnées n’est pas celui de la facture XML.")


def _value(root: etree._Element, namespace: str, name: str) -> str:
    """An XMP property, written as an element or as an attribute."""
    tag = f"{{{namespace}}}{name}"
    for element in root.iter():
        if element.tag == tag:
            return (element.text or "").strip()
        if tag in element.attrib:
            return str(element.attrib[tag]).strip()
    return ""
