"""PDF/A-3: a file broken in exactly one way is refused for exactly that."""

from __future__ import annotations

import gc
import io
import warnings
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import pikepdf
import pytest
import weasyprint
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from einvoicing.formats import cii, facturx, pdfa
from einvoicing.formats.facturx import NotFacturX
from einvoicing.validation import check
from tests.einvoicing import documents


@pytest.fixture(scope="module")
def sound() -> bytes:
    with warnings.catch_warnings():
        # WeasyPrint leaves its colour profile open; collected here, it warns here
        warnings.simplefilter("ignore", ResourceWarning)
        page = weasyprint.HTML(string="<html lang='fr'><title>Facture</title><p>1 200,00 €</p>").write_pdf(
            pdf_variant="pdf/a-3b"
        )
        gc.collect()
    xml = cii.render(documents.standard_invoice())
    return facturx.embed(page, xml, number="1", issued_at=datetime(2026, 11, 20, tzinfo=UTC), seller="Durand")


def broken(sound: bytes, change: Callable[[Pdf], object]) -> bytes:
    output = io.BytesIO()
    with Pdf.open(io.BytesIO(sound)) as document:
        change(document)
        # streams are kept as they are written
        document.save(
            output,
            fix_metadata_version=False,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
        )
    return output.getvalue()


def rules(pdf: bytes) -> list[str]:
    return [defect.rule for defect in pdfa.check(pdf)]


def _two_components_too_few(document: Pdf) -> None:
    document.Root.OutputIntents[0].DestOutputProfile.stream_dict.N = 1


def _no_profile_at_all(document: Pdf) -> None:
    document.Root.OutputIntents[0].DestOutputProfile.write(b"not a colour profile" * 10)


def _intent_of_printing(document: Pdf) -> None:
    document.Root.OutputIntents[0].S = Name.GTS_PDFX


def _lzw(document: Pdf) -> None:
    stream = Stream(document, b"")
    stream.write(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", filter=Name.LZWDecode)
    document.Root.Extra = document.make_indirect(stream)


def _xfa(document: Pdf) -> None:
    document.Root.AcroForm = Dictionary(Fields=Array(), XFA=Array())


def _appearances_to_make(document: Pdf) -> None:
    document.Root.AcroForm = Dictionary(Fields=Array(), NeedAppearances=True)


def _launch(document: Pdf) -> None:
    document.pages[0].AA = Dictionary(O=Dictionary(S=Name.Launch, F="cmd.exe"))


def _named_script(document: Pdf) -> None:
    document.Root.Names.JavaScript = Dictionary(Names=Array(["a", Dictionary(S=Name.JavaScript, JS="1")]))


def _import_data(document: Pdf) -> None:
    document.Root.OpenAction = document.make_indirect(Dictionary(S=Name.ImportData, F="a.fdf"))


def _bare_font(document: Pdf) -> None:
    _named_font(document)
    _draw(document, b"BT 0 0 0 rg /F99 12 Tf (Facture) Tj ET")


def _named_font(document: Pdf) -> None:
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    document.pages[0].Resources.Font.F99 = document.make_indirect(font)


def _invisible_text(document: Pdf) -> None:
    _named_font(document)
    _draw(document, b"BT 3 Tr /F99 12 Tf (Facture) Tj ET")


def _draw(document: Pdf, content: bytes) -> None:
    document.pages[0].contents_add(Stream(document, content))


def _bare_font_in_a_form(document: Pdf) -> None:
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    form = Stream(document, b"BT 0 0 0 rg /F1 12 Tf (Facture) Tj ET")
    form.stream_dict.update(
        Dictionary(
            Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 1, 1], Resources=Dictionary(Font=Dictionary(F1=font))
        )
    )
    document.pages[0].Resources.XObject = Dictionary(X9=document.make_indirect(form))
    _draw(document, b"/X9 Do")


def _colours_of_a_press(document: Pdf) -> None:
    _draw(document, b"0 0 0 1 k 0 0 10 10 re f")


def _no_intent(document: Pdf) -> None:
    del document.Root.OutputIntents


def _default_spaces(document: Pdf) -> None:
    """Colour profiles in the resources, as Word and LibreOffice write them, instead of an OutputIntent."""
    profile = document.Root.OutputIntents[0].DestOutputProfile
    gray = Array([Name.CalGray, Dictionary(WhitePoint=[0.95, 1, 1.09])])
    spaces = Dictionary(DefaultRGB=Array([Name.ICCBased, profile]), DefaultGray=gray)
    document.pages[0].Resources.ColorSpace = spaces
    del document.Root.OutputIntents


def _character_set(*characters: int) -> Callable[[Pdf], None]:
    def change(document: Pdf) -> None:
        (font,) = [
            item.DescendantFonts[0]
            for item in document.objects
            if isinstance(item, Dictionary) and item.get("/Subtype") == Name.Type0
        ]
        program = TTFont(io.BytesIO(font.FontDescriptor.FontFile2.read_bytes()))
        listed = set(characters) or set(range(program["maxp"].numGlyphs))
        bits = bytearray(max(listed) // 8 + 1)
        for character in listed:
            bits[character // 8] |= 128 >> character % 8
        font.FontDescriptor.CIDSet = document.make_indirect(Stream(document, bytes(bits)))

    return change


def _no_date(document: Pdf) -> None:
    del document.Root.AF[0].EF.F.stream_dict.Params["/ModDate"]


def _another_invoice(document: Pdf) -> None:
    document.attachments["xrechnung.xml"] = pikepdf.AttachedFileSpec(document, b"<a/>", filename="xrechnung.xml")


def _associated_without_being_attached(document: Pdf) -> None:
    del document.Root.Names["/EmbeddedFiles"]


def _copy_of_the_specification(document: Pdf) -> None:
    document.Root.AF[0] = document.make_indirect(Dictionary(document.Root.AF[0]))


def _wrong_relationship(document: Pdf) -> None:
    document.Root.AF[0].AFRelationship = Name.Unspecified


def _digest_of_something_else(document: Pdf) -> None:
    document.Root.AF[0].EF.F.write(b"<facture/>")
    document.Root.AF[0].EF.F.stream_dict.Params.Size = len(b"<facture/>")


def _packet(old: bytes, new: bytes) -> Callable[[Pdf], None]:
    def change(document: Pdf) -> None:
        packet = document.Root.Metadata.read_bytes()
        assert old in packet
        document.Root.Metadata.write(packet.replace(old, new))

    return change


DEFECTS: list[tuple[str, Callable[[Pdf], object]]] = [
    ("PDF-ICC", _two_components_too_few),
    ("PDF-ICC", _no_profile_at_all),
    ("PDF-OUTPUT-INTENT", _intent_of_printing),
    ("PDF-LZW", _lzw),
    ("PDF-FORM", _xfa),
    ("PDF-FORM", _appearances_to_make),
    ("PDF-JAVASCRIPT", _launch),
    ("PDF-JAVASCRIPT", _named_script),
    ("PDF-JAVASCRIPT", _import_data),
    ("PDF-OUTPUT-INTENT", _no_intent),
    ("PDF-OUTPUT-INTENT", _colours_of_a_press),
    ("PDF-FONT", _bare_font),
    ("PDF-FONT", _bare_font_in_a_form),
    ("PDF-CIDSET", _character_set(1, 2, 3)),
    ("PDF-CIDSET", _character_set(65535)),
    ("PDF-ATTACHMENT", _another_invoice),
    ("PDF-ATTACHMENT", _associated_without_being_attached),
    ("PDF-AF", _copy_of_the_specification),
    ("PDF-AF-RELATIONSHIP", _wrong_relationship),
    ("PDF-CHECKSUM", _digest_of_something_else),
    ("PDF-FX-NAME", _packet(b"<fx:DocumentFileName>factur-x.xml<", b"<fx:DocumentFileName>xrechnung.xml<")),
    ("PDF-FX", _packet(b"<fx:Version>1.0<", b"<fx:Version><")),
    ("PDF-FX", _packet(b"urn:factur-x:pdfa:", b"urn:another:pdfa:")),
    ("PDF-A", _packet(b"<pdfaid:conformance>B<", b"<pdfaid:conformance>X<")),
    ("PDF-XMP", _packet(b"<rdf:RDF", b"<rdf:RDF <")),
]


@pytest.mark.parametrize(
    ("rule", "change"), DEFECTS, ids=[f"{rule}-{position}" for position, (rule, _) in enumerate(DEFECTS)]
)
def test_a_file_broken_in_one_way_is_refused_for_that_alone(sound, rule, change):
    assert rules(broken(sound, change)) == [rule]


@pytest.mark.parametrize("change", [_named_font, _invisible_text, _default_spaces, _character_set()])
def test_what_the_norm_allows_is_no_fault(sound, change):
    assert rules(broken(sound, change)) == []


def test_an_attachment_without_its_date_is_told_and_valid(sound):
    report = check(broken(sound, _no_date))
    assert [(item.rule, item.severity) for item in report.violations] == [("PDF-DATE", "warning")]
    assert report.valid


def test_a_sound_file_rewritten_stays_sound(sound):
    assert rules(broken(sound, lambda document: None)) == []


def test_the_report_of_a_broken_pdf_names_the_defect_and_keeps_the_verdict_on_the_invoice(sound):
    report = check(broken(sound, _launch))
    assert (report.rules, report.valid) == ({"PDF-JAVASCRIPT"}, False)
    assert report.checks == ("xsd", "en16931", "br-fr", "pdfa")
    assert check(broken(sound, _launch), rules=("xsd", "en16931")).valid


def test_a_pdf_behind_a_password_cannot_be_read(sound):
    output = io.BytesIO()
    with Pdf.open(io.BytesIO(sound)) as document:
        document.save(output, encryption=pikepdf.Encryption(owner="a", user="b"))
    report = check(output.getvalue())
    assert (report.rules, report.valid) == ({"FORMAT", "PDF-PASSWORD"}, False)


def test_a_pdf_of_a_hundred_thousand_objects_is_refused_unread(sound):
    def crowd(document: Pdf) -> None:
        document.Root.Extra = Array([document.make_indirect(Dictionary(A=1)) for _ in range(100_001)])

    assert rules(broken(sound, crowd)) == ["PDF-BOMB"]


def _inflating(name: str) -> Callable[[Pdf], None]:
    """One stream of the file becomes 64 MB of nothing; metadata are never compressed, so 2 MB of nothing."""

    def change(document: Pdf) -> None:
        stream = {
            "attachment": lambda: document.Root.AF[0].EF.F,
            "metadata": lambda: document.Root.Metadata,
            "profile": lambda: document.Root.OutputIntents[0].DestOutputProfile,
        }[name]()
        size = 2 if name == "metadata" else 64
        stream.write(zlib.compress(bytes(size * 1024 * 1024), 9), filter=Name.FlateDecode)

    return change


@pytest.mark.parametrize("name", ["attachment", "metadata", "profile"])
def test_a_stream_is_not_inflated_beyond_its_bound(sound, name):
    whole = broken(sound, _inflating(name))
    assert len(whole) < 3_000_000
    assert "PDF-BOMB" in rules(whole)
    if name == "attachment":
        with pytest.raises(NotFacturX, match="démesurée"):
            pdfa.refuse_bombs(whole)
