"""The parent side: each document is opened in a process of its own, which a hostile one may only ruin alone."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from einvoicing.reception.reading.child import DRAW_PAGE, QUICK, READ_BY_OCR, SECONDS_QUICK
from einvoicing.reception.reading.recognise import MAX_BYTES
from einvoicing.reception.reading.result import Reading, from_dict, timed, unreadable

SECONDS_A_PAGE = 60  # of computing, for an engine; a page takes about ten
MOST_OCR_PAGES = 8
PATIENCE = 6  # times the computing time: a machine that is busy
_ROOT = Path(__file__).resolve().parents[3]
_SENTENCES = {
    signal.SIGXCPU: "Le document demande trop de temps pour être lu.",
    signal.SIGKILL: "Le document demande trop de temps pour être lu.",
}
NOT_READ_HERE = "Le document est une image, qui n’est pas lue ici."
_DIED = "Le document demande trop de mémoire pour être lu, ou il est abîmé."


def read_document(data: bytes, *, own: Collection[str] = (), ocr: bool = True) -> Reading:
    """What a supplier document says; never raises for what is in the bytes.

    `own` are the SIRENs of the company that receives it, which are never its supplier's. Without `ocr` a scan is
    unreadable. `ms` counts the whole.
    """
    started = time.monotonic()
    if len(data) > MAX_BYTES:
        return unreadable("Le fichier dépasse %(size)d Mo.", size=MAX_BYTES // 1024**2)
    answer = _ask(QUICK, data, SECONDS_QUICK, {"own": sorted(own)})
    if "ocr" in answer:
        answer = _by_ocr(data, answer, own) if ocr else {"sentence": NOT_READ_HERE}
    reading = from_dict(answer["reading"]) if "reading" in answer else unreadable(answer["sentence"])
    return timed(reading, round((time.monotonic() - started) * 1000))


def needs_ocr(reading: Reading) -> bool:
    """Whether it was refused for being a picture, by a reading without OCR."""
    return not reading.is_read and any(problem.msgid == NOT_READ_HERE for problem in reading.problems)


def draw_page(data: bytes, page: int) -> tuple[str, bytes] | None:
    """(media type, picture) of a page counted from 1, to look at; None where it cannot be drawn."""
    answer = _ask(DRAW_PAGE, data, SECONDS_QUICK, {"page": page})
    if "picture" not in answer:
        return None
    return answer["media_type"], base64.b64decode(answer["picture"])


def _by_ocr(data: bytes, answer: dict[str, Any], own: Collection[str]) -> dict[str, Any]:
    seconds = SECONDS_A_PAGE * (1 + min(answer["pages"], MOST_OCR_PAGES))
    request = {"kind": answer["ocr"], "pages": answer["pages"], "problems": answer["problems"], "own": sorted(own)}
    return _ask(READ_BY_OCR, data, seconds, request)


def _ask(what: str, data: bytes, seconds: int, request: dict[str, Any]) -> dict[str, Any]:
    """The child's answer, or {"sentence": why there is none}."""
    header = json.dumps({**request, "seconds": seconds, "parent": os.getpid()}).encode() + b"\n"
    # a clean environment: the child needs none of the secrets of the application
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONPATH": str(_ROOT)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "einvoicing.reception.reading.child", what],
            input=header + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=_ROOT,
            timeout=seconds * PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"sentence": _SENTENCES[signal.SIGXCPU]}
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"sentence": _SENTENCES.get(signal.Signals(-done.returncode), _DIED) if done.returncode < 0 else _DIED}
    return found
