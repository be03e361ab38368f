"""The three letters: friendly, firm, final (mise en demeure). French, polite, and exact about what the law allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db.models import Sum
from django.template.loader import render_to_string
from django.utils.translation import override

from billing.late_interest import LateCharges, late_charges
from billing.models import Invoice, InvoiceKind, ReminderLevel
from billing.services.emails import one_line
from billing.services.rates import rates_of
from config.kernel.clock import local_day
from config.kernel.identifiers import creditor_reference
from payments.models import Allocation

TEMPLATES = {
    ReminderLevel.FRIENDLY: ("reminder_friendly", "Facture {number} : échéance dépassée"),
    ReminderLevel.FIRM: ("reminder_firm", "Deuxième relance – facture {number}"),
    ReminderLevel.FINAL: ("reminder_final", "Mise en demeure de payer – facture {number}"),
}


def charges_of(invoice: Invoice, *, at: datetime) -> LateCharges:
    """Late interest and indemnity of an invoice as of `at`; nothing for an individual.

    Interest runs each day on what is outstanding: what was asked for after deposits, less the money from the day it was
    paid, whenever it was recorded, and credit notes from their day (art. L441-10 C. com.). A public body owes
    another rate (ECB + 8 points, art. R2192-31 CCP), which is not computed here.
    """
    held = Allocation.everywhere.filter(invoice=invoice).values("payment__paid_on").annotate(sum=Sum("amount"))
    paid = [(row["payment__paid_on"], row["sum"]) for row in held if row["sum"]]
    notes = Invoice.everywhere.issued().filter(corrects=invoice, kind=InvoiceKind.CREDIT_NOTE)
    paid += [(note.issue_date, note.payable) for note in notes]
    charges = late_charges(
        total=invoice.payable,
        due_on=invoice.due_date or local_day(at),
        today=local_day(at),
        is_individual=invoice.customer.is_individual,
        payments=paid,
        rates=rates_of(invoice.company_id),
    )
    return replace(charges, interest=None, periods=()) if invoice.customer.is_public_body else charges


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


def own_letter(
    invoice: Invoice, level: ReminderLevel, *, subject_line: str, message: str, at: datetime
) -> tuple[str, str]:
    """The same in the words of whoever asks, where they give some; what is due and how to pay it follow them."""
    subject, body = reminder_letter(invoice, level, at=at)
    if message.strip():
        with override("fr"):
            context = {
                "invoice": invoice,
                "message": message.strip(),
                "reference": creditor_reference.format(invoice.payment_reference),
            }
            body = render_to_string("billing/emails/reminder_own.txt", context).strip() + "\n"
    return one_line(subject_line)[:200] or subject, body
