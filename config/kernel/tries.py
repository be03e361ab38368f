"""How often work is tried before a person must look, and the pauses between: plain figures, read before any model."""

from __future__ import annotations

from datetime import timedelta


def _minutes(*pauses: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=pause) for pause in pauses)


# of what goes to a platform
DELAYS = _minutes(1, 5, 30, 120, 1440)
DOCUMENT_TRIES = len(DELAYS) + 1
# of an e-mail
MESSAGE_DELAYS = _minutes(1, 30, 120, 1440)
MESSAGE_TRIES = len(MESSAGE_DELAYS) + 1
# of what other systems told us
RECEIVED_DELAYS = _minutes(1, 2, 4)
RECEIVED_TRIES = len(RECEIVED_DELAYS) + 1
# of a scan: a page costs minutes of computing where it goes wrong
OCR_TRIES = 2
