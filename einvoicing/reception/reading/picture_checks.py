"""A picture is measured by its header alone before anything of it is decoded."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from einvoicing.reception.reading.recognise import Refused

MAX_PIXELS = 80_000_000  # a telephone's largest; an A4 at 600 dpi has 35
SMALLEST = 200  # pixels a side
MAX_FRAMES = 200
FORMATS = ("JPEG", "PNG", "TIFF", "MPO")


def frame_count(data: bytes) -> int:
    """How many pages the picture has. Raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                width, height = picture.size
                count = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused("L’image est démesurée.") from error
    except Exception as error:  # a decoder raises anything on bytes it was not made for
        raise Refused("L’image est abîmée : demandez-en une autre copie.") from error
    if width * height > MAX_PIXELS:
        raise Refused("L’image est démesurée (%(width)d × %(height)d points).", width=width, height=height)
    if min(width, height) < SMALLEST:
        raise Refused(
            "L’image est trop petite pour être lue (%(width)d × %(height)d points).", width=width, height=height
        )
    if count > MAX_FRAMES:
        raise Refused("L’image a %(count)d pages : %(most)d au plus sont lues.", count=count, most=MAX_FRAMES)
    return count
