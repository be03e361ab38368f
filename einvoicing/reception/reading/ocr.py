"""Reads a picture with rapidocr and the models in its wheel; nothing is downloaded.

Lines are looked for on a small picture and read on the large one: a third of the time, and finer letters. A page that
lies on its side or head down is turned by what its lines say.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from functools import cache
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR

from einvoicing.reception.reading.layout import WIDTH, Page, Word
from einvoicing.reception.reading.pictures import Picture
from einvoicing.reception.reading.result import Box

DETECTION_SIDE = 1280
LEAST_SCORE = 0.5  # of the engine: what is below is noise
SAMPLE = 9  # lines that are asked which way is up
Quad = NDArray[np.float64]  # four corners of a line, clockwise from its upper left as it is read


@cache
def engine() -> Any:
    threads = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": DETECTION_SIDE,
            "Global.use_cls": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        }
    )


def read_picture(picture: Picture, number: int) -> Page:
    """The words of one page."""
    height, width = picture.shape[:2]
    lines = list(_lines(picture))
    turn = _turn(lines)
    parts = [
        part
        for text, score, quad, _flipped in lines
        for part in _parts(text, score, _turned(quad, turn, width, height))
    ]
    boxes = [_box(quad, turn, width, height) for _text, _score, quad in parts]
    if turn in (90, 270):
        width, height = height, width
    return Page(number, height * WIDTH / width, _straightened(parts, boxes, width))


Line = tuple[str, float, Quad, bool]


def _lines(picture: Picture) -> Iterator[Line]:
    """(text, the engine's score, corners, whether the letters stood head down)."""
    reader = engine()
    found = reader(picture, use_det=True, use_cls=False, use_rec=False)
    if found is None or found.boxes is None or not len(found.boxes):
        return
    boxes = [np.asarray(box, dtype=np.float32) for box in found.boxes]
    crops = reader.crop_text_regions(picture, boxes)
    flipped = _are_head_down(reader, crops)
    if flipped:
        crops = [cv2.rotate(crop, cv2.ROTATE_180) for crop in crops]
    result = reader.recognize_txt(crops)
    for text, score, box in zip(result.txts, result.scores, boxes, strict=True):
        if text.strip() and score >= LEAST_SCORE:
            yield text.strip(), float(score), box.astype(np.float64), flipped


def _are_head_down(reader: Any, crops: Sequence[Picture]) -> bool:
    sample = sorted(crops, key=lambda crop: -crop.shape[1] / max(crop.shape[0], 1))[:SAMPLE]
    answers = reader.cls_and_rotate(sample)[1].cls_res
    return sum(label == "180" for label, score in answers) * 2 > len(answers)


def _turn(lines: Sequence[Line]) -> int:
    """By how many degrees the page must be turned clockwise for its lines to be level."""
    long = [line for line in lines if len(line[0]) > 5] or list(lines)
    if not long:
        return 0
    standing = sum(_length(quad[0], quad[3]) > 1.5 * _length(quad[0], quad[1]) for _text, _score, quad, _f in long)
    flipped = long[0][3]
    if standing * 2 > len(long):
        return 90 if flipped else 270
    return 180 if flipped else 0


def _turned(quad: Quad, turn: int, width: int, height: int) -> Quad:
    """The corners after the page is turned, again clockwise from the upper left of the text."""
    x, y = quad[:, 0], quad[:, 1]
    if turn == 180:
        return np.stack([width - x, height - y], axis=1)[[2, 3, 0, 1]]
    if turn == 90:
        return np.stack([height - y, x], axis=1)[[3, 0, 1, 2]]
    if turn == 270:
        return np.stack([y, width - x], axis=1)[[1, 2, 3, 0]]
    return quad


def _length(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.hypot(*(other - one)))


# widths of letters beside that of a digit, enough to share a line among its words
_NARROW = dict.fromkeys("iljI.,:;'’!|()[] t-f/", 0.55) | dict.fromkeys("mwMW@%€", 1.5)


def _weight(text: str) -> float:
    return sum(_NARROW.get(character, 1.2 if character.isupper() else 1.0) for character in text)


Part = tuple[str, float, Quad]


def _parts(text: str, score: float, quad: Quad) -> Iterator[Part]:
    """The words of a line, each with its share of the corners."""
    total = _weight(text) or 1.0
    at = 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        yield word, score, _between(quad, _weight(text[:start]) / total, _weight(text[:at]) / total)


def _between(quad: Quad, first: float, last: float) -> Quad:
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.array([quad[0] + top * first, quad[0] + top * last, quad[3] + bottom * last, quad[3] + bottom * first])


def _box(quad: Quad, turn: int, width: int, height: int) -> Box:
    """The rectangle around a word on the page as it came, in shares of it."""
    x, y = quad[:, 0], quad[:, 1]
    if turn == 180:
        x, y = width - x, height - y
    elif turn == 90:
        x, y = y, height - x
    elif turn == 270:
        x, y = width - y, x
    sides = (x.min() / width, y.min() / height, x.max() / width, y.max() / height)
    left, top, right, bottom = (min(max(float(side), 0.0), 1.0) for side in sides)
    return left, top, right, bottom


def _straightened(parts: Sequence[Part], boxes: Sequence[Box], width: int) -> list[Word]:
    """Words put level: a photograph leans, and rows are found by their height."""
    angles = [
        math.atan2(quad[1][1] - quad[0][1], quad[1][0] - quad[0][0])
        for _text, _score, quad in parts
        if _length(quad[0], quad[1]) > 2 * _length(quad[0], quad[3])
    ]
    slope = median(angles) if angles else 0.0
    cos, sin, scale = math.cos(-slope), math.sin(-slope), WIDTH / width
    words = []
    for (text, score, quad), box in zip(parts, boxes, strict=True):
        left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
        half = (_length(quad[0], quad[3]) + _length(quad[1], quad[2])) / 4 * scale
        x0, x1 = ((point[0] * cos - point[1] * sin) * scale for point in (left, right))
        middle = sum(point[0] * sin + point[1] * cos for point in (left, right)) / 2 * scale
        words.append(Word(text, x0, middle - half, max(x1, x0 + 0.1), middle + half, box, score))
    return words
