"""Supplier documents over REST: what came, what was read of it, its file; and bringing one in."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel.api import lists
from config.kernel.api.circumstances import multipart
from config.kernel.api.documented import documented
from config.kernel.api.fields import Body, Day, Id, Moment, Money, Page, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from einvoicing.models import ReceivedDocument, ReceivedStatus, ReceptionChannel
from einvoicing.reception.serving import DOWNLOADED, file_response
from einvoicing.reception.storing import MOST_BYTES, store_document

RECEIVED_STATUSES = tuple(str(value).lower() for value in ReceivedStatus.values)
CHANNELS = tuple(str(value).lower() for value in ReceptionChannel.values)
LARGEST_FILE = 20_000_000
TOO_LARGE = "Le fichier dépasse 20 Mo."


class ReceivedQuery(Page):
    status = Word(ReceivedStatus, required=False)
    channel = Word(ReceptionChannel, required=False)
    number = serializers.CharField(max_length=60, required=False)
    from_date = Day(required=False, help_text="By received_at, in Paris.")
    to_date = Day(required=False)


class ReceivedFile(Body):
    file = serializers.FileField(max_length=255, help_text="Factur-X, CII, UBL, PDF, JPEG, PNG or TIFF; 20 MB at most.")

    def validate_file(self, value: Any) -> Any:
        if value.size > min(LARGEST_FILE, MOST_BYTES):
            raise serializers.ValidationError(_(TOO_LARGE))
        return value


class ReceivedDocumentRow(serializers.Serializer):
    """One document of a supplier. It is stored first, then read; `reading` is what it says, as far as it was read."""

    id = Id()
    channel = Word(ReceptionChannel)
    status = Word(ReceivedStatus, help_text="stored is to be read; read, unreadable and duplicate wait for a person.")
    name = serializers.CharField(help_text="Of the file, as it came.")
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="In bytes.")
    platform_id = Id(source="account_id", allow_null=True)
    remote_id = serializers.CharField(help_text="The platform's own identifier; '' elsewhere.")
    supplier_name = serializers.CharField()
    supplier_number = serializers.CharField(source="supplier_key", help_text="SIREN, else VAT number; '' unknown.")
    number = serializers.CharField(help_text="The supplier's (BT-1); '' unread.")
    kind = serializers.CharField(help_text="380, 381, 384, 386 (BT-3); '' unread.")
    issue_date = Day(allow_null=True)
    total_gross = Money(source="gross", allow_null=True)
    currency = serializers.CharField()
    problem = serializers.CharField(help_text="Why it waits, in words.")
    purchase_id = Id(allow_null=True, help_text="The supplier invoice that was recorded of it.")
    duplicate_of_id = Id(allow_null=True)
    received_at = Moment()
    read_at = Moment(allow_null=True)


class ReceivedDoubtShape(serializers.Serializer):
    code = serializers.CharField()
    field = serializers.CharField()


class ReceivedDocumentShape(ReceivedDocumentRow):
    """One document, with what was read of it and what the official rules say."""

    doubts = ReceivedDoubtShape(many=True, help_text="Why a person must look.")
    reading = serializers.SerializerMethodField(
        help_text="Field → {value, confidence, page, box}, as `manage.py read_document` names them; {} unread."
    )
    is_valid = serializers.SerializerMethodField(help_text="The official rules' verdict on its XML; null without one.")

    @extend_schema_field(serializers.DictField(child=serializers.JSONField()))
    def get_reading(self, row: ReceivedDocument) -> dict[str, Any]:
        names = ("value", "confidence", "page", "box")
        fields: dict[str, Any] = row.reading.get("fields", {})
        return {name: {one: found[one] for one in names} for name, found in fields.items()}

    @extend_schema_field(serializers.BooleanField(allow_null=True))
    def get_is_valid(self, row: ReceivedDocument) -> bool | None:
        return row.verdict.get("valid")


class ReceivedList(ApiView):
    area = "purchases"

    @operation(query=ReceivedQuery, answer=ReceivedDocumentRow, many=True)
    @documented(id="received_document_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Supplier documents received, the latest first. Filters combine."""
        columns = {
            "status": "status",
            "channel": "channel",
            "number": "number",
            "from_date": "received_at__date__gte",
            "to_date": "received_at__date__lte",
        }
        criteria = {column: request.query[name] for name, column in columns.items() if name in request.query}
        rows = ReceivedDocument.objects.defer("reading", "verdict").filter(**criteria)
        return lists.page(self, rows, by="received_at", name="received-documents")

    @operation(action="purchases.edit", body=ReceivedFile, answer=ReceivedDocumentRow)
    @created(at="api:received-document")
    @repeatable(OPTIONAL)
    @multipart
    @documented(id="received_document_upload")
    def post(self, request: Call) -> ReceivedDocument:
        """Bring a supplier document.

        It is kept byte for byte and acknowledged (201, `stored`); its reading follows, and tells whether it is a copy.
        """
        file = request.values["file"]
        return store_document(
            company_id=request.caller.company.pk,
            channel=ReceptionChannel.UPLOAD,
            name=str(file.name),
            data=file.read(),
            media_type=str(file.content_type or ""),
            actor=request.caller.actor,
            at=request.at,
        )


class ReceivedView(ApiView):
    area = "purchases"

    def find(self, id: int) -> ReceivedDocument:
        """Raises Http404."""
        document: ReceivedDocument = get_object_or_404(ReceivedDocument.objects, pk=id)
        return document


class ReceivedItem(ReceivedView):
    @operation(answer=ReceivedDocumentShape)
    @documented(id="received_document_retrieve")
    def get(self, request: Call, id: int) -> ReceivedDocument:
        """A supplier document, what was read of it and why it waits."""
        return self.find(id)


class ReceivedContent(ReceivedView):
    @operation()
    @documented(id="received_document_content", media_types=(DOWNLOADED,), errors=(409,))
    def get(self, request: Call, id: int) -> HttpResponseBase:
        """The file byte for byte as it came. Treat it as foreign: nothing says that it does no harm."""
        return file_response(self.find(id), at=request.at)
