"""What can be done with many drafts and issued invoices at once: issue, send, send again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.bulk import drafts
from billing.models import Invoice
from config.kernel.actor import Actor
from config.kernel.bulk.acts import BulkAct, declare_acts
from einvoicing.services.sending import issue_checked, recipients, send_invoice

FROZEN = _("Un numéro est pris et le document est figé : une erreur ne se corrige plus que par un avoir.")


def _issue(invoice: Invoice, _options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    issued = issue_checked(invoice=invoice, actor=actor, at=at)
    return gettext("Émise : %(number)s") % {"number": issued.number}


def _issue_and_send(invoice: Invoice, _options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    addresses = recipients(invoice.customer)
    issued = issue_checked(invoice=invoice, actor=actor, at=at, addresses=addresses)
    if not addresses:
        return gettext("Émise : %(number)s, sans e-mail : le client n’a pas d’adresse") % {"number": issued.number}
    words = {"number": issued.number, "addresses": ", ".join(addresses)}
    return gettext("Émise : %(number)s, en file d’envoi pour %(addresses)s") % words


def _issued(invoices: QuerySet[Any], _on: date) -> QuerySet[Any]:
    return invoices.exclude(number=None)


def _send_again(invoice: Invoice, _options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    send_invoice(invoice=invoice, actor=actor, at=at)
    return gettext("En file d’envoi pour %(addresses)s") % {"addresses": ", ".join(recipients(invoice.customer))}


declare_acts(
    "invoices",
    BulkAct(
        name="issue",
        label=_("Émettre"),
        icon="check",
        needs="invoices.issue",
        effect=_("Chaque brouillon que les règles acceptent reçoit son numéro, dans l’ordre de sa création."),
        warning=FROZEN,
        takes=drafts,
        work=_issue,
        amount="total_gross",
    ),
    BulkAct(
        name="issue_and_send",
        label=_("Émettre et envoyer"),
        icon="send",
        needs="invoices.issue",
        effect=_("Chaque brouillon accepté par les règles reçoit son numéro et part par e-mail à son client."),
        warning=FROZEN,
        takes=drafts,
        work=_issue_and_send,
        amount="total_gross",
    ),
    BulkAct(
        name="send",
        label=_("Envoyer à nouveau par e-mail"),
        icon="mail",
        needs="invoices.issue",
        effect=_("Chaque facture émise est remise en file d’envoi aux adresses de son client."),
        warning=_("Un message parti ne se reprend pas."),
        takes=_issued,
        work=_send_again,
    ),
)
