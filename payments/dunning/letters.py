"""The three letters: friendly, firm, final (mise en demeure). French, polite, and exact about what the law allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Sum
from django.template.loader import render_to_string
from django.utils.translation import override

from billing.models import Invoice, InvoiceKind
from billing.services.emails import one_line
from config.kernel.clock import local_day
from config.kernel.identifiers import creditor_reference
from payments.dunning.late_interest import LateCharges, late_charges
from payments.dunning.models import ReminderLevel
from payments.dunning.rates import rates_of
from payments.models import Allocation

TEMPLATES = {
    ReminderLevel.FRIENDLY: ("reminder_friendly", "Facture {number} : échéance dépassée"),
    ReminderLevel.FIRM: ("reminder_firm", "Deuxième relance – facture {number}"),
    ReminderLevel.FINAL: ("reminder_final", "Mise en demeure de payer – facture {number}"),
}


def charges_of(invoice: Invoice, *, at: datetime) -> LateCharges:
    """Late interest and indemnity of an invoice as of `at`; nothing for an individual.

    Interest runs each day on what is outstanding: what is payable after deposits, less the money from the day it was
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


@dataclass(frozen=True, slots=True)
class LetterText:
    """A subject and a message in the place of the letter's own; '' keeps the letter's own."""

    subject_line: str = ""
    message: str = ""


STANDARD = LetterText()


def reminder_letter(
    invoice: Invoice, level: ReminderLevel, *, at: datetime, text: LetterText = STANDARD
) -> tuple[str, str]:
    """Subject and body of one reminder, with the exact balance of the moment; how to pay it always follows."""
    template, subject = TEMPLATES[level]
    today, message = local_day(at), text.message.strip()
    with override("fr"):
        body = render_to_string(
            f"payments/emails/{'reminder_own' if message else template}.txt",
            {
                "invoice": invoice,
                "message": message,
                "today": today,
                "days_late": (today - invoice.due_date).days if invoice.due_date else 0,
                "charges": None if invoice.customer.is_individual else charges_of(invoice, at=at),
                "reference": creditor_reference.format(invoice.payment_reference),
            },
        )
    subject_line = one_line(text.subject_line)[:200] or subject.format(number=invoice.number)
    return subject_line, body.strip() + "\n"
