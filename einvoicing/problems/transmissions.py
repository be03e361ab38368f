"""What is wrong with a transmission: what it means for a person, what to do, and the steps that end it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from billing.models import Invoice, InvoiceStatus
from einvoicing import lifecycle
from einvoicing.models import ANSWERS, ErrorClass, LifecycleEvent, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.problems.advice import (
    ANSWER_STOPPED,
    ANSWERABLE,
    DUPLICATED,
    NEWS,
    NOTE_REFUSED,
    NOTE_REJECTED,
    RECEIPT_STOPPED,
    REFUSED,
    REJECTED,
    STOPPED,
    TO_DO,
)
from einvoicing.problems.steps import Step, way_back
from einvoicing.services.transmissions.answering import answers_to, request_of

CREDITED = InvoiceStatus.CREDITED


@dataclass(frozen=True, slots=True)
class Problem:
    """`request` is the status that can be answered from here, if it is one and was not answered yet."""

    title: str
    to_do: str
    reason: str
    steps: tuple[Step, ...] = ()
    request: LifecycleEvent | None = None
    answer: Transmission | None = None
    is_over: bool = False  # the invoice was credited or replaced: the steps are shown, nobody has to act

    @property
    def needs_somebody(self) -> bool:
        """Whether somebody has to act now: what `waiting.find_problems` finds in SQL."""
        return not self.is_over and self.answer is None


def problem_of(transmission: Transmission) -> Problem | None:
    """What somebody has to do about this transmission now; None when nobody has to act."""
    problem = _unended_problem_of(transmission)
    is_invoice = transmission.kind == TransmissionKind.INVOICE
    if problem and is_invoice and not transmission.is_duplicated and transmission.invoice.status == CREDITED:
        return replace(problem, is_over=True, request=None)
    return problem


def _unended_problem_of(transmission: Transmission) -> Problem | None:
    if transmission.dismissed_at is not None:
        return None
    if transmission.is_duplicated:
        return _duplicated(transmission)
    if transmission.status in STOPPED:
        return _stopped(transmission)
    code = transmission.lifecycle_code
    if transmission.kind == TransmissionKind.STATUS or _is_copy(transmission):
        return _turned_away(transmission) if transmission.status == TransmissionStatus.REJECTED else None
    if transmission.kind != TransmissionKind.INVOICE or _is_settled(transmission.invoice, code):
        return None
    if transmission.status == TransmissionStatus.REJECTED or code == REFUSED:
        title, to_do = _turned_down(transmission.invoice, by_buyer=code == REFUSED)
        reason = _reason(transmission, code) or transmission.last_error
        return Problem(_(title), _(to_do), reason, tuple(way_back(transmission)))
    if code not in NEWS:
        return None
    title, to_do = NEWS[code]
    request = request_of(transmission)
    if request is None:
        return Problem(_(title), _(to_do), _reason(transmission, code))
    reason = _reason_of(request)
    live = next((answer for answer in answers_to(request) if answer.status != TransmissionStatus.DEAD), None)
    if live is not None:
        waits = _("Votre réponse est en route ou déjà chez la plateforme : la suite s’affichera ici.")
        return Problem(_(title), waits, reason, answer=live)
    return Problem(_(title), _(ANSWERABLE[code]), reason, request=request)


def _turned_down(invoice: Invoice, *, by_buyer: bool) -> tuple[str, str]:
    if invoice.is_credit_note:
        return NOTE_REFUSED if by_buyer else NOTE_REJECTED
    return NEWS[REFUSED] if by_buyer else REJECTED


def _is_settled(invoice: Invoice, code: str) -> bool:
    """A dispute lifted here, or a part credited, asks nothing more, whatever the platform declared last."""
    return (code == "207" and invoice.disputed_at is None) or (code == "206" and invoice.amount_credited > 0)


def _stopped(transmission: Transmission) -> Problem:
    if transmission.kind in ANSWERS:
        title, to_do = ANSWER_STOPPED
        return Problem(_(title), _(to_do), transmission.last_error)
    if transmission.kind == TransmissionKind.RECEIPT:
        return Problem(_("Un encaissement n’est pas inscrit"), _(RECEIPT_STOPPED), transmission.last_error)
    if transmission.kind == TransmissionKind.STATUS:
        return _undeclared(transmission)
    if _is_copy(transmission):
        title = _("La copie de la facture n’est pas partie")
        return Problem(title, _way_out(transmission), transmission.last_error)
    return Problem(_(STOPPED[transmission.status]), _way_out(transmission), transmission.last_error)


def _way_out(stopped: Transmission) -> str:
    return _(TO_DO.get(stopped.error_class, TO_DO[ErrorClass.FORMAT]))


def _undeclared(transmission: Transmission) -> Problem:
    return Problem(
        _("Un statut de la facture n’a pas pu être déclaré"),
        _(
            "La facture elle-même n’est pas en cause. Lisez la réponse de la plateforme, puis relancez, ou classez "
            "sans suite."
        ),
        transmission.last_error,
    )


def _duplicated(transmission: Transmission) -> Problem:
    platform, number = transmission.account.name, transmission.copy_facts["finalized"]
    title = _("%(platform)s a donné un second numéro légal à cette facture") % {"platform": platform}
    if number:
        title = f"{title} : {number}"
    return Problem(title, _(DUPLICATED), "")


def _is_copy(transmission: Transmission) -> bool:
    """Whether it goes to a mirror, which keeps a copy and never reaches the buyer."""
    return transmission.account.kind in PLATFORMS and PLATFORMS[transmission.account.kind].is_mirror


def _turned_away(transmission: Transmission) -> Problem:
    """A status that was not taken, or a copy: the invoice itself is where it should be."""
    if transmission.kind == TransmissionKind.STATUS:
        return _undeclared(transmission)
    return Problem(
        _("La copie de la facture a été refusée"),
        _("L’envoi au client n’est pas concerné. Lisez la réponse, puis transmettez de nouveau la copie."),
        transmission.last_error,
    )


def _reason(transmission: Transmission, code: str) -> str:
    events = LifecycleEvent.everywhere.filter(transmission=transmission, code=code)
    latest = events.order_by("-occurred_at").first()
    return _reason_of(latest) if latest else ""


def _reason_of(event: LifecycleEvent) -> str:
    """The platform's own words, else the sentence of its reason code."""
    return event.reason or (_(lifecycle.reason(event.reason_code)) if event.reason_code else "")
