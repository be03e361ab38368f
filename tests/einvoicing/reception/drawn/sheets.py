"""The same invoice as a born-digital PDF, a clean scan and a photograph.

Fonts are looked for once in a process: by the product's own engine first, else its documents would get the machine's.
"""

from __future__ import annotations

import io
import random
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageDraw, ImageFont

from billing.pdf_engine import CSS, HTML, FontConfiguration

FACES = (
    ("Lato", "font_lato", "Lato"),
    ("Caladea", "font_caladea", "Caladea"),
    ("Manrope", "font_manrope", "Manrope"),
    ("Roboto", "font_roboto", "Roboto"),
    ("Source Sans Pro", "font_source_sans_pro", "SourceSansPro"),
    ("Source Serif Pro", "font_source_serif_pro", "SourceSerifPro"),
    ("Hanken Grotesk", "font_hanken_grotesk", "HankenGrotesk"),
)


@cache
def _fonts() -> tuple[FontConfiguration, list[CSS]]:
    """The faces that stand in wheels, under the names that layouts give them."""
    faces = []
    for family, module, file in FACES:
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent / "files"
        for weight, style in (("normal", "Regular"), ("bold", "Bold")):
            path = next(iter(folder.rglob(f"{file}-{style}.*tf")), None)
            if path:
                faces.append(
                    f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url("{path.as_uri()}") }}'
                )
    configuration = FontConfiguration()
    return configuration, [CSS(string="\n".join(faces), font_config=configuration)]


def as_pdf(html: str) -> bytes:
    configuration, sheets = _fonts()
    return HTML(string=html).write_pdf(font_config=configuration, stylesheets=sheets)


def _pictures(pdf: bytes, dpi: int) -> list[np.ndarray]:
    document = pdfium.PdfDocument(pdf)
    try:
        return [np.array(page.render(scale=dpi / 72).to_numpy()[:, :, :3]) for page in document]
    finally:
        document.close()


def as_scan(pdf: bytes, seed: int) -> bytes:
    """A flatbed: 200 or 300 dpi, grey, a degree of slope, a stamp at times; one PDF of pictures."""
    chance = random.Random(seed)
    sheets = []
    for picture in _pictures(pdf, chance.choice((200, 200, 300))):
        sheet = _stamped(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), chance)
        sheet = _rotated(sheet, chance.uniform(-0.8, 0.8), 255)
        noise = np.random.default_rng(seed).normal(0, 4, sheet.shape)
        sheet = np.clip(cv2.GaussianBlur(sheet, (3, 3), 0.5) + noise, 0, 255).astype(np.uint8)
        sheets.append(Image.fromarray(sheet))
    output = io.BytesIO()
    sheets[0].save(output, "PDF", save_all=True, append_images=sheets[1:], resolution=200, quality=80)
    return output.getvalue()


def as_photograph(pdf: bytes, seed: int) -> bytes:
    """A telephone at 150 dpi: slope, perspective, shade, a fold, noise, a hard JPEG; the first page."""
    chance = random.Random(seed)
    generator = np.random.default_rng(seed)
    picture = _pictures(pdf, 150)[0]
    margin = 40
    sheet = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(90, 100, 110))
    sheet = _folded(sheet, chance)
    sheet = _rotated(sheet, chance.uniform(-2.5, 2.5), 95)
    sheet = _in_perspective(sheet, chance)
    h, w = sheet.shape[:2]
    angle = chance.uniform(0, 6.28)
    across = (np.arange(w)[None, :] / w - 0.5) * np.cos(angle) + (np.arange(h)[:, None] / h - 0.5) * np.sin(angle)
    shade = 0.82 + 0.3 * across
    lit = sheet.astype(np.float32) * shade[:, :, None]
    lit = cv2.GaussianBlur(lit, (3, 3), chance.uniform(0.5, 0.8)) + generator.normal(0, 7, sheet.shape)
    done = np.clip(lit, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, 45])[1].tobytes()


def _rotated(picture: np.ndarray, degrees: float, paper: int) -> np.ndarray:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    fill = paper if picture.ndim == 2 else (paper, paper, paper)
    return cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=fill)


def _in_perspective(picture: np.ndarray, chance: random.Random) -> np.ndarray:
    height, width = picture.shape[:2]
    off = 0.015
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array(
        [[chance.uniform(-off, off) * width, chance.uniform(-off, off) * height] for _ in range(4)], np.float32
    )
    return cv2.warpPerspective(
        picture, cv2.getPerspectiveTransform(corners, moved), (width, height), borderValue=(95, 95, 95)
    )


def _folded(picture: np.ndarray, chance: random.Random) -> np.ndarray:
    if chance.random() < 0.5:
        return picture
    sheet = picture.astype(np.float32)
    at = int(picture.shape[0] * chance.choice((0.33, 0.5, 0.66)))
    for row in range(max(at - 10, 0), min(at + 10, picture.shape[0])):
        sheet[row] *= 0.8 + 0.02 * abs(row - at)
    return np.clip(sheet, 0, 255).astype(np.uint8)


def _stamped(picture: np.ndarray, chance: random.Random) -> np.ndarray:
    """A stamp beside or over what is printed, as an accounts department leaves them."""
    if chance.random() < 0.6:
        return picture
    scale = picture.shape[1] / 1654
    stamp = Image.new("L", (int(420 * scale), int(130 * scale)), 255)
    drawing = ImageDraw.Draw(stamp)
    drawing.rectangle((4, 4, stamp.width - 5, stamp.height - 5), outline=110, width=max(2, int(5 * scale)))
    text = chance.choice(("REÇU LE 14 JAN 2027", "PAYÉ", "COMPTABILISÉ", "BON À PAYER", "ORIGINAL"))
    drawing.text((20 * scale, 40 * scale), text, fill=110, font=ImageFont.load_default(int(36 * scale)))
    stamp = stamp.rotate(chance.uniform(-20, 20), expand=True, fillcolor=255)
    x, y = int(picture.shape[1] * chance.uniform(0.3, 0.7)), int(picture.shape[0] * chance.uniform(0.3, 0.85))
    sheet = picture.copy()
    height, width = min(stamp.height, sheet.shape[0] - y), min(stamp.width, sheet.shape[1] - x)
    place = sheet[y : y + height, x : x + width]
    sheet[y : y + height, x : x + width] = np.minimum(place, np.asarray(stamp)[:height, :width])
    return sheet
