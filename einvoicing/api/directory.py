"""The directory of e-invoicing: who receives invoices, and where."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel.api.documented import documented
from config.kernel.api.fields import Moment, Query
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import siren as siren_number
from config.kernel.identifiers import siret as siret_number
from einvoicing.platforms.afnor.directory import DirectoryLine
from einvoicing.services.directory import NO_PLATFORM, Reach, look_up, reach_of

REACHES = tuple(str(word).lower() for word in Reach)


class NoDirectory(DomainError):
    code = "no_directory"
    message = NO_PLATFORM
    status = 404


class DirectoryQuery(Query):
    siret = serializers.CharField(required=False, max_length=20, help_text="One establishment alone.")
    service_code = serializers.CharField(required=False, max_length=100, default="", help_text="Of a public body.")


class LineShape(serializers.Serializer):
    """One electronic address."""

    address = serializers.CharField(source="addressing_identifier", help_text="BT-49, scheme 0225.")
    siret = serializers.CharField()
    suffix = serializers.CharField()
    service_code = serializers.CharField(source="routing_code")
    platform_type = serializers.CharField(help_text="WK: an accredited platform; DFH: the State's portal.")
    status = serializers.CharField(help_text="The directory's own word.")
    reach = serializers.SerializerMethodField(help_text="Whether an invoice sent there would arrive.")

    @extend_schema_field(serializers.ChoiceField(REACHES))
    def get_reach(self, line: DirectoryLine) -> str:
        return reach_of(line).lower()


class UnitShape(serializers.Serializer):
    siren = serializers.CharField()
    siret = serializers.CharField()
    name = serializers.CharField()
    is_public = serializers.BooleanField()
    is_closed = serializers.BooleanField()
    street = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    needs_service_code = serializers.BooleanField()
    needs_commitment = serializers.BooleanField()
    needs_either = serializers.BooleanField(help_text="A service code or a commitment number.")


class DirectoryShape(serializers.Serializer):
    """`known` is null when the directory could not be asked: that says nothing about anybody."""

    siren = serializers.CharField()
    known = serializers.BooleanField(allow_null=True)
    asked_at = Moment(help_text="Answers are kept 24 hours.")
    problem = serializers.CharField(help_text="Why it could not be asked; '' when it was.")
    unit = UnitShape(allow_null=True)
    addresses = LineShape(many=True)


class DirectoryItem(ApiView):
    area = "einvoicing"

    def find(self, siren: str) -> None:
        """Nothing of ours is named."""

    @operation(query=DirectoryQuery, answer=DirectoryShape)
    @documented(id="directory_retrieve")
    def get(self, request: Call, siren: str) -> dict[str, Any]:
        """Look a company up in the directory, by SIREN. Refused (404 `no_directory`) without a platform opening it."""
        try:
            siren = siren_number.validate(siren)
        except Invalid as error:
            raise Invalid(fields={"siren": error.sentence}) from error
        try:
            siret = siret_number.validate(request.query["siret"], siren=siren) if "siret" in request.query else ""
        except Invalid as error:
            raise Invalid(fields={"siret": error.sentence}) from error
        service_code = request.query["service_code"]
        found = look_up(
            company=request.caller.company, siren=siren, siret=siret, service_code=service_code, at=request.at
        )
        if found.problem == NO_PLATFORM:
            raise NoDirectory
        return {
            "siren": siren,
            "known": None if found.problem else not found.is_absent,
            "asked_at": found.asked_at,
            "problem": _(found.problem) if found.problem else "",
            "unit": found.unit,
            "addresses": list(found.lines),
        }
