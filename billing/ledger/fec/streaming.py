"""The file as it leaves to whoever asks for it, on a page or by the API."""

from __future__ import annotations

from django.http import StreamingHttpResponse

from billing.ledger.fec.writing import Fec
from config.kernel.exports import carried


def streamed(fec: Fec) -> StreamingHttpResponse:
    """Under the name that the law gives it, read as it leaves."""
    answer = StreamingHttpResponse(carried(fec.chunks()), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{fec.name}"'
    return answer
