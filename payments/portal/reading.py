"""What a customer's page says: the figures of a document, what is due of it now, and where it stands in words.

Never is money asked for that came already: what is due is the balance, less what the customer's own credit would pay of
it, the oldest debt first, as the company would allocate it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import DocumentKind, Invoice, InvoiceDocument, InvoiceStatus
from billing.standing import days_late
from config.kernel import typography
from config.kernel.money import ZERO
from customers.models import Customer
from payments.dunning.practice import practice_of
from payments.models import Payment
from payments.portal.models import CustomerNotice, NoticeKind

FRENCH_SPEAKING = frozenset(
    {"FR", "MC", "BE", "LU", "CH", "GP", "MQ", "RE", "GF", "YT", "PM", "BL", "MF", "WF", "PF", "NC"}
)
FILES = {"pdf": (DocumentKind.FACTURX,), "xml": (DocumentKind.CII, DocumentKind.UBL)}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document stands, as its customer reads it: a word with its colour, and a sentence."""

    label: str
    tone: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An invoice on the customer's page. `due`: what is asked for now, in its currency; `covered` by their credit."""

    invoice: Invoice
    standing: Standing
    due: Decimal
    covered: Decimal
    notice: CustomerNotice | None = None

    @property
    def asks(self) -> bool:
        """Whether the page asks for money: not while the customer says that it is on its way."""
        return bool(self.due) and self.notice is None


def shown_invoice(invoice: Invoice, on: date) -> Shown:
    """One invoice, read now."""
    (shown,) = _shown(invoice.customer, [invoice], on)
    return shown


def shown_statement(customer: Customer, on: date) -> list[Shown]:
    """All on which the customer still owes money, the oldest debt first. A fixed number of queries."""
    rows = Invoice.everywhere.outstanding().filter(customer=customer).oldest_debt_first()
    return _shown(customer, list(rows), on)


def _shown(customer: Customer, invoices: Sequence[Invoice], on: date) -> list[Shown]:
    covered = _covered_by_credit(customer)
    notices = _live_notices(invoices, on)
    found = []
    for invoice in invoices:
        part = covered.get(invoice.pk, ZERO)
        due = invoice.balance - part if invoice.can_be_paid else ZERO
        notice = notices.get(invoice.pk) if due else None
        found.append(Shown(invoice, _standing(invoice, due, notice, on), due, part, notice))
    return found


def _covered_by_credit(customer: Customer) -> dict[int, Decimal]:
    """What the customer's unallocated money would pay of each open invoice, the oldest debt first, by currency."""
    free = Payment.everywhere.filter(customer=customer, reverses=None, reversed_at=None, amount__gt=F("allocated"))
    sums = free.values("currency").annotate(left=Sum(F("amount") - F("allocated")))
    credit = dict(sums.values_list("currency", "left"))
    found: dict[int, Decimal] = {}
    if not credit:
        return found
    for invoice in Invoice.everywhere.outstanding().filter(customer=customer).oldest_debt_first():
        part = min(invoice.balance, credit.get(invoice.currency, ZERO))
        if part > 0:
            found[invoice.pk] = part
            credit[invoice.currency] -= part
    return found


def _live_notices(invoices: Iterable[Invoice], on: date) -> dict[int, CustomerNotice]:
    """The last « J’ai payé » of each invoice that nobody has dealt with and that still holds reminders back."""
    keys = [invoice.pk for invoice in invoices]
    rows = CustomerNotice.everywhere.filter(
        invoice__in=keys, kind=NoticeKind.PAID, handled_at=None, paused_until__gte=on
    )
    return {row.invoice_id: row for row in rows.order_by("at", "id")}


def _standing(invoice: Invoice, due: Decimal, notice: CustomerNotice | None, on: date) -> Standing:
    if invoice.is_credit_note:
        return Standing(_("Avoir"), "neutral", _("Cet avoir est en votre faveur : il n’y a rien à payer."))
    if invoice.replaced_at:
        sentence = _("Une facture rectificative la remplace : ne la payez pas.")
        return Standing(_("Remplacée"), "neutral", sentence)
    if invoice.status == InvoiceStatus.CREDITED:
        return Standing(_("Annulée"), "neutral", _("Un avoir l’annule : il n’y a rien à payer."))
    if not due:
        settled = _("Elle est réglée : il n’y a plus rien à payer.")
        received = _("Votre règlement est reçu : il n’y a plus rien à payer.")
        return Standing(_("Réglée"), "good", received if invoice.balance else settled)
    if invoice.disputed_at:
        since = typography.day(invoice.disputed_at)
        sentence = _("Vous la contestez depuis le %(day)s : nous revenons vers vous.") % {"day": since}
        return Standing(_("Contestée"), "warn", sentence)
    if notice is not None:
        sentence = _("Vous nous avez signalé un paiement le %(day)s : nous l’attendons.")
        return Standing(_("Paiement signalé"), "info", sentence % {"day": typography.day(notice.at)})
    if late := days_late(invoice, on):
        sentence = ngettext("Échue depuis %(days)s jour.", "Échue depuis %(days)s jours.", late)
        return Standing(_("En retard"), "bad", sentence % {"days": late})
    sentence = _("À payer au plus tard le %(day)s.") % {"day": typography.day(invoice.due_date)}
    return Standing(_("À payer"), "info", sentence)


def documents_of(invoice: Invoice) -> dict[str, InvoiceDocument]:
    """Its legal files that the official rules accept, `pdf` and `xml`; none while they are being made."""
    rows = InvoiceDocument.everywhere.filter(invoice=invoice, verdict__valid=True)
    by_format = {row.kind: row for row in rows}
    found = {name: [by_format[kind] for kind in kinds if kind in by_format] for name, kinds in FILES.items()}
    return {name: documents[0] for name, documents in found.items() if documents}


def language_of(customer: Customer, invoice: Invoice | None) -> str:
    """That of the customer's letters where not French, else English for who is billed where French is not spoken."""
    if (chosen := practice_of(customer.company, customer.pk).language) != "fr":
        return chosen
    country = (invoice.buyer if invoice else {}).get("address", {}).get("country", "")
    if not country:
        billed = customer.addresses.filter(kind="BILLING").values_list("country", flat=True).first()
        country = billed or "FR"
    return "fr" if country in FRENCH_SPEAKING else "en"


def totals_due(rows: Iterable[Shown]) -> dict[str, Decimal]:
    """What is asked for now in each currency, zero left out."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.invoice.currency] = sums.get(row.invoice.currency, ZERO) + row.due
    return {currency: total for currency, total in sums.items() if total}
