"""WeasyPrint, kept behind one function: PDF/A-3b (ISO 19005-3) without attachments, the same bytes for the same page.

Imported only when a PDF is made: the library and Pango take half a second and tens of megabytes.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

STATIC = Path(settings.BASE_DIR) / "static"
BUNDLED = (STATIC / "pdf", STATIC / "fonts")
# From this many lines on, the collector costs more than the garbage it finds.
BIG = 50

# Pango's font map must not be shared between threads; parsing the style sheet once per thread is cheap.
_of_thread = threading.local()


class ForeignAddress(ValueError):
    """A page asked for something that does not ship with the product."""


class BundledOnly(URLFetcher):
    """Answers files of static/pdf and static/fonts, and nothing else: no network, no other file, no data URL."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
        address = urlsplit(url)
        path = Path(unquote(address.path)).resolve()
        ours = any(path.is_relative_to(folder.resolve()) for folder in BUNDLED)
        if address.scheme != "file" or address.netloc or not ours:
            raise ForeignAddress(url)
        return super().fetch(url, headers)


def make_pdf(html: str, *, stylesheet: str, identifier: bytes, size: int) -> bytes:
    """The page as PDF/A-3b. `size` is its number of lines, `identifier` the file's own, fixed for ever."""
    fonts, sheet = _prepared(stylesheet)
    page = HTML(string=html, base_url=f"{BUNDLED[0].as_uri()}/", url_fetcher=BundledOnly())
    with _collector_off(size >= BIG):
        pdf: bytes = page.write_pdf(
            font_config=fonts, stylesheets=[sheet], pdf_variant="pdf/a-3b", pdf_identifier=identifier
        )
    return pdf


def _prepared(stylesheet: str) -> tuple[FontConfiguration, CSS]:
    prepared: dict[str, tuple[FontConfiguration, CSS]] = _of_thread.__dict__.setdefault("prepared", {})
    if stylesheet not in prepared:
        fonts = FontConfiguration()
        sheet = CSS(filename=BUNDLED[0] / stylesheet, font_config=fonts, url_fetcher=BundledOnly())
        prepared[stylesheet] = fonts, sheet
    return prepared[stylesheet]


@contextmanager
def _collector_off(wanted: bool) -> Iterator[None]:
    if not wanted or not gc.isenabled():
        yield
        return
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
