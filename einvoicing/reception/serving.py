"""A document handed out: under a type of ours, run by nothing, whatever its sender says of it."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from einvoicing.models import ReceivedDocument
from einvoicing.reception.storing import read_content

# what a browser may show, by the ending that we gave the file
SHOWN = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}
DOWNLOADED = "application/octet-stream"
# scripts, forms, plug-ins and whatever it would load from elsewhere are off
LOCKED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"


def shown_type(document: ReceivedDocument) -> str:
    """The type it may be opened as in a browser; '' for what is only downloaded."""
    return SHOWN.get(str(document.file.name).rpartition(".")[2], "")


def file_response(document: ReceivedDocument, *, media_type: str = "", at: datetime) -> HttpResponse:
    """The bytes as they came: to be saved, or opened as `media_type`. Raises FileMissing, FileAltered."""
    response = HttpResponse(read_content(document, at=at), content_type=media_type or DOWNLOADED)
    response["Content-Disposition"] = content_disposition_header(not media_type, document.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = LOCKED
    return response
