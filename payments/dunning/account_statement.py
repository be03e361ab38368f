"""The statement of a customer’s account (relevé de compte): what is open, came in, is credited, and the balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import F, Sum
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing.models import Invoice, InvoiceKind
from billing.services import snapshots
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.money import ZERO
from customers.models import Customer
from payments.dunning.notice_pdf import paper, pdf
from payments.dunning.practice import practice_of
from payments.models.payments import Payment

MONTHS_BACK = 365  # days of payments and credit notes that are told
MOST_ROWS = 500  # of each kind: a longer account is a report, not a letter


class NothingToState(DomainError):
    code = "nothing_to_state"
    message = "Ce client n’a ni facture ni encaissement dans cette devise : son relevé serait vide."


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    invoice: Invoice
    days_late: int  # 0 while it is not due


@dataclass(frozen=True, slots=True)
class Account:
    """One customer in one currency on one day. `balance` is what is open less what is at the customer's credit."""

    on: date
    currency: str
    open: Sequence[OpenInvoice]
    payments: Sequence[Payment]
    credit_notes: Sequence[Invoice]
    owed: Decimal
    late: Decimal
    credit: Decimal

    @property
    def balance(self) -> Decimal:
        return self.owed - self.credit


def account_of(customer: Customer, *, currency: str, at: datetime) -> Account:
    """The account as the books say now, in a fixed number of queries."""
    today = local_day(at)
    since = today - timedelta(days=MONTHS_BACK)
    mine = Invoice.everywhere.filter(customer=customer, currency=currency)
    rows = list(mine.outstanding().order_by("due_date", "id")[:MOST_ROWS])
    owing = [OpenInvoice(one, max((today - one.due_date).days, 0) if one.due_date else 0) for one in rows]
    live = Payment.everywhere.filter(customer=customer, currency=currency, reverses=None, reversed_at=None)
    notes = mine.issued().filter(kind=InvoiceKind.CREDIT_NOTE, issue_date__gte=since)
    return Account(
        on=today,
        currency=currency,
        open=owing,
        payments=list(live.filter(paid_on__gte=since).order_by("-paid_on", "-id")[:MOST_ROWS]),
        credit_notes=list(notes.select_related("corrects").order_by("-issue_date", "-id")[:MOST_ROWS]),
        owed=sum((one.invoice.balance for one in owing), ZERO),
        late=sum((one.invoice.balance for one in owing if one.days_late), ZERO),
        credit=live.aggregate(rest=Sum(F("amount") - F("allocated"), default=ZERO))["rest"],
    )


def statement_pdf(customer: Customer, *, currency: str, at: datetime) -> bytes:
    """The statement as a PDF in the customer's language. Raises NothingToState."""
    account = account_of(customer, currency=currency, at=at)
    last = (
        Invoice.everywhere.filter(customer=customer, currency=currency).issued().order_by("-issued_at", "-id").first()
    )
    if last is None:
        raise NothingToState
    with override(practice_of(customer.company, customer.pk).language):
        page = paper(last, at) | {"account": account, "title": _("Relevé de compte")}
        # the customer as it is now: a statement is no frozen document
        page |= {"buyer": snapshots.buyer(customer, None)}
        return pdf("payments/pdf/statement.html", page, f"statement:{customer.pk}:{currency}:{at.isoformat()}")
