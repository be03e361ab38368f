"""The streams of a foreign PDF, inflated within bounds."""

from __future__ import annotations

import zlib

from pikepdf import Array, Dictionary, Object


class Inflated(Exception):
    """A stream inflates beyond its bound."""


def filters(item: Dictionary) -> list[str]:
    """The names of the filters of a stream, the first to undo first."""
    found = item.get("/Filter", Array())
    return [str(name) for name in (found if isinstance(found, Array) else [found])]


def inflate(stream: Object, limit: int) -> bytes:
    """The content of a stream, without ever holding more than `limit` bytes of it. Raises Inflated."""
    names = filters(stream.stream_dict)
    if set(names) != {"/FlateDecode"} or "/DecodeParms" in stream.stream_dict:
        content = bytes(stream.read_bytes())  # rare in an attachment: the memory of the process is the bound
    else:
        content = bytes(stream.read_raw_bytes())
        for _name in names:
            content = _inflated(content, limit)
    if len(content) > limit:
        raise Inflated
    return content


def _inflated(content: bytes, limit: int) -> bytes:
    try:
        # one byte more than allowed tells « too large » from « exactly as large »
        inflated = zlib.decompressobj().decompress(content, limit + 1)
    except zlib.error as error:
        raise ValueError("a stream is not what it says") from error
    if len(inflated) > limit:
        raise Inflated
    return inflated
