"""WeasyPrint, kept behind one function: PDF/A-3b (ISO 19005-3) without attachments, the same bytes for the same page.

Imported only when a PDF is made: the library and Pango take half a second and tens of megabytes.
"""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from django.conf import settings

from config.kernel import faces

STATIC = Path(settings.BASE_DIR) / "static"
BUNDLED = (STATIC / "pdf", faces.FOLDER)
ELEMENTS = "elements.css"
FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{faces}</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


def _use_bundled_faces() -> None:
    """Point fontconfig at our faces alone. It reads its environment once, when Pango is loaded: call this before."""
    state = Path(settings.STATE_DIR).absolute()
    # a read-only installation: the cache goes to a folder of this process alone
    if not os.access(_existing(state), os.W_OK):
        state = Path(tempfile.mkdtemp(prefix="quittance-fonts-"))
    folder = state / "fontconfig"
    folder.mkdir(parents=True, exist_ok=True)
    configuration = FONTCONFIG.format(faces=escape(str(faces.FOLDER)), cache=escape(str(folder / "cache")))
    with tempfile.NamedTemporaryFile("w", dir=folder, encoding="utf-8", delete=False) as file:
        file.write(configuration)
    Path(file.name).replace(folder / "fonts.conf")  # whole at any time: web and worker start together
    # they would go before FONTCONFIG_FILE, and a face of the machine would change the bytes
    for name in ("FONTCONFIG_PATH", "FONTCONFIG_SYSROOT"):
        os.environ.pop(name, None)
    os.environ["FONTCONFIG_FILE"] = str(folder / "fonts.conf")


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


_use_bundled_faces()

from weasyprint import CSS, HTML  # noqa: E402 - loads Pango
from weasyprint.text.fonts import FontConfiguration  # noqa: E402
from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: E402

# Pango's font map must not be shared between threads; parsing the style sheet once per thread is cheap.
_of_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Picture:
    """A kept picture that a page may show, under the address by which its own HTML names it."""

    address: str
    data: bytes
    media_type: str


class ForeignAddress(ValueError):
    """A page asked for something that does not ship with the product."""


class BundledOnly(URLFetcher):
    """Answers files of static/pdf and static/fonts and the page's pictures; no network, no other file, no data URL."""

    def __init__(self, pictures: Sequence[Picture] = ()) -> None:
        super().__init__()
        self._pictures = {picture.address: picture for picture in pictures}

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
        if picture := self._pictures.get(url):
            return URLFetcherResponse(url, picture.data, {"Content-Type": picture.media_type})
        address = urlsplit(url)
        path = Path(unquote(address.path)).resolve()
        ours = any(path.is_relative_to(folder.resolve()) for folder in BUNDLED)
        if address.scheme != "file" or address.netloc or not ours:
            raise ForeignAddress(url)
        return super().fetch(url, headers)


class Page(HTML):
    """A page of ours, whose elements are what ELEMENTS says."""

    def __init__(self, html: str, pictures: Sequence[Picture]) -> None:
        super().__init__(string=html, base_url=f"{BUNDLED[0].as_uri()}/", url_fetcher=BundledOnly(pictures))

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return [_prepared(ELEMENTS)[1]]


def make_pdf(
    html: str, *, stylesheet: str, identifier: bytes, more: Sequence[str] = (), pictures: Sequence[Picture] = ()
) -> bytes:
    """The page as PDF/A-3b. `identifier` is the file's own, fixed for ever; `more`: style sheets after the first."""
    fonts, sheet = _prepared(stylesheet)
    sheets = [sheet, *(_prepared(name)[1] for name in more)]
    with _collector_off():
        pdf: bytes = Page(html, pictures).write_pdf(
            font_config=fonts, stylesheets=sheets, pdf_variant="pdf/a-3b", pdf_identifier=identifier
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
def _collector_off() -> Iterator[None]:
    """No garbage collection in the middle of a page: nothing of it can be let go before its end."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
