"""A company's look on its documents: what is printed is safe, kept with the document, and hides nothing of the law."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from PIL import Image

from billing.pdf import kept_logo, render_pdf
from billing.sample import MARK, sample_pdf
from config.kernel.errors import Invalid
from config.kernel.kept import FileAltered
from config.kernel.logos import LogoRefused, read_logo
from config.kernel.models import Company, Logo
from config.kernel.scope import company_scope
from config.kernel.services import change_company, change_logo
from einvoicing.formats import pdfa
from tests.billing.test_pdf import text_of
from tests.factories import story
from tests.factories.people import signed_in

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 80"><title>Verone</title>'
    "<style>.a{fill:#c33;}</style><defs><linearGradient id='g'><stop offset='0' stop-color='#123'/></linearGradient>"
    '</defs><path class="a" style="stroke:none;filter:url(http://evil.example/f)" d="M0 0h400v80H0z"/>{inside}</svg>'
)
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "handler": '<rect onload="alert(1)" width="1" height="1"/>',
    "link": '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="http://evil.example/a.svg#b"/>',
    "picture": '<image href="file:///etc/passwd" width="1" height="1"/>',
    "page": "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>x</body></foreignObject>",
    "text": "<text>IBAN FR76 0000</text>",
    "import": "<style>@import url(http://evil.example/a.css);</style>",
    "animation": '<set attributeName="href" to="http://evil.example"/>',
}


def svg(inside: str = "") -> bytes:
    return SVG.replace("{inside}", inside).encode()


def png(size: tuple[int, int] = (300, 100), mode: str = "RGBA", colour: Any = (200, 30, 30, 120)) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, colour).save(written, format="PNG")
    return written.getvalue()


def test_an_svg_keeps_its_shapes_and_nothing_that_acts_or_calls() -> None:
    clean = read_logo(svg())
    assert clean.media_type == "image/svg+xml"
    assert b"<path" in clean.data
    assert b".a{fill:#c33}" in clean.data
    assert not [word for word in (b"evil", b"filter", b"title", b"Verone") if word in clean.data]
    assert read_logo(clean.data).data == clean.data


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_more_than_a_drawing_is_refused(name: str) -> None:
    with pytest.raises(LogoRefused):
        read_logo(svg(HOSTILE[name]))


def test_other_files_and_pictures_beyond_measure_are_refused_in_words() -> None:
    doctype = b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg()
    bomb = png((4001, 4001), "1", 0)
    broken = png()[:60]
    for data in (b"", b"GIF89a", b"<html/>", doctype, bomb, broken, png((2000, 40)), png(colour=(0, 0, 0, 0))):
        with pytest.raises(LogoRefused) as refused:
            read_logo(data)
        assert str(refused.value)


def test_a_png_is_written_again_without_what_it_carried() -> None:
    written = io.BytesIO()
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    words.add_text("Comment", "SECRET")
    Image.new("RGB", (2000, 500), "red").save(written, format="PNG", pnginfo=words)
    clean = read_logo(written.getvalue())
    assert b"SECRET" not in clean.data
    assert (clean.width, clean.height) == (1200, 300)


@pytest.fixture
def company(db: None) -> Company:
    return story.a_company()


def dressed(company: Company, data: bytes, **values: str) -> Company:
    act: dict[str, Any] = {"actor": story.ACTOR, "at": story.AT}
    with company_scope(company):
        change_logo(company=company, data=data, **act)
        return change_company(company=company, values=values, **act)


FOOTER = "Atelier ouvert du lundi au vendredi\nGarantie décennale n° 4481 chez Assureur Exemple, France entière"


def test_an_issued_invoice_keeps_the_look_with_which_it_was_issued(company: Company) -> None:
    customer = story.a_customer(company)
    plain = story.an_issued_invoice(customer)
    before = render_pdf(plain)
    company = dressed(company, png(), footer=FOOTER, extra_mentions="Réserve de propriété.", title_color="#112233")
    invoice = story.an_issued_invoice(customer)
    first = render_pdf(invoice)
    text = text_of(first)
    for words in (
        "Garantie décennale n° 4481",
        "Réserve de propriété",
        "SIREN",
        "40 €",
        "Pas d’escompte",
        "Page 1 / 1",
    ):
        assert words in text, words
    assert {defect.rule for defect in pdfa.check(first)} == {"PDF-ATTACHMENT", "PDF-FX"}
    dressed(company, svg(), footer="", extra_mentions="", title_color="")
    assert render_pdf(invoice) == first
    assert render_pdf(plain) == before
    assert {defect.rule for defect in pdfa.check(render_pdf(story.an_issued_invoice(customer)))} == {
        "PDF-ATTACHMENT",
        "PDF-FX",
    }


def test_a_logo_that_was_altered_on_the_disk_is_not_printed(company: Company) -> None:
    dressed(company, png())
    invoice = story.an_issued_invoice(story.a_customer(company))
    with company_scope(company):
        logo = kept_logo(company.pk, invoice.seller)
        assert logo is not None
        Path(logo.file.path).write_bytes(png(colour=(0, 0, 0, 255)))
        with pytest.raises(FileAltered):
            render_pdf(invoice)


def test_a_footer_longer_than_its_margin_is_refused(company: Company) -> None:
    with company_scope(company), pytest.raises(Invalid) as refused:
        change_company(company=company, values={"footer": "mot " * 99}, actor=story.ACTOR, at=story.AT)
    assert "quatre lignes" in refused.value.fields["footer"]


def test_a_specimen_says_that_it_is_one_and_writes_nothing(company: Company) -> None:
    with company_scope(company):
        data = sample_pdf(company, at=story.AT, number="FAC-2026-00042", due_date=date(2026, 12, 31))
    assert MARK in text_of(data)


def test_the_page_takes_a_logo_shows_it_and_shows_the_specimen_of_what_is_typed(company: Company) -> None:
    client = signed_in(company)
    logo = io.BytesIO(svg())
    logo.name = "logo.svg"
    assert client.post(reverse("look-logo"), {"logo": logo}).status_code == 302
    shown = client.get(reverse("look-picture"))
    assert shown["Content-Type"] == "image/svg+xml"
    assert b"<path" in shown.content
    typed = {"accent_color": "#aa0000", "footer": "Merci", "preview": "1"}
    for answer in (client.post(reverse("look-preview"), typed), client.post(reverse("look-settings"), typed)):
        assert "data:image/png;base64," in answer.text
    assert Company.objects.get(pk=company.pk).footer == ""
    refused = client.post(reverse("look-logo"), {"logo": io.BytesIO(b"not a picture")})
    assert refused.status_code == 422
    assert client.post(reverse("look-logo"), {"remove": "1"}).status_code == 302
    assert Company.objects.get(pk=company.pk).logo_id is None
    assert Logo.everywhere.filter(company=company).count() == 1


def test_a_line_begins_as_the_company_wrote_it_and_offers_its_units(company: Company) -> None:
    client = signed_in(company)
    typed = {"usual_vat_rate": "10", "usual_unit": "HUR", "units": ["HUR", "DAY"]}
    shown = client.post(reverse("line-settings"), {**typed, "preview": "1"})
    assert "data:image/png;base64," in shown.text
    assert client.post(reverse("line-settings"), typed).status_code == 302
    blank = client.get(reverse("billing:invoice-new")).context["formset"].empty_form
    assert (blank["vat"].value(), blank["unit"].value()) == ("S:10", "HUR")
    assert [code for code, _label in blank.fields["unit"].widget.choices] == ["HUR", "DAY"]
    refused = client.post(reverse("line-settings"), {**typed, "usual_vat_rate": "19"})
    assert refused.status_code == 422
