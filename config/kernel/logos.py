"""A logo made safe: a PNG is decoded and written again; of an SVG only known shapes and colours are written.

What may be anything else (script, link, foreign picture, text, animation) is refused in words, so that nobody wonders
why a part of the logo is gone. What draws nothing (editors' own data, titles, what cuts shapes) is left out.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import Any

from lxml import etree
from PIL import Image

from config.kernel.errors import Invalid
from config.kernel.xml import Element, UnreadableXml, parse_untrusted

LARGEST = 1024 * 1024  # bytes
LARGEST_SVG = 200 * 1024
MOST_SHAPES = 2000
MOST_PIXELS = 4000  # a side
KEPT_PIXELS = 1200  # the longest side: 78 mm at 390 points an inch
MOST_ELONGATED = 20
PNG = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"
NAMES: Any = {None: SVG[1:-1]}
SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
GRADIENTS = frozenset({"linearGradient", "radialGradient", "stop"})
ELEMENTS = SHAPES | GRADIENTS | {"svg", "g", "defs", "style"}
SILENT = frozenset({"title", "desc", "metadata", "clipPath"})
PROPERTIES = frozenset({
    "fill", "fill-rule", "fill-opacity", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin",
    "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity", "opacity", "color", "display",
    "stop-color", "stop-opacity",
})  # fmt: skip
ATTRIBUTES = PROPERTIES | {
    "id", "class", "d", "points", "x", "y", "width", "height", "rx", "ry", "cx", "cy", "r", "x1", "y1", "x2", "y2",
    "fx", "fy", "offset", "transform", "viewBox", "gradientUnits", "gradientTransform", "spreadMethod",
    "preserveAspectRatio",
}  # fmt: skip
VALUE = re.compile(r"[\w.,%+\-() \t\n]*", re.ASCII)  # numbers, names of colours, transformations, paths
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|url\(#[\w.-]{1,80}\)", re.ASCII)
RULE = re.compile(r"\s*([\w.,#\s-]{1,2000})\{([^{}]*)\}\s*", re.ASCII)
NUMBER = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*(px|pt|mm|cm|in)?\s*")


class LogoRefused(Invalid):
    code = "logo_refused"
    message = "Ce fichier ne peut pas servir de logo."


@dataclass(frozen=True, slots=True)
class CleanLogo:
    data: bytes
    media_type: str
    width: int
    height: int

    @property
    def extension(self) -> str:
        return "png" if self.media_type == "image/png" else "svg"


def read_logo(data: bytes) -> CleanLogo:
    """The logo as it may be kept and drawn. Raises LogoRefused with the reason."""
    if len(data) > LARGEST:
        raise LogoRefused("Le logo dépasse 1 Mo : réduisez-le.")
    logo = _read_png(data) if data.startswith(PNG) else _read_svg(data)
    if max(logo.width, logo.height) > MOST_ELONGATED * min(logo.width, logo.height):
        raise LogoRefused("Ce logo est trop allongé : un côté fait plus de vingt fois l’autre.")
    return logo


def _read_png(data: bytes) -> CleanLogo:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Pillow doubts is refused
            with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
                if max(image.size) > MOST_PIXELS:  # before it is decoded
                    raise LogoRefused("Le logo dépasse 4000 pixels de côté : réduisez-le.")
                seen = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Warning) as error:
        raise LogoRefused("Ce PNG est abîmé : exportez-le de nouveau.") from error
    if seen.getchannel("A").getbbox() is None:
        raise LogoRefused("Ce logo est entièrement transparent.")
    seen.thumbnail((KEPT_PIXELS, KEPT_PIXELS), Image.Resampling.LANCZOS)
    opaque = seen.getchannel("A").getextrema() == (255, 255)
    written = io.BytesIO()
    (seen.convert("RGB") if opaque else seen).save(written, format="PNG", optimize=True)
    return CleanLogo(written.getvalue(), "image/png", *seen.size)


def _read_svg(data: bytes) -> CleanLogo:
    try:
        root = parse_untrusted(_without_doctype(data), max_bytes=LARGEST_SVG, max_elements=MOST_SHAPES)
    except UnreadableXml as error:
        raise LogoRefused(
            "Le logo est un PNG, ou un SVG de 200 ko et de 2 000 formes au plus : ce fichier n’est ni l’un ni l’autre."
        ) from error
    if root.tag != f"{SVG}svg":
        raise LogoRefused("Ce fichier n’est ni un PNG ni un SVG.")
    box = _box(root)
    clean = _clean(root)
    clean.set("viewBox", " ".join(f"{number:g}" for number in box))
    width, height = box[2:]
    scale = 1000 / max(width, height)
    sides = max(1, round(width * scale)), max(1, round(height * scale))
    for name, side in zip(("width", "height"), sides, strict=True):
        clean.set(name, str(side))
    if not any(etree.QName(shape).localname in SHAPES for shape in clean.iter(etree.Element)):
        raise LogoRefused("Ce SVG ne dessine rien.")
    return CleanLogo(etree.tostring(clean), "image/svg+xml", *sides)


def _without_doctype(data: bytes) -> bytes:
    """Older editors write the DOCTYPE of SVG itself; one that declares anything stays, and is refused."""
    return re.sub(rb"<!DOCTYPE\s+svg\s+PUBLIC\s+\"[^\"\[\]<>]*\"\s+\"[^\"\[\]<>]*\"\s*>", b"", data, count=1)


def _box(root: Element) -> tuple[float, float, float, float]:
    """The viewBox, or that of the width and height. Raises LogoRefused."""
    parts = re.split(r"[\s,]+", str(root.get("viewBox") or "").strip())
    if len(parts) != 4:
        parts = ["0", "0", *(found[1] if found else "" for found in map(_length, ("width", "height"), [root] * 2))]
    try:
        x, y, width, height = (float(part) for part in parts)
    except ValueError as error:
        raise LogoRefused("Ce SVG ne dit pas ses dimensions (viewBox).") from error
    if not (0 < width < 1e6 and 0 < height < 1e6 and abs(x) < 1e6 and abs(y) < 1e6):
        raise LogoRefused("Ce SVG ne dit pas ses dimensions (viewBox).")
    return x, y, width, height


def _length(name: str, root: Element) -> re.Match[str] | None:
    return NUMBER.fullmatch(str(root.get(name) or ""))


def _clean(element: Element) -> Element:
    """A copy with what is known of it alone. Raises LogoRefused."""
    name = etree.QName(element).localname
    copy = etree.Element(f"{SVG}{name}", nsmap=NAMES)
    for key, value in element.attrib.items():
        _copy_attribute(copy, str(key), str(value))
    if name == "style":
        copy.text = _clean_style(element.text or "")
    for child in element:
        if not isinstance(child.tag, str):
            continue
        kind = etree.QName(child)
        if kind.namespace != SVG[1:-1] or kind.localname in SILENT:
            continue
        if kind.localname not in ELEMENTS:
            raise _refused_element(kind.localname)
        copy.append(_clean(child))
    return copy


def _refused_element(name: str) -> LogoRefused:
    if name in ("text", "tspan", "textPath"):
        return LogoRefused(
            "Ce SVG contient du texte : convertissez-le en tracés (vectorisez), puis exportez de nouveau."
        )
    return LogoRefused(
        "Ce SVG contient « %(name)s », qui n’est pas admis : gardez des formes et des dégradés, ou donnez un PNG.",
        name=name[:40],
    )


def _copy_attribute(copy: Element, key: str, value: str) -> None:
    name = key.rpartition("}")[2]
    if name.lower().startswith("on"):
        raise _refused_element(name)
    if name == "href":
        raise LogoRefused("Ce SVG renvoie à autre chose qu’à lui-même : donnez un PNG, ou aplatissez le dessin.")
    if key == "style":
        copy.set("style", _clean_declarations(value))
    elif key in ATTRIBUTES and (VALUE.fullmatch(value) or COLOUR.fullmatch(value.strip())):
        copy.set(key, value)


def _clean_declarations(text: str) -> str:
    """`fill: #123; stroke: none`, each a known property with a plain value."""
    kept = []
    for declaration in text.split(";"):
        name, _colon, value = (part.strip() for part in declaration.partition(":"))
        if name in PROPERTIES and (VALUE.fullmatch(value) or COLOUR.fullmatch(value)):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _clean_style(text: str) -> str:
    rules = []
    while text.strip():
        found = RULE.match(text)
        if found is None:
            raise _refused_element("style")
        rules.append(f"{found[1].strip()}{{{_clean_declarations(found[2])}}}")
        text = text[found.end() :]
    return "\n".join(rules)
