"""Journal entries over REST: all that was booked, and entries by hand."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from billing.ledger.manual import MOST_LINES, ManualLine, journal_entry_of, write_entry
from billing.models import Journal, JournalEntry, JournalLine
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Day, Id, Moment, Money, Page, Reference
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from config.kernel.money import ZERO
from customers.models import Customer

EXAMPLE = {
    "day": "2026-11-21", "journal": "OD", "label": "Salaires de novembre", "piece": "PAIE-11",
    "lines": [{"account": "641000", "debit": 1500.00}, {"account": "421000", "credit": 1500.00}],
}  # fmt: skip


class JournalLineShape(serializers.Serializer):
    account = serializers.CharField()
    customer_id = Id(allow_null=True, help_text="The third party, customer or supplier.")
    label = serializers.CharField()
    debit = Money()
    credit = Money()
    due_date = serializers.DateField(allow_null=True)


class JournalEntryRow(serializers.Serializer):
    id = Id()
    journal = serializers.CharField()
    number = serializers.CharField(help_text="EcritureNum of the FEC.")
    day = serializers.DateField(help_text="On which it is booked.")
    label = serializers.CharField()
    piece = serializers.CharField()
    piece_date = serializers.DateField(help_text="The day of the fact.")
    source = serializers.CharField(help_text="What it was written for.")
    created_at = Moment()


class JournalEntryShape(JournalEntryRow):
    lines = JournalLineShape(many=True)


class JournalEntryQuery(Page):
    journal = serializers.RegexField(r"^[A-Z0-9]{1,5}$", required=False, max_length=5)
    account = serializers.RegexField(r"^[0-9]{1,10}$", required=False, max_length=10, help_text="Its first digits.")
    customer_id = Id(required=False)
    from_date = Day(required=False, help_text="By day.")
    to_date = Day(required=False)


class JournalLineBody(Body):
    account = serializers.RegexField(r"^[1-8][0-9]{2,9}$", max_length=10)
    customer_id = Reference(Customer, required=False, allow_null=True)
    debit = Money(required=False, min_value=ZERO, help_text="One of debit and credit.")
    credit = Money(required=False, min_value=ZERO)
    label = serializers.CharField(max_length=200, required=False, allow_blank=True)
    due_date = Day(required=False, allow_null=True)


class JournalEntryBody(Body):
    """An entry by hand. It is numbered and never changes; it is reversed by a person."""

    day = Day()
    journal = serializers.RegexField(r"^[A-Z][A-Z0-9]{1,4}$", max_length=5, default=Journal.MISCELLANEOUS.value)
    label = serializers.CharField(max_length=200)
    piece = serializers.CharField(max_length=40, required=False, allow_blank=True)
    lines = JournalLineBody(many=True, min_length=2, max_length=MOST_LINES)


class JournalEntryList(ApiView):
    area = "books"

    @operation(query=JournalEntryQuery, answer=JournalEntryRow, many=True)
    @documented(id="journal_entry_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The entries, the latest day first."""
        query = request.query
        wanted = {
            "journal": query.get("journal"),
            "day__gte": query.get("from_date"),
            "day__lte": query.get("to_date"),
        }
        rows = JournalEntry.objects.filter(**{column: value for column, value in wanted.items() if value})
        lines = {"account__startswith": query.get("account"), "customer_id": query.get("customer_id")}
        lines = {column: value for column, value in lines.items() if value}
        if lines:
            rows = rows.filter(Exists(JournalLine.objects.filter(entry=OuterRef("pk"), **lines)))
        return lists.page(self, rows, by="day", name="journal-entries")

    @operation(action="books.write", body=JournalEntryBody, answer=JournalEntryShape)
    @created(at="api:journal-entry")
    @repeatable(OPTIONAL)
    @documented(id="journal_entry_create", examples=[sent(EXAMPLE)])
    def post(self, request: Call) -> JournalEntry:
        """Write an entry by hand on an open day. Debits equal credits; 411, 401 and 404 name their third party."""
        values = request.values
        manual = write_entry(
            company=request.caller.company,
            journal=values["journal"],
            day=values["day"],
            label=values["label"],
            piece=values.get("piece", ""),
            lines=[_line(line) for line in values["lines"]],
            actor=request.caller.actor,
            at=request.at,
        )
        return _whole(journal_entry_of(manual).pk)


class JournalEntryItem(ApiView):
    area = "books"

    @operation(answer=JournalEntryShape)
    @documented(id="journal_entry_retrieve")
    def get(self, request: Call, **path: Any) -> JournalEntry:
        """An entry with its lines."""
        return _whole(path["id"])


def _line(sent_line: dict[str, Any]) -> ManualLine:
    amount = (sent_line.get("debit") or ZERO) - (sent_line.get("credit") or ZERO)
    label, due = sent_line.get("label", ""), sent_line.get("due_date")
    return ManualLine(sent_line["account"], amount, sent_line.get("customer_id"), label, due)


def _whole(pk: int) -> JournalEntry:
    """The entry with its lines. Raises Http404."""
    lines: QuerySet[JournalLine] = JournalLine.objects.order_by("position")
    found: JournalEntry = get_object_or_404(JournalEntry.objects.prefetch_related(Prefetch("lines", lines)), pk=pk)
    return found
