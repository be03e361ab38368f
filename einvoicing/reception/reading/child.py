"""The process that opens a document: `python -m einvoicing.reception.reading.child quick|ocr|page`.

Reads on its standard input a JSON line, then the bytes; writes one JSON line. It never imports Django and keeps no
secret. The kernel ends it when the document takes more time or memory than it is given.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from typing import Any

QUICK, READ_BY_OCR, DRAW_PAGE = "quick", "ocr", "page"
MEMORY = {QUICK: 512 * 1024**2, READ_BY_OCR: 3 * 1024**3, DRAW_PAGE: 768 * 1024**2}  # of address space
SECONDS_QUICK = 4  # of computing: a document is refused within five


def limit(what: str, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY[what], MEMORY[what]))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be mistaken for an answer
    what = sys.argv[1]
    request = json.loads(source.readline())
    threading.Thread(target=_watch, args=(request["parent"],), daemon=True).start()
    limit(what, request["seconds"])
    data = source.read()
    answer = {QUICK: _quick, READ_BY_OCR: _ocr, DRAW_PAGE: _page}[what](data, request)
    target.write(json.dumps(answer).encode() + b"\n")
    target.flush()
    os._exit(0)  # native libraries may fail while they are taken down, when all is said


def _quick(data: bytes, request: dict[str, Any]) -> dict[str, Any]:
    from config.kernel.errors import Invalid
    from einvoicing.reception.reading.cascade import NeedsOcr, read_quick
    from einvoicing.reception.reading.result import to_dict, unreadable

    try:
        return {"reading": to_dict(read_quick(data, request["own"]))}
    except NeedsOcr as needed:
        return {
            "ocr": needed.kind,
            "pages": needed.pages,
            "problems": [(one.msgid, one.params) for one in needed.problems],
        }
    except Invalid as error:
        return {"reading": to_dict(unreadable(error.sentence))}
    except (MemoryError, RecursionError):
        return {"reading": to_dict(unreadable("Le document demande trop de mémoire pour être lu."))}
    except Exception as error:  # noqa: BLE001 - whatever a document provokes, it is refused, and the inbox goes on
        return {
            "reading": to_dict(unreadable("Le document ne peut pas être lu.")),
            "error": f"{type(error).__name__}: {error}"[:300],
        }


def _ocr(data: bytes, request: dict[str, Any]) -> dict[str, Any]:
    from config.kernel.errors import Sentence
    from einvoicing.reception.reading.result import to_dict, unreadable
    from einvoicing.reception.reading.scans import read_scan

    os.nice(10)
    try:
        return {
            "reading": to_dict(
                read_scan(
                    data,
                    request["kind"],
                    request["pages"],
                    request["own"],
                    tuple(Sentence(msgid, params) for msgid, params in request["problems"]),
                )
            )
        }
    except MemoryError:
        return {"reading": to_dict(unreadable("Le document demande trop de mémoire pour être lu."))}
    except Exception as error:  # noqa: BLE001 - as above
        return {
            "reading": to_dict(unreadable("L’image ne peut pas être lue.")),
            "error": f"{type(error).__name__}: {error}"[:300],
        }


def _page(data: bytes, request: dict[str, Any]) -> dict[str, Any]:
    import base64

    from einvoicing.reception.reading.pictures import page_picture

    try:
        media_type, picture = page_picture(data, request["page"])
    except Exception as error:  # noqa: BLE001 - as above
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    return {"media_type": media_type, "picture": base64.b64encode(picture).decode()}


if __name__ == "__main__":
    main()
