"""Notifying the people concerned, by e-mail, that a platform's news asks something of them.

Called once for each fact, in its transaction: no fact, no message; the same fact again, no second one.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import override

from billing.models import Email
from billing.services.notices import LANGUAGE, queue_notices
from config.kernel.models import AuditEvent, Membership, User
from config.kernel.roles import Role
from einvoicing.models import Transmission
from einvoicing.problems.transmissions import problem_of

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
def notify_people_concerned(*, transmission: Transmission, at: datetime) -> list[Email]:
    """Queue one message for each person concerned; none when nobody has to act."""
    with override(LANGUAGE):
        problem = problem_of(transmission)
    if problem is None:
        return []
    invoice = transmission.invoice
    return queue_notices(
        people_concerned(transmission),
        notice="action_needed",
        company_id=transmission.company_id,
        invoice=invoice,
        subject_line=f"{invoice.number} – {problem.title}",
        template="billing/emails/notice.txt",
        facts={
            "invoice": invoice,
            "platform": transmission.account.name,
            "problem": problem,
            "url": f"{settings.PUBLIC_URL.rstrip('/')}{transmission.get_absolute_url()}",
        },
        at=at,
    )


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
