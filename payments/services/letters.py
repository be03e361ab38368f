"""The three letters: friendly, firm, final (mise en demeure). French, polite, and exact about what the law allows."""

from __future__ import annotations

from datetime import datetime

from django.template.loader import render_to_string
from django.utils.translation import override

from billing.late_interest import LateCharges, late_charges
from billing.models import Invoice, ReminderLevel
from config.kernel.clock import local_day
from config.kernel.identifiers import creditor_reference
from payments.models import Allocation

TEMPLATES = {
    ReminderLevel.FRIENDLY: ("reminder_friendly", "Facture {number} : échéance dépassée"),
    ReminderLevel.FIRM: ("reminder_firm", "Deuxième relance – facture {number}"),
    ReminderLevel.FINAL: ("reminder_final", "Mise en demeure de payer – facture {number}"),
}


def charges_of(invoice: Invoice, *, at: datetime) -> LateCharges:
    """Late interest and indemnity of an invoice as of `at` (art. L441-10 C. com.); nothing for an individual."""
    paid = [
        (local_day(allocation.at), allocation.amount) for allocation in Allocation.everywhere.filter(invoice=invoice)
    ]
    if invoice.amount_credited and invoice.issue_date:
        paid.append((invoice.issue_date, invoice.amount_credited))
    return late_charges(
        total=invoice.total_gross,
        due_on=invoice.due_date or local_day(at),
        today=local_day(at),
        is_individual=invoice.customer.is_individual,
        payments=paid,
    )


def reminder_letter(invoice: Invoice, level: ReminderLevel, *, at: datetime) -> tuple[str, str]:
    """Subject and text of one reminder, with the exact balance of the moment."""
    template, subject = TEMPLATES[level]
    today = local_day(at)
    with override("fr"):
        body = render_to_string(
            f"billing/emails/{template}.txt",
            {
                "invoice": invoice,
                "today": today,
                "days_late": (today - invoice.due_date).days if invoice.due_date else 0,
                "charges": None if invoice.customer.is_individual else charges_of(invoice, at=at),
                "reference": creditor_reference.format(invoice.payment_reference),
            },
        )
    return subject.format(number=invoice.number), body.strip() + "\n"
