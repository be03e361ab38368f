"""The files of an invoice: the legal ones, made and judged once, and the readable PDF."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from rest_framework import serializers

from billing.api.invoices.reading import InvoiceView
from billing.models import DocumentKind, Invoice
from billing.pdf import render_pdf
from config.kernel.api.documented import documented
from config.kernel.api.fields import Moment
from config.kernel.api.operation import operation
from config.kernel.api.versions import matches, versioned
from config.kernel.api.view import Call
from config.kernel.kept import read_kept
from einvoicing.api.sending import InvalidHere
from einvoicing.services.documents import DocumentInvalid, NotIssued, ensure_document

PDF, XML = "application/pdf", "application/xml"
LEGAL = {
    "facturx": (DocumentKind.FACTURX, PDF),
    "cii": (DocumentKind.CII, XML),
    "ubl": (DocumentKind.UBL, XML),
}
FORMATS = ("pdf", *LEGAL)


class DocumentShape(serializers.Serializer):
    format = serializers.ChoiceField(FORMATS)
    media_type = serializers.ChoiceField([PDF, XML])
    url = serializers.CharField(help_text="Where to download it; a legal file not made yet is made then.")
    sha256 = serializers.CharField(allow_null=True, help_text="Of a legal file already made.")
    size = serializers.IntegerField(allow_null=True, help_text="In bytes.")
    created_at = Moment(allow_null=True)


class InvoiceDocuments(InvoiceView):
    @operation(answer=DocumentShape, many=True)
    @documented(id="invoice_document_list")
    def get(self, request: Call, id: int) -> list[dict[str, Any]]:
        """The files that may be downloaded: of a draft its PDF, of an issued invoice the legal ones too."""
        invoice = self.find(id)
        made = {row.kind: row for row in invoice.documents.all()}
        return [_document_row(invoice, word, made) for word in (("pdf",) if invoice.is_draft else FORMATS)]


class InvoiceDocument(InvoiceView):
    @operation()
    @versioned
    @documented(
        id="invoice_document_retrieve",
        media_types=(
            PDF,
            XML,
        ),
        errors=(409,),
    )
    def get(self, request: Call, id: int, word: str) -> HttpResponseBase:
        """Download a file: `pdf`, `facturx` (PDF/A-3 with the XML in it), `cii` or `ubl`.

        The three legal files are made and judged once and never change: their ETag is their SHA-256. `pdf` is the
        readable document alone, and bears a watermark on a draft. A legal file of a draft is refused (`not_issued`).
        """
        invoice = self.find(id)
        name = (invoice.number or "brouillon").replace("/", "-")
        if word == "pdf":
            data = render_pdf(invoice)
            digest = hashlib.sha256(data).hexdigest()
            return _sent(request, digest, f"{name}.pdf", PDF, lambda: io.BytesIO(data))
        if word not in LEGAL:
            raise Http404
        if invoice.is_draft:
            raise NotIssued
        kind, media_type = LEGAL[word]
        try:
            row = ensure_document(invoice=invoice, kind=kind, actor=request.caller.actor, at=request.at)
        except DocumentInvalid as error:
            raise InvalidHere(error.report) from error
        ending = "pdf" if media_type == PDF else f"{word}.xml"
        return _sent(
            request,
            row.sha256,
            f"{name}.{ending}",
            media_type,
            lambda: io.BytesIO(read_kept(row, record=invoice, at=request.at)),
        )


def _sent(request: Call, digest: str, name: str, media_type: str, content: Callable[[], Any]) -> HttpResponseBase:
    tag = f'"{digest}"'
    answer: HttpResponse | FileResponse
    if matches(request.headers.get("If-None-Match", ""), tag):
        answer = HttpResponse(status=304)
    else:
        answer = FileResponse(content(), content_type=media_type, as_attachment=True, filename=name)
        answer["X-Content-Type-Options"] = "nosniff"
    answer["ETag"] = tag
    return answer


def _document_row(invoice: Invoice, word: str, made: dict[str, Any]) -> dict[str, Any]:
    kind, media_type = LEGAL.get(word, ("", PDF))
    row = made.get(kind)
    return {
        "format": word,
        "media_type": media_type,
        "url": reverse("api:invoice-document", args=[invoice.pk, word]),
        "sha256": row.sha256 if row else None,
        "size": row.size if row else None,
        "created_at": row.created_at if row else None,
    }
