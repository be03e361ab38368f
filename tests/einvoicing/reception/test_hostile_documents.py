"""Hostile files are refused with a reason, by a process of their own, within its bounds."""

from __future__ import annotations

import io
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf

from einvoicing.reception.reading import child, process, read_document
from tests.einvoicing.test_hostile import LAUGHS, PDFS, SECRET

ROOT = Path(__file__).parents[3]


def _pdf(change=lambda document: None, **saving) -> bytes:  # type: ignore[no-untyped-def]
    output = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        change(document)
        document.save(output, **saving)
    return output.getvalue()


def _script(document: Pdf) -> None:
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


def _launch(document: Pdf) -> None:
    action = Dictionary(S=Name.Launch, F=pikepdf.String("calc.exe"))
    document.pages[0].Annots = Array([document.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Link, A=action))])


def _form(document: Pdf) -> None:
    document.Root.AcroForm = Dictionary(XFA=pikepdf.String("<xdp/>"), Fields=Array())


def _many_pages(document: Pdf) -> None:
    for _count in range(9_999):
        document.add_blank_page()


def _huge_picture(document: Pdf) -> None:
    picture = document.make_stream(b"", Type=Name.XObject, Subtype=Name.Image, Width=60_000, Height=60_000)
    document.pages[0].Resources = Dictionary(XObject=Dictionary(A=picture))


def _content_bomb(document: Pdf) -> None:
    stream = document.make_stream(b"")
    stream.write(_deflated(1_500), filter=Name.FlateDecode)
    document.pages[0].Contents = stream


def _deflated(megabytes: int) -> bytes:
    """Blanks, as zlib writes them: one megabyte is deflated and repeated; a full flush forgets what was before."""
    size = 1024 * 1024
    engine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = engine.compress(b" " * size) + engine.flush(zlib.Z_FULL_FLUSH)
    blanks = megabytes * size
    # Adler-32 of as many equal bytes
    low, high = (1 + 32 * blanks) % 65521, (blanks + 32 * blanks * (blanks + 1) // 2) % 65521
    return b"\x78\xda" + block * megabytes + b"\x03\x00" + struct.pack(">HH", high, low)


def _png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def _zip() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("virus.js", "alert(1)")
    return output.getvalue()


PLAIN = _pdf()
# what takes long to make is made by the test that wants it
HOSTILE: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "billion laughs": (LAUGHS, "DOCTYPE"),
    "external entity": (SECRET, "DOCTYPE"),
    "javascript": (_pdf(_script), "programme"),
    "launch": (_pdf(_launch), "programme"),
    "dynamic form": (_pdf(_form), "programme"),
    "ten thousand pages": (lambda: _pdf(_many_pages), "10000 pages"),
    "picture of 3.6 gigapixels in a PDF": (_pdf(_huge_picture), "démesurée"),
    "password": (_pdf(encryption=pikepdf.Encryption(user="secret", owner="other")), "mot de passe"),
    "attachment bomb": (PDFS["attachment bomb"], ""),
    "looping pages": (PDFS["looping pages"], ""),
    "header only": (PDFS["header only"], "abîmé"),
    "content that inflates to 1.5 GB": (_pdf(_content_bomb, stream_decode_level=pikepdf.StreamDecodeLevel.none), ""),
    "picture of 2.5 gigapixels": (_png(50_000, 50_000), "démesurée"),
    "picture that is not one": (b"\xff\xd8\xff\xe0" * 400, "abîmée"),
    "PDF and archive": (PLAIN + _zip(), "archive"),
    "archive named otherwise": (_zip(), "ni un PDF"),
    "web page before a PDF": (b"<html><script>alert(1)</script></html>" + PLAIN, ""),
    "picture and PDF": (_png(300, 300) + PLAIN, "à la fois"),
    "program": (b"MZ\x90\x00\x03" + bytes(2000), "ni un PDF"),
    "PDF with a program behind": (PLAIN + b"\x7fELF\x02" + bytes(200), "programme"),
    "drawing with a script": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', ""),
    "junk before a PDF": (b"GIF89a" + bytes(40) + PLAIN, "précédé"),
    "empty": (b"", "vide"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_file_is_refused_with_a_reason(name: str) -> None:
    made, reason = HOSTILE[name]
    found = read_document(made() if callable(made) else made, ocr=False)
    assert not found.is_read
    (problem,) = found.problems
    assert reason in problem


def test_the_child_may_not_take_more_than_512_megabytes_nor_five_seconds() -> None:
    """What is asked of the kernel, since Python alone bounds nothing."""
    code = (
        "import resource\nfrom einvoicing.reception.reading import child\n"
        "child.limit(child.QUICK, child.SECONDS_QUICK)\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[1])\n"
        "try:\n    bytearray(600 * 1024 * 1024)\nexcept MemoryError:\n    print('bounded')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    memory, seconds, bounded = done.stdout.split()
    assert int(memory) <= 512 * 1024**2
    assert int(seconds) <= 5
    assert bounded == "bounded"
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != int(memory)


def test_a_document_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.01)
    found = read_document(PLAIN, ocr=False)
    assert found.problems == ("Le document demande trop de temps pour être lu.",)


def test_the_child_knows_no_secret_and_no_django() -> None:
    code = (
        "import sys\nimport einvoicing.reception.reading.cascade, einvoicing.reception.reading.scans\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('django', 'celery', 'rest_framework')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_bounds_are_those_promised() -> None:
    assert child.MEMORY[child.QUICK] == 512 * 1024**2
    assert child.SECONDS_QUICK < 5
