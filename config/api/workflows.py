"""The finance orchestrator's workflows: what takes a person several acts, in one call that happens whole or not."""

from __future__ import annotations

from typing import Any

from billing.api.invoices.bodies import InvoiceBody, columns, lines, partner_fields
from billing.api.invoices.reading import InvoiceView
from billing.models import Email, Invoice
from billing.services.invoices import save_draft
from config.api.finance_shapes import WorkflowShape
from config.kernel import audit
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.operation import operation
from config.kernel.api.refusals import NotAllowedHere
from config.kernel.api.repeatable import OPTIONAL, REQUIRED, repeatable
from config.kernel.api.statuses import created, located
from config.kernel.api.view import Call
from config.kernel.jobs import Part, begin_job
from einvoicing.api.sending import send
from einvoicing.models import Transmission
from einvoicing.services.sending import recipients
from payments.api.answers import answer_for
from payments.api.bodies import MarkPaidBody, values_of_mark_paid
from payments.api.fields import named_as
from payments.api.shapes import PaymentAnswer
from payments.dunning.api import ReminderAnswer, ReminderBody, remind
from payments.services.receiving import pay_invoice

NEW = {
    "customer_id": 123,
    "items": [{"description": "Développement", "quantity": 1, "unit_price": 5000, "vat_rate": 20}],
}


class CreateAndSend(InvoiceView):
    area = "finance"

    @operation(action="invoices.issue", body=InvoiceBody, answer=WorkflowShape)
    @created()
    @repeatable(REQUIRED)
    @documented(id="finance_create_and_send", examples=[sent(NEW)])
    def post(self, request: Call) -> dict[str, Any]:
        """Write an invoice, issue it and send it, in one call.

        All or nothing: what issuing or sending refuses leaves no draft and takes no number. The message to the
        customer and the transmission to the platform are queued; reminders follow by the company's delays.
        """
        if not request.caller.may("invoices.edit"):
            raise NotAllowedHere
        values = request.values
        with partner_fields():
            draft = save_draft(
                invoice=None,
                customer=values["customer_id"],
                values=columns(values),
                lines=lines(values),
                actor=request.caller.actor,
                at=request.at,
            )
        send(self.written(request, draft.pk), request)
        invoice = self.find(draft.pk)
        audit.record("billing.invoice.created_and_sent", subject=invoice, actor=request.caller.actor, at=request.at)
        row = Transmission.objects.filter(invoice=invoice).order_by("created_at").first()
        job = begin_job(
            "create_and_send",
            queue="invoice_processing",
            company=request.caller.company,
            actor=request.caller.actor,
            at=request.at,
            parts=_parts(invoice),
        )
        return {
            "job_id": job.pk,
            "invoice": invoice,
            "emailed_to": recipients(invoice.customer),
            "transmission_id": row.pk if row else None,
        }


def _parts(invoice: Invoice) -> list[Part]:
    """What must have ended before the job has: each transmission, copies included, and each message."""
    kinds = {"transmission": Transmission, "email": Email}
    return [
        (kind, pk)
        for kind, model in kinds.items()
        for pk in model.objects.filter(invoice=invoice).order_by("pk").values_list("pk", flat=True)
    ]


class MarkPaid(InvoiceView):
    area = "finance"

    @operation(action="payments.record", body=MarkPaidBody, answer=PaymentAnswer)
    @located(at="api:payment", of="payment")
    @repeatable(REQUIRED)
    @documented(id="finance_mark_paid")
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Record the payment of an invoice, as POST /api/invoices/{id}/mark-paid does."""
        invoice = self.find(id)
        with named_as():
            payment = pay_invoice(invoice=invoice, **values_of_mark_paid(request))
        return answer_for(payment, invoice)


class Remind(InvoiceView):
    area = "finance"

    def find(self, invoice_id: int) -> Invoice:
        return super().find(invoice_id)

    @operation(action="reminders.send", body=ReminderBody, answer=ReminderAnswer)
    @repeatable(OPTIONAL)
    @documented(id="finance_remind")
    def post(self, request: Call, invoice_id: int) -> dict[str, Any]:
        """Remind a customer of an invoice, as POST /api/invoices/{id}/reminder does: same guards, same levels."""
        return remind(request, self.find(invoice_id))
