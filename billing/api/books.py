"""What the tax office is given, over REST: the FEC of a fiscal year, and the VAT returns with what makes each box."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from billing.ledger.calendar import calendar_of
from billing.ledger.fec import fec_of
from billing.ledger.fec.streaming import streamed
from billing.ledger.vat.filing import filed_declaration
from billing.ledger.years import NoSuchYear, year_ending_in
from billing.models import VatReturn
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.fields import Id, Moment, Money, Page, Query
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day


class FecQuery(Query):
    year = serializers.IntegerField(min_value=1901, max_value=2099, help_text="In which the fiscal year ends.")


class FecFile(ApiView):
    area = "books"

    @operation(query=FecQuery)
    @documented(id="books_fec", media_types=("text/plain",))
    def get(self, request: Call) -> HttpResponseBase:
        """The FEC (LPF A47 A-1) of a fiscal year, through today where it still runs, streamed line by line."""
        company, today = request.caller.company, local_day(request.at)
        try:
            year = year_ending_in(calendar_of(company.pk), request.query["year"], today=today)
        except NoSuchYear as error:
            raise Http404 from error
        return streamed(fec_of(company, year, today=today))


class VatReturnRow(serializers.Serializer):
    id = Id()
    period = serializers.CharField(source="code", help_text="2026-11 for a month, 2026-T4 for a quarter.")
    from_date = serializers.DateField(source="starts_on")
    to_date = serializers.DateField(source="ends_on")
    edition = serializers.CharField(help_text="Of the form 3310-CA3.")
    to_pay = Money()
    carried = Money(help_text="The credit that goes to the next return.")
    refund = Money(help_text="What was asked back of the credit.")
    filed_at = Moment()


class VatDocumentShape(serializers.Serializer):
    day = serializers.DateField()
    piece = serializers.CharField()
    label = serializers.CharField()
    base = Money()
    vat = Money()
    journal_entry_id = Id(source="entry_id", allow_null=True)


class VatBoxShape(serializers.Serializer):
    code = serializers.CharField()
    base = Money(help_text="In whole euros, as declared.")
    tax = Money(help_text="In whole euros, as declared.")
    documents = VatDocumentShape(many=True)


class VatReturnShape(VatReturnRow):
    boxes = VatBoxShape(many=True)


class VatReturnList(ApiView):
    area = "books"

    @operation(query=Page, answer=VatReturnRow, many=True)
    def get(self, request: Call) -> HttpResponseBase:
        """The VAT returns that were filed, the latest first."""
        return lists.page(self, VatReturn.objects.all(), by="ends_on", name="vat-returns")


class VatReturnItem(ApiView):
    area = "books"

    @operation(answer=VatReturnShape)
    def get(self, request: Call, id: int) -> Any:
        """A VAT return as it was filed, each box with the documents that make it."""
        row: VatReturn = get_object_or_404(VatReturn.objects.select_related("company"), pk=id)
        figures = filed_declaration(row).figures.values()
        row.boxes = [  # as they are told, in place of as they are kept
            {"code": one.box.code, "base": one.base, "tax": one.tax, "documents": one.lines}
            for one in figures
            if one.base or one.tax
        ]
        return row
