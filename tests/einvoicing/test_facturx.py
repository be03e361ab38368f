"""Factur-X: what is embedded comes out, and each defect planted in the file is found."""

from __future__ import annotations

import gc
import io
import warnings
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pikepdf
import pytest
import weasyprint
from pikepdf import Array, Dictionary, Name, Pdf

from einvoicing.formats import cii, facturx, pdfa
from einvoicing.validation import check
from tests.einvoicing import documents, samples

ISSUED_AT = datetime(2026, 11, 20, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))
PAGE = "<html lang='fr'><title>Facture FAC-2026-00001</title><body><h1>Facture n° 1</h1><p>1 200,00 €</p></html>"


@pytest.fixture(scope="module")
def page() -> bytes:
    with warnings.catch_warnings():
        # WeasyPrint leaves its colour profile open; collected here, it warns here
        warnings.simplefilter("ignore", ResourceWarning)
        pdf = weasyprint.HTML(string=PAGE).write_pdf(pdf_variant="pdf/a-3b")
        gc.collect()
    return pdf


@pytest.fixture(scope="module")
def xml() -> bytes:
    return cii.render(documents.standard_invoice())


def embed(page: bytes, xml: bytes, **options: str) -> bytes:
    return facturx.embed(
        page, xml, number="FAC-2026-00001", issued_at=ISSUED_AT, seller="Durand & Fils <SARL>", **options
    )


@pytest.fixture(scope="module")
def whole(page, xml) -> bytes:
    return embed(page, xml)


def test_what_was_embedded_comes_out_byte_for_byte(whole, xml):
    assert facturx.extract(whole) == xml


def test_the_same_input_gives_the_same_bytes(page, xml, whole):
    assert embed(page, xml) == whole


def test_the_file_is_valid_by_every_rule(whole):
    report = check(whole)
    assert report.violations == ()
    assert report.valid
    assert (report.syntax, report.checks) == ("FACTURX", ("xsd", "en16931", "br-fr", "pdfa"))


def test_the_attachment_is_associated_once_dated_and_measured(whole, xml):
    with Pdf.open(io.BytesIO(whole)) as document:
        (associated,) = document.Root.AF
        assert associated.AFRelationship == Name.Alternative
        assert (str(associated.F), str(associated.UF)) == ("factur-x.xml", "factur-x.xml")
        parameters = associated.EF.F.stream_dict.Params
        assert int(parameters.Size) == len(xml)
        assert str(parameters.ModDate) == "D:20261120103000+01'00'"
        assert len(bytes(parameters.CheckSum)) == 16


def test_the_information_of_the_document_and_its_metadata_agree(whole):
    with Pdf.open(io.BytesIO(whole)) as document, document.open_metadata() as metadata:
        assert metadata["dc:title"] == str(document.docinfo.Title) == "Facture FAC-2026-00001"
        assert metadata["dc:creator"] == [str(document.docinfo.Author)] == ["Durand & Fils <SARL>"]
        assert metadata["xmp:CreateDate"] == "2026-11-20T10:30:00+01:00"
        assert metadata.pdfa_status == "3B"


def test_the_metadata_can_be_read_without_inflating_anything(whole):
    assert whole.count(b"<rdf:RDF") == 1
    assert b"<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in whole


def test_a_time_without_zone_and_a_second_attachment_are_refused(page, xml, whole):
    with pytest.raises(ValueError, match="time zone"):
        facturx.embed(page, xml, number="1", issued_at=ISSUED_AT.replace(tzinfo=None), seller="x")
    with pytest.raises(ValueError, match="already"):
        embed(whole, xml)


@samples.each("akretion/invoice_EN16931.pdf")
def test_a_real_factur_x_of_another_maker_is_read_and_valid(path):
    data = path.read_bytes()
    assert cii.parse(facturx.extract(data)).totals.payable > Decimal(0)
    assert check(data).valid


def _rewrite(whole: bytes, change) -> bytes:
    output = io.BytesIO()
    with Pdf.open(io.BytesIO(whole)) as document:
        options = change(document) or {}
        document.save(output, fix_metadata_version=False, **options)
    return output.getvalue()


def _metadata(old: bytes, new: bytes):
    def change(document: Pdf) -> None:
        packet = document.Root.Metadata.read_bytes()
        assert old in packet
        document.Root.Metadata.write(packet.replace(old, new))

    return change


def _no_fonts(document: Pdf) -> None:
    for item in document.objects:
        if isinstance(item, Dictionary) and item.get("/Type") == Name.FontDescriptor:
            for key in ("/FontFile", "/FontFile2", "/FontFile3"):
                if key in item:
                    del item[key]


def _attached(document: Pdf) -> pikepdf.Object:
    return document.Root.AF[0]


def _second_packet(document: Pdf) -> None:
    rdf = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    _metadata(b"</x:xmpmeta>", rdf + b"</x:xmpmeta>")(document)


def _no_output_intent(document: Pdf) -> None:
    del document.Root.OutputIntents


def _script(document: Pdf) -> None:
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def _two_associations(document: Pdf) -> None:
    document.Root.AF = Array([_attached(document), _attached(document)])


def _no_association(document: Pdf) -> None:
    del document.Root.AF


def _no_relationship(document: Pdf) -> None:
    del _attached(document)["/AFRelationship"]


def _wrong_checksum(document: Pdf) -> None:
    _attached(document).EF.F.stream_dict.Params.CheckSum = pikepdf.String(b"0123456789abcdef")


def _wrong_size(document: Pdf) -> None:
    _attached(document).EF.F.stream_dict.Params.Size = 1


def _wrong_type(document: Pdf) -> None:
    _attached(document).EF.F.stream_dict.Subtype = Name("/application/octet-stream")


def _no_date(document: Pdf) -> None:
    del _attached(document).EF.F.stream_dict.Params["/ModDate"]


def _other_name(document: Pdf) -> None:
    _attached(document).F = pikepdf.String("facture.xml")


def _encrypted(_document: Pdf) -> dict[str, object]:
    return {"encryption": pikepdf.Encryption(owner="a", user="")}


def _no_metadata(document: Pdf) -> None:
    del document.Root.Metadata


DEFECTS = {
    "PDF-OUTPUT-INTENT": _no_output_intent,
    "PDF-FONT": _no_fonts,
    "PDF-JAVASCRIPT": _script,
    "PDF-AF": _two_associations,
    "PDF-AF-RELATIONSHIP": _no_relationship,
    "PDF-CHECKSUM": _wrong_checksum,
    "PDF-SIZE": _wrong_size,
    "PDF-SUBTYPE": _wrong_type,
    "PDF-DATE": _no_date,
    "PDF-ATTACHMENT-NAME": _other_name,
    "PDF-ENCRYPTED": _encrypted,
    "PDF-XMP": _no_metadata,
    "PDF-RDF": _second_packet,
    "PDF-RDF-ABOUT": _metadata(b'rdf:about="" xmlns:dc', b"xmlns:dc"),
    "PDF-A": _metadata(b"<pdfaid:part>3<", b"<pdfaid:part>1<"),
    "PDF-FX": _metadata(b"<fx:DocumentType>INVOICE<", b"<fx:DocumentType><"),
    "PDF-FX-NAME": _metadata(b"<fx:DocumentFileName>factur-x.xml<", b"<fx:DocumentFileName>x.xml<"),
    "PDF-FX-LEVEL": _metadata(b"<fx:ConformanceLevel>EN 16931<", b"<fx:ConformanceLevel>BASIC<"),
}


@pytest.mark.parametrize(("rule", "change"), DEFECTS.items(), ids=list(DEFECTS))
def test_each_defect_planted_is_the_one_found(whole, rule, change):
    assert [defect.rule for defect in pdfa.check(_rewrite(whole, change))] == [rule]


def test_a_sound_file_rewritten_without_a_defect_stays_sound(whole):
    assert pdfa.check(_rewrite(whole, lambda document: None)) == ()


def test_a_file_that_is_not_associated_at_all_is_found(whole):
    assert [defect.rule for defect in pdfa.check(_rewrite(whole, _no_association))] == ["PDF-AF"]


def test_a_file_without_identifier_is_found(whole):
    # same length, so that every offset of the file stays right
    assert [defect.rule for defect in pdfa.check(whole.replace(b"/ID ", b"/IX "))] == ["PDF-ID"]


def test_a_pdf_without_invoice_is_refused_with_a_sentence(page):
    with pytest.raises(facturx.NotFacturX, match="ne contient pas de facture"):
        facturx.extract(page)
    assert "PDF-ATTACHMENT" in {defect.rule for defect in pdfa.check(page)}
