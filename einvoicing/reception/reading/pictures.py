"""The pages of a scan as pictures, upright and of a bounded size: photographs, faxes, PDFs that hold no text."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image, ImageOps

from einvoicing.reception.reading import pdf_safety
from einvoicing.reception.reading.picture_checks import FORMATS, MAX_PIXELS, frame_count
from einvoicing.reception.reading.recognise import PDF, XML_FILE, Refused, recognise

LONGEST_SIDE = 2400  # pixels: an A4 at two hundred points an inch
SHOWN_SIDE = 1600  # pixels of the picture that a person looks at
LARGE = 700_000  # bytes of a PNG: what is larger is a photograph
Picture = NDArray[Any]  # height × width × 3, blue, green, red


def pictures_of(data: bytes, kind: str, pages: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    """(page, picture) of the pages asked for, counted from 1. Raises PdfiumError, OSError on a broken file."""
    if kind == PDF:
        yield from _of_pdf(data, pages)
        return
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            for number in pages:
                if number > 1:
                    image.seek(number - 1)
                yield number, _array(image)


def _array(image: Image.Image) -> Picture:
    if image.format == "JPEG":
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # decodes no more than is kept
    upright = ImageOps.exif_transpose(image) or image
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        seen = upright.convert("RGBA")
        upright = Image.new("RGB", seen.size, "white")
        upright.paste(seen, mask=seen.getchannel("A"))
    picture = upright.convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def _of_pdf(data: bytes, pages: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    document = pdfium.PdfDocument(data)
    try:
        for number in pages:
            page = document[number - 1]
            width, height = page.get_size()
            scale = min(LONGEST_SIDE / max(width, height, 1), 4.0)
            bitmap = page.render(scale=scale, rev_byteorder=False)
            picture = np.array(bitmap.to_numpy()[:, :, :3])
            bitmap.close()
            page.close()
            yield number, picture
    finally:
        document.close()


def page_picture(data: bytes, page: int) -> tuple[str, bytes]:
    """(media type, bytes) of a page to look at, as it stands in the file. Raises Refused, PdfiumError, OSError."""
    kind = recognise(data)
    if kind == XML_FILE:
        raise Refused("Un fichier XML n’a pas de page.")
    count = pdf_safety.page_count(data) if kind == PDF else frame_count(data)
    if not 1 <= page <= count:
        raise Refused("Cette page n’existe pas.")
    _number, picture = next(pictures_of(data, kind, [page]))
    image = Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1]))
    image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    output = io.BytesIO()
    image.save(output, "PNG", optimize=False, compress_level=6)
    if output.tell() <= LARGE:
        return "image/png", output.getvalue()
    output = io.BytesIO()
    image.save(output, "JPEG", quality=82)
    return "image/jpeg", output.getvalue()
