"""Telling the people concerned, by e-mail, that a platform's news asks something of them.

Called once for each fact, in its transaction: no fact, no message; the same fact told again, no second one.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import override

from billing.models import Email, EmailKind
from billing.services.emails import InvalidRecipient, queue_email
from config.kernel.models import AuditEvent, Membership, User
from config.kernel.roles import Role
from einvoicing.models import Transmission
from einvoicing.problems.transmissions import problem_of

logger = structlog.get_logger(__name__)

LANGUAGE = "fr"  # nobody's own language is kept
MANAGERS = (Role.OWNER, Role.ACCOUNTANT)
# who did one of these is concerned, the latest first
SENDING = (
    "billing.invoice.issued",
    "einvoicing.transmission.queued",
    "einvoicing.transmission.retried",
    "einvoicing.completion.queued",
    "einvoicing.recycling.queued",
)


@transaction.atomic
def tell_people(*, transmission: Transmission, at: datetime) -> list[Email]:
    """Queue one message for each person concerned; none when nobody has to act."""
    with override(LANGUAGE):
        problem = problem_of(transmission)
        if problem is None:
            return []
        invoice = transmission.invoice
        facts = {
            "invoice": invoice,
            "platform": transmission.account.name,
            "problem": problem,
            "url": f"{settings.PUBLIC_URL.rstrip('/')}{transmission.get_absolute_url()}",
        }
        subject = f"{invoice.number} – {problem.title}"
        letters = [
            (person, render_to_string("billing/emails/notice.txt", {**facts, "person": person}).strip() + "\n")
            for person in people_concerned(transmission)
        ]
    queued = []
    for person, body in letters:
        try:
            email = queue_email(
                company_id=transmission.company_id, invoice=invoice, kind=EmailKind.NOTICE, recipient=person.email,
                subject_line=subject, body=body, needs_document=False, at=at,
            )  # fmt: skip
        except InvalidRecipient:
            # a login that is no address must not hold back the fact itself
            logger.warning("notice_without_address", user=person.pk, transmission=transmission.pk)
        else:
            queued.append(email)
    return queued


def people_concerned(transmission: Transmission) -> list[User]:
    """Who issued or last sent the invoice and may still act; else the owners and accountants of the company."""
    members = Membership.objects.filter(
        company_id=transmission.company_id, user__is_active=True, user__is_partner=False
    ).select_related("user")
    deeds = AuditEvent.everywhere.filter(
        company_id=transmission.company_id,
        subjects__contains=[transmission.invoice.subject],
        tag__in=SENDING,
        actor_kind="USER",
    )
    doer = deeds.order_by("-id").values_list("actor_user_id", flat=True).first()
    sender = members.filter(user_id=doer).first() if doer else None
    if sender is not None and sender.may("einvoicing.send"):
        return [sender.user]
    return [member.user for member in members.filter(role__in=MANAGERS).order_by("user_id")]
