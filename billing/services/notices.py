"""Notices to the people of a company, by e-mail: what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import override

from billing.models import Email, EmailKind, Invoice
from billing.services.emails import InvalidRecipient, queue_email
from config.kernel.models import Membership, User, WebhookEndpoint
from config.kernel.people.notices import who_want
from config.kernel.roles import Role

logger = structlog.get_logger(__name__)

LANGUAGE = "fr"  # the words of platforms that notices quote are French


def queue_notices(
    people: Iterable[User],
    *,
    notice: str,
    company_id: int,
    subject_line: str,
    template: str,
    facts: Mapping[str, Any],
    at: datetime,
    invoice: Invoice | None = None,
) -> list[Email]:
    """Queue one message for each person who wants the notice, from the template that the facts fill."""
    queued = []
    for person in who_want(people, notice):
        with override(LANGUAGE):
            body = render_to_string(template, {**facts, "person": person}).strip() + "\n"
        try:
            email = queue_email(
                company_id=company_id,
                invoice=invoice,
                kind=EmailKind.NOTICE,
                recipient=person.email,
                subject_line=subject_line,
                body=body,
                needs_document=False,
                at=at,
            )
        except InvalidRecipient:
            # a login that is no address must not hold back the fact itself
            logger.warning("notice_without_address", user=person.pk, subject=subject_line)
        else:
            queued.append(email)
    return queued


@transaction.atomic
def notify_endpoint_given_up(*, endpoint: WebhookEndpoint, reason: str, at: datetime) -> list[Email]:
    """Queue one message for each owner: the endpoint is given up, why, and what to do."""
    owners = Membership.objects.filter(
        company_id=endpoint.company_id, role=Role.OWNER, user__is_active=True, user__is_partner=False
    ).select_related("user")
    return queue_notices(
        [member.user for member in owners.order_by("user_id")],
        notice="endpoint_given_up",
        company_id=endpoint.company_id,
        subject_line="Webhook désactivé : un partenaire n’est plus prévenu",
        template="billing/emails/endpoint_given_up.txt",
        facts={
            "endpoint": endpoint,
            "company": endpoint.company,
            "reason": reason,
            "url": f"{settings.PUBLIC_URL.rstrip('/')}{reverse('webhook-detail', args=[endpoint.pk])}",
        },
        at=at,
    )
