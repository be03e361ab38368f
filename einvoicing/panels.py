"""What e-invoicing adds to the record of an invoice: its legal files, its platform statuses, and their buttons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from operator import attrgetter
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n

from billing import panels
from billing.models import DocumentKind, Invoice
from billing.panels import Action, ListAction
from billing.standing import News, register_news
from customers.panels import Panel
from einvoicing import copies, lifecycle
from einvoicing.following import fingerprint, pace
from einvoicing.models import ANSWERS, LifecycleEvent, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.problems import waiting
from einvoicing.problems.transmissions import Problem, problem_of
from einvoicing.services.routing import carrier_for, is_mirror

BAD = frozenset({TransmissionStatus.REJECTED, TransmissionStatus.INVALID, TransmissionStatus.DEAD})
GOOD = frozenset({TransmissionStatus.ACCEPTED, TransmissionStatus.DEPOSITED})

# states of an answer that are named otherwise than an invoice's
_ANSWERED: dict[str, str] = {
    TransmissionStatus.PENDING: n("en file"),
    TransmissionStatus.SENDING: n("envoi en cours"),
    TransmissionStatus.DEPOSITED: n("reçu par la plateforme"),
    TransmissionStatus.ACCEPTED: n("pris en compte"),
    TransmissionStatus.DEAD: n("non pris, action requise"),
}


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(panels=side_panels, actions=actions, list_action=issue_many)
    register_news(News(chips=waiting.chips, narrow=waiting.with_problems))


def issue_many() -> ListAction:
    return ListAction(
        label=_("Émettre la sélection"),
        icon="check",
        url=reverse("einvoicing:invoice-issue-many"),
        needs="invoices.issue",
        replaces=frozenset({"issue", "issue_and_send"}),
        takes=attrgetter("can_be_issued"),
    )


def tone_of(transmission: Transmission) -> str:
    if transmission.dismissed_at is not None or transmission.status == TransmissionStatus.SKIPPED:
        return "neutral"
    if transmission.status in BAD or transmission.is_duplicated or lifecycle.is_bad(transmission.lifecycle_code):
        return "bad"
    if transmission.status == TransmissionStatus.UNKNOWN or transmission.unknown_status:
        return "warn"
    if copies.is_doubtful(transmission.copy_facts):
        return "warn"
    return "good" if transmission.status in GOOD else "info"


def status_label(transmission: Transmission) -> str:
    """The latest status of the platform with its code, or where the transmission stands."""
    if transmission.kind in ANSWERS:
        state = _ANSWERED.get(transmission.status)
        state_label = _(state) if state else transmission.get_status_display()
        return _("%(kind)s : %(state)s") % {"kind": transmission.get_kind_display(), "state": state_label}
    if copy := copies.label(transmission.copy_facts):
        return copy
    if transmission.kind == TransmissionKind.RECEIPT and transmission.status in GOOD:
        return _("Encaissement inscrit")
    if transmission.unknown_status and transmission.status in GOOD:
        return _("État inconnu : %(word)s") % {"word": transmission.unknown_status}
    if transmission.lifecycle_code:
        label = _(lifecycle.label(transmission.lifecycle_code))
        return f"{transmission.lifecycle_code} – {label}"
    if transmission.kind == TransmissionKind.STATUS and transmission.status == TransmissionStatus.ACCEPTED:
        return _("Déclaré")
    return str(transmission.get_status_display())


def statuses(events: list[LifecycleEvent]) -> list[dict[str, object]]:
    """Each status with its code, its words, its date and its reason, newest first."""
    return [
        {
            "code": "" if event.code == lifecycle.UNMAPPED else event.code,
            "label": _(lifecycle.label(event.code)),
            "tone": "bad" if lifecycle.is_bad(event.code) else "info",
            "at": event.occurred_at,
            "reason": event.reason or (_(lifecycle.reason(event.reason_code)) if event.reason_code else ""),
        }
        for event in sorted(events, key=lambda event: (event.occurred_at, event.code), reverse=True)
    ]


def side_panels(invoice: Invoice) -> Iterator[Panel]:
    if invoice.is_draft:
        return
    transmissions = list(invoice.transmissions.select_related("account").order_by("-created_at"))
    if transmissions:
        yield Panel(
            _("Plateforme"),
            "einvoicing/_platform_panel.html",
            {
                "transmissions": [
                    {"row": row, "tone": tone_of(row), "words": status_label(row), "copy": _copy_of(row, invoice)}
                    for row in transmissions
                ],
                "statuses": statuses(list(invoice.lifecycle.all())),
                "problems": [{"row": row, "problem": problem} for row, problem in _problems(transmissions)],
            },
        )
    documents = list(invoice.documents.order_by("kind"))
    yield Panel(
        _("Documents"),
        "einvoicing/_documents_panel.html",
        {
            **_following(invoice),
            "documents": [
                {"row": row, "url": document_url(invoice, row.kind), "name": str(row.file.name).rpartition("/")[2]}
                for row in documents
            ],
            "make_url": document_url(invoice, DocumentKind.FACTURX),
        },
    )


def _copy_of(row: Transmission, invoice: Invoice) -> str:
    """How a mirror knows the invoice: its identifier, and the number it gave."""
    if row.kind != TransmissionKind.INVOICE or not is_mirror(row.account):
        return ""
    return " · ".join(filter(None, (row.remote_id, invoice.abby_invoice_number)))


def _following(invoice: Invoice) -> dict[str, Any]:
    """Where the page asks for what is new, and how often; nothing once nothing more comes."""
    every = pace(invoice, timezone.now())
    if not every:
        return {}
    url = reverse("einvoicing:invoice-follow", args=[invoice.pk])
    return {"follow_url": f"{url}?seen={fingerprint(invoice, every)}", "follow_every": every}


def _problems(transmissions: list[Transmission]) -> list[tuple[Transmission, Problem]]:
    """What the latest transmission to each platform asks of somebody; earlier ones are over."""
    latest: dict[int, Transmission] = {}
    for row in transmissions:
        if row.kind == TransmissionKind.INVOICE:
            latest.setdefault(row.account_id, row)
    found = [(row, problem_of(row)) for row in latest.values()]
    return [(row, problem) for row, problem in found if problem is not None and not problem.is_over]


def document_url(invoice: Invoice, kind: str) -> str:
    return reverse("einvoicing:document-download", args=[invoice.pk, kind.lower()])


def actions(invoice: Invoice, on: date) -> Iterator[Action]:
    here = [invoice.pk]
    if invoice.can_be_issued:
        yield Action(
            _("Émettre et envoyer"),
            reverse("einvoicing:invoice-issue", args=here),
            "send",
            primary_rank=panels.ISSUE,
            needs="invoices.issue",
        )
        return
    yield Action(
        _("Télécharger le PDF"), document_url(invoice, DocumentKind.FACTURX), "download", primary_rank=panels.DOWNLOAD
    )
    acts = list(_acts(invoice))
    yield from acts
    if invoice.can_be_credited and not any(act.url == reverse("einvoicing:invoice-credit", args=here) for act in acts):
        yield Action(
            _("Établir un avoir"), reverse("einvoicing:invoice-credit", args=here), "undo", needs="invoices.credit"
        )
    yield Action(_("Envoyer par e-mail"), reverse("einvoicing:invoice-send", args=here), "mail", needs="invoices.issue")
    if _can_be_transmitted(invoice):
        yield Action(
            _("Transmettre à la plateforme"),
            reverse("einvoicing:invoice-transmit", args=here),
            "send",
            needs="einvoicing.send",
        )


def _acts(invoice: Invoice) -> Iterator[Action]:
    """What ends the invoice's problem: the next step for the roles that may take it, else the page that explains it."""
    rows = list(invoice.transmissions.select_related("account", "invoice").order_by("-created_at"))
    for row, problem in _problems(rows):
        if not problem.needs_somebody:
            continue
        page = f"{row.get_absolute_url()}#answer"
        rank = panels.NEVER_PRIMARY if is_mirror(row.account) else panels.MEND
        if problem.request:
            label = _("Compléter") if problem.request.code == "208" else _("Corriger le service")
            yield Action(label, page, "send", primary_rank=rank + 1, needs="einvoicing.send")
        step = next((step for step in problem.steps if not step.done and not step.instead), None)
        if step and step.url:
            yield Action(step.label, step.url, "undo", primary_rank=rank + 1, needs=step.needs)
        yield Action(_("Ce qu’il faut faire"), page, "alert", primary_rank=rank)


def _can_be_transmitted(invoice: Invoice) -> bool:
    account = carrier_for(invoice)
    if account is None:
        return False
    live = invoice.transmissions.filter(account=account, kind=TransmissionKind.INVOICE).exclude(
        status=TransmissionStatus.REJECTED
    )
    return not live.exists()
