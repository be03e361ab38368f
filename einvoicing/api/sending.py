"""Issue and send, and the verdict on what would be sent."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.api.invoices.bodies import partner_fields
from billing.api.invoices.reading import InvoiceView
from billing.api.invoices.shapes import InvoiceShape
from billing.models import Invoice
from billing.services.snapshots import NoBillingAddress
from config.kernel.api.documented import documented
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.view import Call
from config.kernel.errors import DomainError
from config.kernel.middleware import say, translated
from einvoicing.problems.fields import CUSTOMER, ITEMS, field_of
from einvoicing.services.documents import DocumentInvalid
from einvoicing.services.readiness import judge
from einvoicing.services.sending import send_invoice
from einvoicing.validation.report import FATAL, WARNING, Report, Violation


class ViolationShape(serializers.Serializer):
    rule = serializers.CharField(help_text="BR-FR-05, BR-CO-10, XSD…")
    severity = serializers.ChoiceField([FATAL, WARNING])
    text = serializers.CharField(help_text="What is wrong, in one sentence.")
    field = serializers.CharField(help_text="What to mend: a field of the invoice, `items`, `customer` or `company`.")
    term = serializers.CharField(help_text="The business term of EN 16931.")
    location = serializers.CharField(help_text="Where in the document.")


class VerdictShape(serializers.Serializer):
    valid = serializers.BooleanField(help_text="False also when the rules could not be run.")
    checks = serializers.ListField(child=serializers.CharField(), help_text="The sets of rules that ran.")
    violations = ViolationShape(many=True)


class InvalidHere(DocumentInvalid):
    """The same refusal, with every rule that says no."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        violations = [violation_values(violation) for violation in report.violations]
        self.more = {"violations": violations}
        self.fields = {row["field"]: row["text"] for row in violations if row["field"] and row["severity"] == FATAL}


def send(invoice: Invoice, request: Call) -> None:
    """Issue a draft and queue the message to its customer; what is refused, at the fields the partner sent."""
    try:
        with partner_fields(invoice):
            send_invoice(invoice=invoice, actor=request.caller.actor, at=request.at)
    except DocumentInvalid as error:
        raise InvalidHere(error.report) from error


class InvoiceSend(InvoiceView):
    @operation(action="invoices.issue", answer=InvoiceShape)
    @repeatable(REQUIRED)
    @documented(id="invoice_send")
    def post(self, request: Call, id: int) -> Invoice:
        """Issue a draft and send it; send an issued invoice again.

        Issuing gives the legal number and date, freezes the document, and queues it to the company's platform where
        transmission is switched on. The message with the Factur-X file is queued to the customer's addresses.
        Refused with `no_recipient` when there are none, and with `document_invalid` and its `violations` when the
        official rules would reject the document: nothing is issued then.
        """
        send(self.find(id), request)
        return self.find(id)


class InvoicePreflight(InvoiceView):
    @operation(answer=VerdictShape)
    @documented(id="invoice_preflight")
    def get(self, request: Call, id: int) -> dict[str, Any]:
        """Judge the invoice by the official rules, as it would be issued now. Nothing is stored, no number taken."""
        return verdict(judge(invoice=self.find(id), at=request.at))


def verdict(report: Report | DomainError) -> dict[str, Any]:
    """What issuing would refuse for lack of data is a broken rule too."""
    if isinstance(report, DomainError):
        refused = {"rule": report.code, "severity": FATAL, "text": say(report), "term": "", "location": ""}
        return {"valid": False, "checks": [], "violations": [{**refused, "field": _refused_field(report)}]}
    return {
        "valid": report.valid,
        "checks": report.checks,
        "violations": [violation_values(violation) for violation in report.violations],
    }


def violation_values(violation: Violation) -> dict[str, Any]:
    return {
        "rule": violation.rule,
        "severity": violation.severity,
        "text": translated(violation.text),
        "field": field_of(violation.rule, violation.term, violation.location),
        "term": violation.term,
        "location": violation.location,
    }


def _refused_field(error: DomainError) -> str:
    """Where what issuing refuses is mended: the field it names, else the record that lacks something."""
    return next(iter(error.fields), CUSTOMER if isinstance(error, NoBillingAddress) else ITEMS)
