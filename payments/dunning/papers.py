"""What is attached to a letter: the formal notice as a PDF, and the statement of account where it is wanted.

Made as the letter leaves, and kept: what was sent can be shown byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billing.models import Email
from billing.services.emails import attach
from payments.dunning.account_statement import statement_pdf
from payments.dunning.models import Reminder, ReminderLevel
from payments.dunning.notice_pdf import notice_pdf
from payments.dunning.practice import practice_of

NOTICE, STATEMENT = "mise-en-demeure.pdf", "releve-de-compte.pdf"


def attach_papers(email: Email, reminders: Sequence[Reminder], *, at: datetime) -> None:
    """Attach what the letter of these reminders carries, once."""
    invoices = [one.invoice for one in reminders]
    first = invoices[0]
    if max(one.level for one in reminders) == ReminderLevel.FINAL:
        attach(email=email, name=NOTICE, data=notice_pdf(invoices, at=at), at=at)
    if practice_of(first.company, first.customer_id).with_statement:
        data = statement_pdf(first.customer, currency=first.currency, at=at)
        attach(email=email, name=STATEMENT, data=data, at=at)
