"""What the pages of a PDF draw: the fonts of their text and the device colours, read from the content streams.

ISO 19005-3 binds what is drawn, not what is named. Text of rendering mode 3 draws nothing (§6.2.11.4.1).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pikepdf
from fontTools.cffLib import CFFFontSet
from fontTools.ttLib import TTFont, TTLibError
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from einvoicing.formats.pdf_streams import inflate

_MOST_CONTENT = 64 * 1024 * 1024
_MOST_STREAMS = 10_000
_COLOURS = {"g": "Gray", "G": "Gray", "rg": "RGB", "RG": "RGB", "k": "CMYK", "K": "CMYK"}
_SETS_COLOUR = frozenset({*_COLOURS, "cs", "CS"})
_INLINE = {"/G": "Gray", "/RGB": "RGB", "/CMYK": "CMYK"}
_SHOWS = frozenset({"Tj", "TJ", "'", '"'})
_PAINTS = frozenset({"f", "F", "f*", "B", "B*", "b", "b*", "S", "s"}) | _SHOWS
# "<1197> 0" of cidchar and the first of "<0000> <00ff> 0" of cidrange
_CID_ZERO = re.compile(rb"^<([0-9A-Fa-f]{4})>(?: +<[0-9A-Fa-f]{4}>)? +0\r?$", re.MULTILINE)
INVISIBLE = 3


@dataclass(slots=True)
class Drawing:
    """`device_colours`: /DeviceRGB and its sisters, where the resources give them no Default space."""

    fonts: list[Dictionary] = field(default_factory=list)
    without_glyph: list[Dictionary] = field(default_factory=list)  # fonts of which .notdef is drawn
    device_colours: set[str] = field(default_factory=set)
    seen: set[Any] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _State:
    font: Object | None = None
    mode: int = 0
    has_colour: bool = False


def drawing(document: Pdf) -> Drawing:
    """Everything the pages and the appearances of their annotations draw. Raises Inflated, PdfError."""
    found = Drawing()
    for page in document.pages:
        contents = page.obj.get("/Contents", Array())
        for part in contents if isinstance(contents, Array) else [contents]:
            inflate(part, _MOST_CONTENT)
        _read(page.obj, _resources(page.obj), found)
        for annotation in page.obj.get("/Annots", Array()):
            appearance = annotation.get("/AP", Dictionary()).get("/N")
            states = appearance.values() if isinstance(appearance, Dictionary) else [appearance]
            for form in states:
                _form(form, Dictionary(), found)
    return found


def _resources(page: Object) -> Dictionary:
    """The page's own, or those it inherits."""
    node: Any = page
    # a page may name itself as its own parent
    for _level in range(64):
        if "/Resources" in node:
            return cast(Dictionary, node.Resources)
        if "/Parent" not in node:
            break
        node = node.Parent
    return Dictionary()


def _form(form: Any, outer: Dictionary, found: Drawing) -> None:
    """A form, a tiling pattern or a glyph of a Type 3 font, once."""
    # a form may draw itself, and a bomb a form that draws two, each of which draws two…
    if not isinstance(form, Stream) or form.objgen in found.seen or len(found.seen) > _MOST_STREAMS:
        return
    found.seen.add(form.objgen)
    inflate(form, _MOST_CONTENT)
    _read(form, cast(Dictionary, form.stream_dict.get("/Resources", outer)), found)


def _read(content: Object, resources: Dictionary, found: Drawing) -> None:
    state, stack = _State(), []
    for instruction in pikepdf.parse_content_stream(content):
        operator, operands = str(instruction.operator), list(instruction.operands)
        if operator == "q":
            stack.append(state)
        elif operator == "Q":
            state = stack.pop() if stack else state
        elif operator == "Tf":
            state = replace(state, font=_named(resources, "/Font", operands[0]))
        elif operator == "Tr":
            state = replace(state, mode=int(operands[0]))
        elif operator in _SETS_COLOUR:
            state = replace(state, has_colour=True)
        _colour(operator, operands, resources, found)
        if operator in _SHOWS:
            _glyphs(state.font, operands, found)
        if operator in _PAINTS and state.mode != INVISIBLE:
            _paint(operator, state, resources, found)


def _named(resources: Dictionary, kind: str, name: Any) -> Any:
    return resources.get(kind, Dictionary()).get(str(name))


def _colour(operator: str, operands: list[Any], resources: Dictionary, found: Drawing) -> None:
    """What an operator brings of colours: its own, or those of what it draws."""
    if operator in _COLOURS:
        _use(_COLOURS[operator], resources, found)
    elif operator in {"cs", "CS"}:
        _space(operands[0], resources, found)
    elif operator in {"scn", "SCN"} and operands and isinstance(operands[-1], Name):
        _form(_named(resources, "/Pattern", operands[-1]), resources, found)
    elif operator == "sh":
        _space(getattr(_named(resources, "/Shading", operands[0]), "ColorSpace", None), resources, found)
    elif operator == "Do":
        _external(_named(resources, "/XObject", operands[0]), resources, found)
    elif operator == "INLINE IMAGE":
        image = operands[0].obj
        _space(image.get("/CS", image.get("/ColorSpace")), resources, found)


def _paint(operator: str, state: _State, resources: Dictionary, found: Drawing) -> None:
    if not state.has_colour:
        _use("Gray", resources, found)  # the initial colour is black, of DeviceGray
    if operator in _SHOWS:
        _show(state.font, resources, found)


def _glyphs(font: Any, operands: list[Any], found: Drawing) -> None:
    """ISO 19005-3 §6.2.11.8: no text refers to the glyph .notdef, whatever its rendering mode.

    Read in composite fonts of two-byte codes, the ones that programs write today.
    """
    if not isinstance(font, Dictionary) or font.get("/Subtype") != Name.Type0 or font in found.without_glyph:
        return
    if _descendant(font).get("/CIDToGIDMap", Name.Identity) != Name.Identity:
        return
    parts = [part for operand in operands for part in (operand if isinstance(operand, Array) else [operand])]
    text = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
    missing = _codes_of_notdef(font)
    if any(text[place : place + 2] in missing for place in range(0, len(text), 2)):
        found.without_glyph.append(font)


def _codes_of_notdef(font: Dictionary) -> set[bytes]:
    """The codes that the font's encoding, Identity-H or a CMap of its own, maps to the character 0."""
    encoding = font.get("/Encoding")
    if not isinstance(encoding, Stream):
        return {b"\0\0"} if encoding == Name("/Identity-H") else set()
    listed = _CID_ZERO.findall(inflate(encoding, _MOST_CONTENT))
    return {bytes.fromhex(code.decode()) for code in listed}


def _show(font: Any, resources: Dictionary, found: Drawing) -> None:
    if not isinstance(font, Dictionary):
        return
    key = font.objgen if font.is_indirect else id(font)
    if key in found.seen:
        return
    found.seen.add(key)
    found.fonts.append(font)
    if font.get("/Subtype") == Name.Type3:
        for glyph in font.get("/CharProcs", Dictionary()).values():
            _form(glyph, cast(Dictionary, font.get("/Resources", resources)), found)


def _external(item: Any, resources: Dictionary, found: Drawing) -> None:
    if not isinstance(item, Stream):
        return
    if item.stream_dict.get("/Subtype") == Name.Form:
        _form(item, resources, found)
    elif not item.stream_dict.get("/ImageMask", False):
        _space(item.stream_dict.get("/ColorSpace"), resources, found)


def _space(space: Any, resources: Dictionary, found: Drawing, depth: int = 0) -> None:
    """A colour space named by an operator, an image or a shading; those it is made of count too."""
    if isinstance(space, Name):
        name = str(space)
        if name in _INLINE or name.startswith("/Device"):
            _use(_INLINE.get(name, name.removeprefix("/Device")), resources, found)
        elif depth == 0:
            _space(resources.get("/ColorSpace", Dictionary()).get(name), resources, found, 1)
    elif isinstance(space, Array) and len(space) and depth < 8:
        kind = str(space[0])
        if len(space) == 1:
            _space(space[0], resources, found, depth + 1)
        elif kind in {"/Indexed", "/I", "/Pattern"}:
            _space(space[1], resources, found, depth + 1)
        elif kind in {"/Separation", "/DeviceN"}:
            _space(space[2], resources, found, depth + 1)


def _use(device: str, resources: Dictionary, found: Drawing) -> None:
    if f"/Default{device}" not in resources.get("/ColorSpace", Dictionary()):
        found.device_colours.add(f"/Device{device}")


def is_embedded(font: Dictionary) -> bool:
    """A Type 3 font is embedded by its own drawings, a Type 0 font by its descendant."""
    if font.get("/Subtype") == Name.Type3:
        return True
    return _program(_descendant(font)) is not None


def _descendant(font: Dictionary) -> Dictionary:
    return cast(Dictionary, font.DescendantFonts[0]) if font.get("/Subtype") == Name.Type0 else font


def _program(font: Dictionary) -> Stream | None:
    descriptor = font.get("/FontDescriptor")
    keys = ("/FontFile", "/FontFile2", "/FontFile3")
    if not isinstance(descriptor, Dictionary):
        return None
    return next((program for key in keys if isinstance(program := descriptor.get(key), Stream)), None)


def character_set_is_right(font: Dictionary) -> bool:
    """ISO 19005-3 §6.2.11.4.2: a CIDSet, where there is one, names the characters of the font program and no other."""
    if font.get("/Subtype") != Name.Type0:
        return True
    descendant = _descendant(font)
    stream = descendant.get("/FontDescriptor", Dictionary()).get("/CIDSet")
    program = _program(descendant)
    if not isinstance(stream, Stream) or program is None:
        return True
    try:
        present = _characters(descendant, inflate(program, _MOST_CONTENT))
    except (TTLibError, KeyError, AssertionError, OSError):
        return True  # a program that cannot be read is no matter of its list
    listed = inflate(stream, _MOST_CONTENT)
    # a bit for each CID, the highest bit of the first byte for CID 0 (ISO 32000-1 §9.8.3)
    named = {place * 8 + bit for place, byte in enumerate(listed) for bit in range(8) if byte >> (7 - bit) & 1}
    return named | {0} == present | {0}  # whether 0, .notdef, is named is all the same to judges


def _characters(descendant: Dictionary, program: bytes) -> set[int]:
    """The CIDs that the font program can draw."""
    if descendant.get("/Subtype") == Name.CIDFontType2:
        count = TTFont(io.BytesIO(program), lazy=True)["maxp"].numGlyphs
        mapped = descendant.get("/CIDToGIDMap")
        if isinstance(mapped, Stream):
            return set(_mapped(inflate(mapped, _MOST_CONTENT), count))
        return set(range(count))
    return set(_of_cff(program))


def _mapped(table: bytes, count: int) -> Iterable[int]:
    pairs = zip(table[::2], table[1::2], strict=False)
    return (cid for cid, (high, low) in enumerate(pairs) if 0 < high * 256 + low < count)


def _of_cff(program: bytes) -> Iterable[int]:
    if program[:4] == b"OTTO":
        cff = TTFont(io.BytesIO(program), lazy=True)["CFF "].cff
    else:
        cff = CFFFontSet()
        cff.decompile(io.BytesIO(program), None)
    top = cff[cff.fontNames[0]]
    if hasattr(top, "ROS"):
        return (int(name[3:]) for name in top.charset if name.startswith("cid"))
    return range(len(top.charset))
