"""The opening balance of a bank account: what it held before its first statement, booked once.

D 512 / C 890 « bilan d’ouverture »: the other accounts' openings balance it, and no result is presumed, as 110 would.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from billing import ledger
from billing.ledger import Entry, Posting
from billing.models import Journal, JournalEntry, JournalLine
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.money import ZERO
from payments.models import BankAccount
from payments.services.balances import balance_before, first_balanced
from payments.services.exchange import at_rate, moved

OPENING = "890000"


class NothingBefore(DomainError):
    code = "nothing_before"
    message = "Il n’y a pas de solde antérieur à comptabiliser."


@transaction.atomic
def book_opening(*, account: BankAccount, actor: Actor, at: datetime) -> JournalEntry:
    """Book what is not booked yet of the balance before the first statement. Raises NothingBefore."""
    locked: BankAccount = BankAccount.everywhere.select_for_update(no_key=True).get(pk=account.pk)
    booked = JournalLine.everywhere.filter(entry__source=locked.subject, account=locked.ledger_account)
    held = balance_before(locked)
    rest = held - booked.aggregate(sum=Sum(moved(locked), default=ZERO))["sum"]
    first = first_balanced(locked)
    if first is None or not rest:
        raise NothingBefore
    entry = Entry(
        label=f"Solde d’ouverture {locked.name}",
        piece=first.reference[:40],
        piece_date=first.opened_on,
        source=locked,
        on=first.opened_on,
        postings=at_rate(
            [Posting(locked.ledger_account, rest), Posting(OPENING, -rest)],
            company_id=locked.company_id,
            currency=locked.currency,
            books=locked.company.currency,
            on=first.opened_on,
        ),
    )
    return ledger.post([entry], journal=Journal.MISCELLANEOUS, day=local_day(at), actor=actor, at=at)[0]
