"""The company a caller works in."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.kernel.api.documented import documented
from config.kernel.api.fields import Id
from config.kernel.api.operation import operation
from config.kernel.api.versions import versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.models import Company


class CompanyShape(serializers.ModelSerializer):
    id = Id(read_only=True)

    class Meta:
        model = Company
        fields = (
            "id",
            "name",
            "legal_form",
            "share_capital",
            "siren",
            "siret",
            "uid",
            "vat_number",
            "rcs_city",
            "address_line",
            "address_extra",
            "postcode",
            "city",
            "country",
            "email",
            "phone",
            "electronic_address",
            "vat_regime",
            "vat_on_debits",
            "size",
        )


class CompanyItem(ApiView):
    area = "company"

    def find(self, **kwargs: Any) -> Company:
        return self.request.caller.company

    @operation(answer=CompanyShape)
    @versioned
    @documented(id="company_retrieve")
    def get(self, request: Call) -> Company:
        """The company this credential works for."""
        return request.caller.company
