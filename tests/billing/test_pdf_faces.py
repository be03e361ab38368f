"""The PDF is drawn with the bundled faces alone: the same bytes on every machine, no head cut, no glyph missing."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from django.conf import settings
from fontTools.ttLib import TTFont

from billing.pdf import render_pdf
from config.kernel import faces
from tests.factories import story

PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Page</title>
<meta name="dcterms.created" content="2026-11-16T10:00:00+01:00">
<meta name="dcterms.modified" content="2026-11-16T10:00:00+01:00"></head>
<body><p>Œuvre à 1 234,50 € <b>Ελλάδα Україна</b> → ✓ ภาษาไทย हिन्दी שלום العربية 日本</p></body></html>"""

PROGRAM = """
import sys
from billing.pdf_engine import make_pdf
sys.stdout.buffer.write(make_pdf(sys.stdin.read(), stylesheet="invoice.css", identifier=b"0123456789abcdef"))
"""


def printed(**environment: str) -> bytes:
    """The page as a process of its own makes it, under this environment."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FONTCONFIG", "XDG"))}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=PAGE.encode(),
        check=True,
        capture_output=True,
        cwd=settings.BASE_DIR,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        timeout=120,
    ).stdout


def fonts_of(pdf: bytes) -> set[str]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        names = {str(item.get("/BaseFont", "")) for item in document.objects if isinstance(item, pikepdf.Dictionary)}
    return {name.rpartition("+")[2].lstrip("/") for name in names if name}


def test_the_machines_own_fonts_and_settings_change_no_byte(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shown = home / ".config" / "fontconfig"
    shown.mkdir(parents=True)
    fonts = home / ".fonts"
    fonts.mkdir()
    # another face under the name of ours, and a rule that prefers it
    (fonts / "NotoSans-Regular.ttf").write_bytes((faces.FOLDER / "DejaVuSans.ttf").read_bytes())
    hostile = (
        f"<fontconfig><dir>{fonts}</dir><match><edit name='family' mode='assign' binding='strong'>"
        "<string>DejaVu Sans</string></edit></match></fontconfig>"
    )
    (shown / "fonts.conf").write_text(hostile)
    first = printed()
    assert first == printed(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home / ".config"),
        XDG_DATA_HOME=str(fonts),
        FONTCONFIG_FILE=str(shown / "fonts.conf"),
        FONTCONFIG_PATH=str(shown),
        LANG="ja_JP.UTF-8",
        QUITTANCE_STATE_DIR=str(tmp_path / "state"),
    )
    assert {font.partition("-")[0] for font in fonts_of(first)} <= {
        file.stem.partition("-")[0] for file in faces.FOLDER.glob("*.ttf")
    } | {"Noto", "DejaVu"}


def test_every_face_ships_with_both_weights_and_a_licence() -> None:
    weights = {file.stem for file in faces.FOLDER.glob("*.ttf")}
    regular = {name.removesuffix("-Bold").removesuffix("-Regular") for name in weights}
    assert all(f"{name}-Bold" in weights for name in regular)
    assert (faces.FOLDER / "OFL.txt").exists()
    assert (faces.FOLDER / "DejaVu-LICENSE.txt").exists()


def test_the_licences_name_who_holds_the_copyright_of_each_face() -> None:
    licences = " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in faces.FOLDER.glob("*.txt"))
    for path in faces.FOLDER.glob("*.ttf"):
        for line in str(TTFont(path)["name"].getDebugName(0)).splitlines():
            assert line.strip() in licences, path.name


@pytest.mark.django_db
def test_an_invoice_is_drawn_with_the_text_face_and_needs_no_other() -> None:
    invoice = story.an_issued_invoice(story.a_customer(story.a_company(name="Ébène & Cœur – Αθήνα Київ")))
    pdf = render_pdf(invoice)
    assert fonts_of(pdf) == {"Noto-Sans", "Noto-Sans-Bold"}
    assert hashlib.sha256(pdf).digest() == hashlib.sha256(render_pdf(invoice)).digest()


@pytest.mark.django_db
@pytest.mark.parametrize("discount", [Decimal(0), Decimal("12.75")])
def test_heads_and_large_figures_stand_apart_and_within_the_page(discount: Decimal) -> None:
    line = replace(story.a_line("Anticonstitutionnellement" * 8), quantity=Decimal("98765.4321"))
    large = replace(line, unit_price=Decimal("987654.123456"), discount_percent=discount)
    pdf = render_pdf(story.an_issued_invoice(story.a_customer(story.a_company()), [large]))
    document = pypdfium2.PdfDocument(pdf)
    try:
        page = document[0]
        text = page.get_textpage()
        width = page.get_width()
        boxes = []
        titles = ["Désignation", "Quantité", "Unité", "Prix unit. HT", *(["Remise"] if discount else []), "TVA"]
        for title in [*titles, "Montant HT"]:
            start, count = text.search(title, match_case=True).get_next()
            boxes.append((text.get_charbox(start)[0], text.get_charbox(start + count - 1)[2]))
        assert all(left[1] + 3 < right[0] for left, right in pairwise(boxes)), boxes
        assert all(text.get_charbox(index)[2] <= width for index in range(text.count_chars()))
    finally:
        document.close()
