"""The second opinion: tesseract's own words, where the machine has it with its French."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from functools import cache

import cv2

from einvoicing.reception.reading.layout import WIDTH, Page, Word
from einvoicing.reception.reading.pictures import Picture

SECONDS = 60  # a page
LEAST_SCORE = 30  # of a hundred


@cache
def is_installed() -> bool:
    program = shutil.which("tesseract")
    if not program:
        return False
    try:
        said = subprocess.run([program, "--list-langs"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return "fra" in said.stdout.split()


def read_picture(picture: Picture, number: int) -> Page | None:
    """The words of one page, None when the program fails."""
    encoded = cv2.imencode(".png", picture)[1].tobytes()
    try:
        done = subprocess.run(
            ["tesseract", "stdin", "stdout", "-l", "fra", "--psm", "4", "tsv"],
            input=encoded,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    height, width = picture.shape[:2]
    scale = WIDTH / width
    words = []
    rows = csv.DictReader(io.StringIO(done.stdout.decode("utf-8", "replace")), delimiter="\t", quoting=csv.QUOTE_NONE)
    for row in rows:
        text = (row.get("text") or "").strip()
        if row["level"] != "5" or not text or float(row["conf"]) < LEAST_SCORE:
            continue
        x, y, w, h = (int(row[name]) for name in ("left", "top", "width", "height"))
        box = (x / width, y / height, (x + w) / width, (y + h) / height)
        words.append(Word(text, x * scale, y * scale, (x + w) * scale, (y + h) * scale, box, float(row["conf"]) / 100))
    return Page(number, height * scale, words)
