"""What a platform's bad news means for a person: what is wrong, what to do, and the steps that end it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n

from billing.models import Invoice, InvoiceKind, InvoiceStatus
from einvoicing import lifecycle
from einvoicing.mending import what_to_do
from einvoicing.models import ANSWERS, LifecycleEvent, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.services.transmissions.answering import answers_to, request_of

REFUSED = "210"
_NEW_ONE = n("Faites un avoir, corrigez ce qui a été reproché, puis émettez une nouvelle facture : elle repart seule.")

# status → (title, what to do)
NEWS: dict[str, tuple[str, str]] = {
    "206": (
        n("Le client n’approuve qu’une partie de la facture"),
        n("Convenez avec lui du montant, puis faites un avoir pour la différence."),
    ),
    "207": (
        n("Le client conteste la facture"),
        n("Voyez avec lui : levez la contestation si elle est réglée, sinon faites un avoir. Les relances attendent."),
    ),
    "208": (
        n("La facture est suspendue : il lui manque quelque chose"),
        n("Envoyez au client ce qu’il demande : son traitement reprend ensuite."),
    ),
    REFUSED: (n("Le client a refusé la facture"), _NEW_ONE),
    "221": (
        n("La facture n’est pas arrivée au bon service"),
        n("Corrigez l’adresse de facturation du client, puis faites un avoir et une nouvelle facture."),
    ),
}
_SETTLE_NOTE = n(
    "Voyez avec lui ce qui ne convient pas. Si l’avoir est à reprendre, facturez de nouveau les mêmes lignes ; sinon "
    "classez sans suite."
)
NOTE_REFUSED = (n("Le client a refusé l’avoir"), _SETTLE_NOTE)
NOTE_REJECTED = (n("La plateforme a rejeté l’avoir : il n’est pas chez le client"), _SETTLE_NOTE)
REJECTED = (n("La plateforme a rejeté la facture : elle n’est pas chez le client"), _NEW_ONE)
# the same, where it can be answered from here
ANSWERABLE: dict[str, str] = {
    "208": n("Répondez par un commentaire et les pièces demandées : la facture garde son numéro et sa date."),
    "221": n(
        "Indiquez le bon service ou le bon engagement : la même facture repart. Si c’est le SIRET du client qui est "
        "faux, faites plutôt un avoir et une nouvelle facture."
    ),
}
STOPPED: dict[str, str] = {
    TransmissionStatus.DEAD: n("L’envoi est abandonné : la facture n’est pas chez le client"),
    TransmissionStatus.INVALID: n("La facture n’est pas partie : une règle n’est pas respectée"),
}
ANSWER_STOPPED = (
    n("La réponse n’a pas été prise par la plateforme"),
    n("Lisez sa réponse ci-dessous. Corrigez et répondez de nouveau sur la page de la transmission, ou relancez."),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way back. `needs`: the action a role must include."""

    words: str
    done: bool = False
    url: str = ""
    label: str = ""
    needs: str = ""
    instead: bool = False  # another way, not the next step


@dataclass(frozen=True, slots=True)
class Remedy:
    """`request` is the status that can be answered from here, if it is one and was not answered yet."""

    title: str
    to_do: str
    reason: str
    steps: tuple[Step, ...] = ()
    request: LifecycleEvent | None = None
    answer: Transmission | None = None
    is_over: bool = False  # the invoice was credited or replaced: the steps are told, nobody has to act

    @property
    def asks(self) -> bool:
        """Whether somebody has to act now: what `troubles.to_mend` finds in SQL."""
        return not self.is_over and self.answer is None


def remedy_of(transmission: Transmission) -> Remedy | None:
    """What somebody has to do about this transmission now; None when nobody has to act."""
    remedy = _remedy_of(transmission)
    is_invoice = transmission.kind == TransmissionKind.INVOICE
    if remedy and is_invoice and transmission.invoice.status == InvoiceStatus.CREDITED:
        return replace(remedy, is_over=True, request=None)
    return remedy


def _remedy_of(transmission: Transmission) -> Remedy | None:
    if transmission.dismissed_at is not None:
        return None
    if transmission.status in STOPPED:
        return _stopped(transmission)
    if transmission.kind == TransmissionKind.STATUS:
        return _undeclared(transmission) if transmission.status == TransmissionStatus.REJECTED else None
    code = transmission.lifecycle_code
    if _is_copy(transmission):
        return _refused_copy(transmission) if transmission.status == TransmissionStatus.REJECTED else None
    if transmission.kind != TransmissionKind.INVOICE or _is_settled(transmission.invoice, code):
        return None
    if transmission.status == TransmissionStatus.REJECTED or code == REFUSED:
        title, to_do = _turned_down(transmission.invoice, by_buyer=code == REFUSED)
        reason = _reason(transmission, code) or transmission.last_error
        return Remedy(_(title), _(to_do), reason, tuple(_way_back(transmission)))
    if code not in NEWS:
        return None
    title, to_do = NEWS[code]
    request = request_of(transmission)
    if request is None:
        return Remedy(_(title), _(to_do), _reason(transmission, code))
    reason = _words_of(request)
    live = next((one for one in answers_to(request) if one.status != TransmissionStatus.DEAD), None)
    if live is not None:
        waits = _("Votre réponse est en route ou déjà chez la plateforme : la suite s’affichera ici.")
        return Remedy(_(title), waits, reason, answer=live)
    return Remedy(_(title), _(ANSWERABLE[code]), reason, request=request)


def _turned_down(invoice: Invoice, *, by_buyer: bool) -> tuple[str, str]:
    if invoice.is_credit_note:
        return NOTE_REFUSED if by_buyer else NOTE_REJECTED
    return NEWS[REFUSED] if by_buyer else REJECTED


def _is_settled(invoice: Invoice, code: str) -> bool:
    """A dispute lifted here, or a part credited, asks nothing more, whatever the platform told last."""
    return (code == "207" and invoice.disputed_at is None) or (code == "206" and invoice.amount_credited > 0)


def _stopped(transmission: Transmission) -> Remedy:
    if transmission.kind in ANSWERS:
        title, to_do = ANSWER_STOPPED
        return Remedy(_(title), _(to_do), transmission.last_error)
    if transmission.kind == TransmissionKind.STATUS:
        return _undeclared(transmission)
    if _is_copy(transmission):
        title = _("La copie de la facture n’est pas partie")
        return Remedy(title, what_to_do(transmission), transmission.last_error)
    return Remedy(_(STOPPED[transmission.status]), what_to_do(transmission), transmission.last_error)


def _undeclared(transmission: Transmission) -> Remedy:
    return Remedy(
        _("Un statut de la facture n’a pas pu être déclaré"),
        _(
            "La facture elle-même n’est pas en cause. Lisez la réponse de la plateforme, puis relancez, ou classez "
            "sans suite."
        ),
        transmission.last_error,
    )


def _is_copy(transmission: Transmission) -> bool:
    """Whether it goes to a mirror, which keeps a copy and never reaches the buyer."""
    return transmission.account.kind in PLATFORMS and PLATFORMS[transmission.account.kind].is_mirror


def _refused_copy(transmission: Transmission) -> Remedy:
    return Remedy(
        _("La copie de la facture a été refusée"),
        _("L’envoi au client n’est pas concerné. Lisez la réponse, puis transmettez de nouveau la copie."),
        transmission.last_error,
    )


def _reason(transmission: Transmission, code: str) -> str:
    told = LifecycleEvent.everywhere.filter(transmission=transmission, code=code).order_by("-occurred_at").first()
    return _words_of(told) if told else ""


def _words_of(event: LifecycleEvent) -> str:
    """The platform's own words, else the sentence of its reason code."""
    return event.reason or (_(lifecycle.reason(event.reason_code)) if event.reason_code else "")


def _way_back(transmission: Transmission) -> Iterator[Step]:
    """Rejected → corrected → sent again: by a corrected invoice where there is one, else by a credit note."""
    invoice = transmission.invoice
    successor = (
        Invoice.everywhere.filter(corrects=invoice, kind=InvoiceKind.CORRECTED).order_by("-created_at", "-id").first()
    )
    if successor is None and not invoice.is_credit_note:
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
    elif transmission.status == TransmissionStatus.REJECTED and invoice.status == InvoiceStatus.ISSUED:
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
    words = _("Corriger ce qui a été reproché et émettre la nouvelle facture")
    if successor is not None:
        return Step(words, not successor.is_draft, successor.get_absolute_url(), str(successor))
    url = f"{reverse('billing:invoice-new')}?customer={invoice.customer_id}"
    return Step(words, url=url, label=_("Nouvelle facture"), needs="invoices.edit")


def _sent_again(successor: Invoice) -> Step:
    words = _("La plateforme prend la nouvelle facture")
    sent = Transmission.everywhere.filter(invoice=successor, kind=TransmissionKind.INVOICE).order_by("-created_at")
    row = sent.first()
    if row is None:
        return Step(words)
    return Step(words, row.status == TransmissionStatus.ACCEPTED, row.get_absolute_url(), str(row.get_status_display()))
