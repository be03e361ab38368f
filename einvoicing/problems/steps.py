"""The way back of a refused invoice: by a corrected invoice where there is one, else by a credit note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import Invoice, InvoiceKind, InvoiceStatus
from einvoicing.models import Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.registry import PLATFORMS


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way back. `needs`: the action a role must include."""

    sentence: str
    done: bool = False
    url: str = ""
    label: str = ""
    needs: str = ""
    instead: bool = False  # another way, not the next step


def way_back(transmission: Transmission) -> Iterator[Step]:
    """Rejected → corrected → sent again: by a corrected invoice where there is one, else by a credit note."""
    invoice = transmission.invoice
    successors = Invoice.everywhere.filter(Q(corrects=invoice, kind=InvoiceKind.CORRECTED) | Q(replaces=invoice))
    successor = successors.order_by("-created_at", "-id").first()
    if not invoice.is_credit_note and (successor is None or successor.replaces_id):
        yield _credit(invoice)
    yield _new_one(invoice, successor)
    if successor is not None:
        yield _sent_again(successor)
    elif transmission.status != TransmissionStatus.REJECTED and invoice.can_be_corrected:
        # the buyer has the invoice: it may be replaced (384) in one go
        yield Step(
            _("Ou rectifier : une facture rectificative remplace celle-ci et repart seule"),
            url=reverse("billing:invoice-correct", args=[invoice.pk]),
            label=_("Rectifier"),
            needs="invoices.credit",
            instead=True,
        )
    elif _may_go_as_it_is(transmission):
        yield Step(
            _("Ou, si la facture est juste et que l’obstacle est levé : la transmettre de nouveau telle quelle"),
            url=reverse("einvoicing:invoice-transmit", args=[invoice.pk]),
            label=_("Transmettre de nouveau"),
            needs="einvoicing.send",
            instead=True,
        )


def _credit(invoice: Invoice) -> Step:
    note = Invoice.everywhere.filter(corrects=invoice, kind=InvoiceKind.CREDIT_NOTE).exclude(number=None).first()
    if note is not None:
        return Step(_("Annuler la facture par un avoir"), True, note.get_absolute_url(), str(note.number))
    url = reverse("einvoicing:invoice-credit", args=[invoice.pk]) if invoice.can_be_credited else ""
    return Step(_("Annuler la facture par un avoir"), url=url, label=_("Établir un avoir"), needs="invoices.credit")


def _new_one(invoice: Invoice, successor: Invoice | None) -> Step:
    sentence = _("Corriger ce qui a été reproché et émettre la nouvelle facture")
    if successor is not None:
        return Step(sentence, not successor.is_draft, successor.get_absolute_url(), str(successor))
    url = f"{reverse('billing:invoice-new')}?replaces={invoice.pk}"
    return Step(sentence, url=url, label=_("Nouvelle facture"), needs="invoices.edit")


def _sent_again(successor: Invoice) -> Step:
    sentence = _("La plateforme prend la nouvelle facture")
    sent = Transmission.everywhere.filter(invoice=successor, kind=TransmissionKind.INVOICE).order_by("-created_at")
    row = sent.first()
    if row is None:
        return Step(sentence)
    return Step(
        sentence, row.status == TransmissionStatus.ACCEPTED, row.get_absolute_url(), str(row.get_status_display())
    )


def _may_go_as_it_is(transmission: Transmission) -> bool:
    is_rejected = transmission.status == TransmissionStatus.REJECTED
    takes_again = PLATFORMS[transmission.account.kind].takes_rejected_again
    return is_rejected and transmission.invoice.status == InvoiceStatus.ISSUED and takes_again
