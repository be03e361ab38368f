"""A customer who does not pay: friendly, firm, then the formal notice that waits for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from billing.models import Invoice
from billing.services.invoices import save_draft
from billing.working_days import is_working_day
from config.kernel.clock import PARIS, local_day
from config.kernel.models import Company
from config.rehearsal.journey.receipts import import_entries
from config.rehearsal.journey.scene import a_customer, a_line, a_siren, a_siret
from config.rehearsal.journey.steps import ACTOR, Journey, PromiseBroken, promise
from customers.models import CustomerKind
from einvoicing.services.sending import issue_checked
from payments.dunning.delivery import deliver_reminders
from payments.dunning.sending import send_reminders
from payments.models import Reminder, ReminderStatus


def remind_late_payer(journey: Journey, company: Company) -> None:
    """An invoice of two months ago, never paid: friendly, then firm, then a formal notice for a person to send."""
    # in Paris: seventy-five days of UTC may be a day less of the calendar, across the change of the clocks
    issued = timezone.now().astimezone(PARIS) - timedelta(days=75)
    customer = a_customer(
        company,
        issued,
        kind=CustomerKind.ORGANISATION,
        name="Retardataire SA",
        siret=a_siret(a_siren()),
        email="compta@retardataire.example",
    )
    draft = save_draft(
        invoice=None,
        customer=customer,
        values={"due_date": local_day(issued) + timedelta(days=15)},
        lines=[a_line("Entretien annuel", "450.00", service=True)],
        actor=ACTOR,
        at=issued,
    )
    invoice = issue_checked(invoice=draft, actor=ACTOR, at=issued)
    due = invoice.due_date or local_day(issued)
    reminders = []
    for level, days in ((1, company.friendly_after_days), (2, company.firm_after_days), (3, company.final_after_days)):
        reminders.append(
            wait_for_reminder(company, invoice, level, issued + (due - local_day(issued)) + timedelta(days=days))
        )
    promise([sent.level for sent in reminders] == [1, 2, 3], "three reminders, one of each level")
    promise(reminders[2].status == ReminderStatus.DRAFTED, "the formal notice waits for a person")
    promise(all(sent.status == ReminderStatus.SENT for sent in reminders[:2]), "the first two reminders have left")
    journey.step(
        "reminders",
        invoice=invoice.number,
        due_date=str(due),
        reminders=[
            {"level": reminder.level, "status": reminder.status, "on": str(local_day(reminder.created_at))}
            for reminder in reminders
        ],
    )


def wait_for_reminder(company: Company, invoice: Invoice, level: int, at: datetime) -> Reminder:
    while not is_working_day(local_day(at)):
        at += timedelta(days=1)
    import_entries(company, [], at, f"VIDE-{level}-{at:%Y%m%d}")
    # a worker that runs beside us may guard the message with today's facts and withdraw it: then it is asked again
    for _turn in range(3):
        send_reminders(company=company, actor=ACTOR, at=at)
        deliver_reminders(at=at)
        found = Reminder.objects.filter(invoice=invoice, level=level).exclude(status=ReminderStatus.CANCELLED)
        reminder = found.select_related("email").first()
        if reminder is not None and reminder.status != ReminderStatus.QUEUED:
            return reminder
    raise PromiseBroken(f"reminder {level} did not leave on {local_day(at)}")


# -- the sale ------------------------------------------------------------------------------------------------------
