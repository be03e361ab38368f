"""What billing counts in many companies at once: late invoices, drafts, refused e-mails, purchases, months to close."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from billing.ledger.open_months import open_months
from billing.models import Email, EmailStatus, Invoice, InvoiceStatus
from billing.purchases.models import PurchaseInvoice, PurchaseStatus
from config.kernel.tallies import by_company, tally
from config.kernel.todo import Today


@tally(
    "late-invoices",
    needs="invoices",
    label=_("Factures en retard"),
    sentence=lambda n: ngettext("%(n)s facture en retard", "%(n)s factures en retard", n),
    tone="bad",
    page="billing:invoice-list",
    query="status=overdue",
)
def late_invoices(today: Today, companies: Collection[int]) -> dict[int, int]:
    return by_company(Invoice.objects.overdue(on=today.date), companies)


@tally(
    "drafts",
    needs="invoices.edit",
    label=_("Brouillons à émettre"),
    sentence=lambda n: ngettext("%(n)s brouillon à émettre", "%(n)s brouillons à émettre", n),
    tone="neutral",
    page="billing:invoice-list",
    query="status=draft",
)
def drafts(_today: Today, companies: Collection[int]) -> dict[int, int]:
    return by_company(Invoice.objects.filter(status=InvoiceStatus.DRAFT), companies)


@tally(
    "emails",
    needs="einvoicing.send",
    label=_("E-mails refusés"),
    sentence=lambda n: ngettext("%(n)s e-mail refusé", "%(n)s e-mails refusés", n),
    tone="bad",
    page="billing:email-list",
    query="status=FAILED",
)
def refused_emails(_today: Today, companies: Collection[int]) -> dict[int, int]:
    return by_company(Email.objects.filter(status=EmailStatus.FAILED), companies)


@tally(
    "doubtful",
    needs="purchases.edit",
    label=_("Factures fournisseurs à vérifier"),
    sentence=lambda n: ngettext("%(n)s facture fournisseur à vérifier", "%(n)s factures fournisseurs à vérifier", n),
    tone="bad",
    page="billing:purchase-list",
    query="status=doubtful",
)
def doubtful_purchases(_today: Today, companies: Collection[int]) -> dict[int, int]:
    rows = PurchaseInvoice.objects.filter(status=PurchaseStatus.TO_CHECK)
    return by_company(rows.exclude(doubts=[]), companies)


@tally(
    "purchases",
    needs="purchases.edit",
    label=_("Factures fournisseurs à valider"),
    sentence=lambda n: ngettext("%(n)s facture fournisseur à valider", "%(n)s factures fournisseurs à valider", n),
    tone="warn",
    page="billing:purchase-list",
    query="status=to_check",
)
def purchases_to_check(_today: Today, companies: Collection[int]) -> dict[int, int]:
    rows = PurchaseInvoice.objects.filter(status=PurchaseStatus.TO_CHECK, doubts=[])
    return by_company(rows, companies)


@tally(
    "approvals",
    needs="purchases.approve",
    label=_("Achats à approuver"),
    sentence=lambda n: ngettext("%(n)s achat à approuver", "%(n)s achats à approuver", n),
    tone="warn",
    page="billing:approval-list",
)
def purchases_to_approve(_today: Today, companies: Collection[int]) -> dict[int, int]:
    rows = PurchaseInvoice.objects.filter(status=PurchaseStatus.TO_APPROVE, disputed_at=None)
    return by_company(rows, companies)


@tally(
    "closing",
    needs="books.close",
    label=_("Mois à clôturer"),
    sentence=lambda n: ngettext("%(n)s mois à clôturer", "%(n)s mois à clôturer", n),
    tone="neutral",
    page="billing:closing",
)
def months_to_close(today: Today, companies: Collection[int]) -> dict[int, int]:
    return open_months(companies, before=today.date.replace(day=1))
