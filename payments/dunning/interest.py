"""What a late invoice owes by law, read from the books: what was open each day, and the rates of the half-years."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db.models import Sum

from billing.models import Invoice, InvoiceKind
from config.kernel.clock import local_day
from payments.dunning.late_interest import LateCharges, charges_at_one_rate, late_charges
from payments.dunning.law import law_of
from payments.dunning.rates import rates_of
from payments.models.payments import Allocation
from payments.models.write_offs import WriteOff


def charges_of(invoice: Invoice, *, at: datetime) -> LateCharges:
    """Late interest and indemnity of an invoice as of `at`, by the law of the creditor.

    Interest runs each day on what is outstanding: what is payable after deposits, less the money from the day it was
    paid, whenever it was recorded, and credit notes and write-offs from their day (art. L441-10 C. com.). A public
    body owes another rate (ECB + 8 points, art. R2192-31 CCP), which is not computed here.
    """
    held = Allocation.everywhere.filter(invoice=invoice).values("payment__paid_on").annotate(sum=Sum("amount"))
    paid = [(row["payment__paid_on"], row["sum"]) for row in held if row["sum"]]
    notes = Invoice.everywhere.issued().filter(corrects=invoice, kind=InvoiceKind.CREDIT_NOTE)
    paid += [(note.issue_date, note.payable) for note in notes]
    # what is written off is owed no more, from the day of the decision: nothing accrues on it
    written_off = WriteOff.everywhere.filter(invoice=invoice).values_list("at", "amount")
    paid += [(local_day(day), amount) for day, amount in written_off]
    due_on, today, law = invoice.due_date or local_day(at), local_day(at), law_of(invoice.company)
    if law.rate is not None:
        return charges_at_one_rate(total=invoice.payable, due_on=due_on, today=today, payments=paid, rate=law.rate)
    charges = late_charges(
        total=invoice.payable,
        due_on=due_on,
        today=today,
        is_individual=invoice.customer.is_individual,
        payments=paid,
        rates=rates_of(invoice.company_id),
    )
    return replace(charges, interest=None, periods=()) if invoice.customer.is_public_body else charges
