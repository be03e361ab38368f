"""The notice of a debit as it leaves: it names what will be debited and when, and nothing is debited without it.

Hours may lie between announcing and leaving, days where the clock or the mail server was away: part of the invoice was
paid meanwhile, and the days that the debtor was promised run from now.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.models import Email
from billing.services.settling import lock_invoice
from config.kernel import audit
from config.kernel.actor import Actor
from payments.debits.announcing import cancel_debit, collection_day, notice_letter
from payments.debits.orders import why_not_debited
from payments.models import DebitStatus, DirectDebit

COURIER = Actor.system("courrier")
NOT_DEBITED = "Ce prélèvement est annulé."


@transaction.atomic
def review_notice(*, email: Email, at: datetime) -> str:
    """Why the notice may not leave, '' where it may: then it says what will be debited now, and when.

    A debit whose notice cannot leave is cancelled with it: its invoice may be announced again. Other mails: ''.
    """
    found = DirectDebit.everywhere.filter(notice=email).select_related("invoice").first()
    if found is None:
        return ""
    lock_invoice(found.invoice)
    debit = DirectDebit.everywhere.select_related("invoice__customer", "mandate__customer").get(pk=found.pk)
    if debit.status == DebitStatus.CANCELLED:
        return NOT_DEBITED
    if debit.status != DebitStatus.ANNOUNCED:
        return ""  # a person sends again what the debtor was told
    if problem := why_not_debited(debit, at):
        cancel_debit(debit=debit, reason=problem, actor=COURIER, at=at)
        return problem
    _tell_as_it_is(debit, email, at)
    return ""


def _tell_as_it_is(debit: DirectDebit, email: Email, at: datetime) -> None:
    amount = debit.invoice.balance
    day = max(debit.collected_on, collection_day(debit.invoice, debit.mandate, at))
    if (amount, day) == (debit.amount, debit.collected_on):
        return
    debit.amount, debit.collected_on = amount, day
    debit.save(update_fields=["amount", "collected_on"])
    email.subject_line, email.body = notice_letter(debit)
    Email.everywhere.filter(pk=email.pk).update(subject_line=email.subject_line, body=email.body)
    audit.record(
        "payments.debit.announced", subject=debit, also=[debit.invoice, debit.mandate.customer, debit.mandate],
        actor=COURIER, at=at, data={"invoice": debit.invoice.number, "amount": amount, "day": day},
    )  # fmt: skip
