"""The text of a statement that is none of XML: its encoding, and its lines with their numbers."""

from __future__ import annotations

from collections.abc import Iterator

CONTROLS = {number: None for number in range(32) if chr(number) not in "\t\r\n"} | {0x7F: None, 0xFEFF: None}


def decoded(data: bytes, stated: str = "") -> str:
    """The text, without controls and byte order mark. UTF-8 first; then what the file states; Windows' Latin last."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").translate(CONTROLS)
    for encoding in ("utf-8-sig", stated, "cp1252"):
        try:
            if encoding:
                return data.decode(encoding).translate(CONTROLS)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1").translate(CONTROLS)


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """The lines, from 1, whatever ends them."""
    yield from enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
