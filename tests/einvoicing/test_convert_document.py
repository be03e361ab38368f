"""`manage.py convert_document`: the same invoice in another syntax, without a database, or one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from django.core.management import CommandError, call_command

from einvoicing import document as model
from einvoicing.formats import cii, facturx, ubl
from einvoicing.formats.cii import profiles
from einvoicing.validation import PROFILE, SCHEMA, check
from tests.einvoicing import documents, samples

ROOT = Path(__file__).resolve().parents[2]
STANDARD = documents.standard_invoice()


def convert(tmp_path: Path, data: bytes, to: str) -> bytes:
    """What the command writes."""
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(data)
    call_command("convert_document", str(source), str(target), to=to)
    return target.read_bytes()


def refusal(tmp_path: Path, data: bytes, to: str) -> str:
    with pytest.raises(CommandError) as error:
        convert(tmp_path, data, to)
    assert error.value.returncode == 2
    assert not (tmp_path / "out").exists()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_cii_becomes_a_ubl_and_comes_back(tmp_path):
    written = convert(tmp_path, cii.render(STANDARD), "ubl")
    assert ubl.parse(written) == STANDARD
    assert check(written).violations == ()
    assert convert(tmp_path, written, "cii") == cii.render(STANDARD)


@pytest.mark.parametrize("build", [documents.standard_invoice, documents.full_invoice, documents.credit_note])
def test_an_invoice_becomes_a_factur_x_that_every_rule_takes(tmp_path, build):
    whole = convert(tmp_path, ubl.render(build()), "facturx")
    report = check(whole)
    assert report.violations == ()
    assert report.checks == ("xsd", "en16931", "br-fr", "pdfa")
    assert cii.parse(facturx.extract(whole)) == build()
    assert convert(tmp_path, whole, "cii") == facturx.extract(whole)
    assert ubl.parse(convert(tmp_path, whole, "ubl")) == build()


def test_a_cii_of_an_old_profile_name_becomes_a_ubl_that_is_taken(tmp_path):
    for old in sorted(profiles._ALIASES):
        data = cii.render(STANDARD).replace(f">{model.EN16931}<".encode(), f">{old}<".encode())
        if profiles.current(old) not in profiles.WITHOUT_LINES | {profiles.MINIMUM}:
            assert check(convert(tmp_path, data, "ubl")).violations == (), old


def test_a_private_identifier_without_scheme_does_not_spoil_the_ubl_of_a_french_seller(tmp_path):
    private, known = model.Identifier("CLIENT-7", ""), model.Identifier("3654789851", "0088")
    invoice = replace(
        STANDARD,
        seller=replace(documents.SELLER, identifiers=(private, known)),
        buyer=replace(documents.BUYER, siret="", identifiers=(private, known)),
        payee=model.Payee(name="Affactureur", identifier=model.Identifier("FACTOR-1", "")),
        delivery=model.Delivery(location=private),
    )
    data = cii.render(invoice)
    assert check(data).valid
    written = convert(tmp_path, data, "ubl")
    assert [one.rule for one in check(written).violations] == []
    assert ubl.parse(written).buyer.identifiers == (known,)
    abroad = replace(documents.SELLER.address, country="DE")
    foreign = replace(invoice, seller=replace(invoice.seller, address=abroad))
    assert ubl.parse(convert(tmp_path, cii.render(foreign), "ubl")).seller.identifiers == (private, known)


def test_the_same_invoice_gives_the_same_pdf(tmp_path):
    data = cii.render(STANDARD)
    assert convert(tmp_path, data, "facturx") == convert(tmp_path, data, "facturx")


def _text(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    return " ".join(" ".join(pages).split())


def test_the_page_says_the_parties_the_lines_the_totals_and_the_notes(tmp_path):
    text = _text(convert(tmp_path, cii.render(documents.full_invoice()), "facturx"))
    for said in (
        "Facture",
        "FAC-2026-00004",
        "Atelier Durand SARL",
        "732829320",
        "Boulangerie Martin",
        "12 rue des Lilas",
        "20/11/2026",
        "Prestation de conseil",
        "Remise (Remise) : 100,00 €",
        "Formation",
        "exonéré",
        "Fidélité",
        "Exonération, art. 261-4-4° du CGI",
        "1 160,00 €",
        "Déjà payé",
        "1 000,01 €",
        "FR7630006000011234567890189",
        "trois fois le taux",
        "Merci !",
        "Représentant fiscal",
        "À payer à Affactureur",
    ):
        assert said in text
    assert "B2B" not in text


def test_a_credit_note_is_called_by_its_name(tmp_path):
    text = _text(convert(tmp_path, ubl.render(documents.credit_note()), "facturx"))
    assert "Avoir" in text
    assert "sur la facture n° FAC-2026-00001" in text


@pytest.mark.parametrize("profile", profiles.PROFILES)
def test_a_cii_keeps_its_profile_in_the_pdf(tmp_path, profile):
    xml = cii.render(STANDARD, profile=profile)
    assert facturx.extract(convert(tmp_path, xml, "facturx")) == xml


def test_another_profile_becomes_that_of_the_standard_in_a_pdf(tmp_path):
    peppol = replace(STANDARD, profile=f"{model.EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0")
    whole = convert(tmp_path, ubl.render(peppol), "facturx")
    assert cii.parse(facturx.extract(whole)) == STANDARD


@pytest.mark.parametrize("profile", [profiles.BASIC, profiles.EXTENDED])
def test_a_profile_of_factur_x_is_not_carried_to_ubl(tmp_path, profile):
    data = convert(tmp_path, cii.render(STANDARD, profile=profile), "ubl")
    assert ubl.parse(data).profile == model.EN16931
    assert check(data).valid


@pytest.mark.parametrize("profile", [profiles.MINIMUM, profiles.BASIC_WL])
def test_an_invoice_without_lines_has_no_ubl(tmp_path, profile):
    assert "sans lignes" in refusal(tmp_path, cii.render(STANDARD, profile=profile), "ubl")


def test_an_amount_with_three_decimals_is_refused(tmp_path):
    data = cii.render(STANDARD).replace(b">1200.00</ram:DuePayableAmount>", b">1200.001</ram:DuePayableAmount>")
    assert "deux décimales" in refusal(tmp_path, data, "ubl")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "vide"),
        (b"bonjour", "XML lisible"),
        (b"%PDF-1.7", "PDF est illisible"),
        (b"<Order/>", "ni une facture CII ou UBL"),
        (cii.render(STANDARD)[:500], "XML lisible"),
    ],
)
@pytest.mark.parametrize("to", ["cii", "ubl", "facturx"])
def test_what_cannot_be_read_is_told_in_one_line(tmp_path, data, said, to):
    assert said in refusal(tmp_path, data, to)


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path):
    with pytest.raises(CommandError) as error:
        call_command("convert_document", str(tmp_path / "absent"), str(tmp_path / "out"), to="cii")
    assert error.value.returncode == 2
    assert "absent" in str(error.value)


@samples.each("akretion/invoice_EN16931.pdf")
def test_the_xml_of_another_makers_pdf_is_taken_out_as_it_is(tmp_path, path):
    data = path.read_bytes()
    assert convert(tmp_path, data, "cii") == facturx.extract(data)
    assert check(convert(tmp_path, data, "ubl"), rules=(SCHEMA, PROFILE)).valid


def test_no_database_is_needed(tmp_path):
    source = tmp_path / "in.xml"
    source.write_bytes(cii.render(STANDARD))
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing",
        "REDIS_URL": "redis://127.0.0.1:9",
    }
    made = {"ubl": tmp_path / "out.xml", "facturx": tmp_path / "out.pdf"}
    # each as `manage.py` is called, in one process: starting it takes longer than the work
    calls = [f"main({['manage.py', 'convert_document', str(source), '--to', to, str(made[to])]})" for to in made]
    command = [sys.executable, "-c", "; ".join(["from manage import main", *calls])]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert all(check(path.read_bytes()).valid for path in made.values())
