"""Notices to the team that no invoice gave rise to, by e-mail."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import override

from billing.models import Email, EmailKind
from billing.services.emails import InvalidRecipient, queue_email
from config.kernel.models import Membership, WebhookEndpoint
from config.kernel.roles import Role

logger = structlog.get_logger(__name__)

LANGUAGE = "fr"  # nobody's own language is kept


@transaction.atomic
def tell_of_endpoint(*, endpoint: WebhookEndpoint, reason: str, at: datetime) -> list[Email]:
    """Queue one message for each owner: the endpoint is given up, why, and what to do."""
    owners = Membership.objects.filter(
        company_id=endpoint.company_id, role=Role.OWNER, user__is_active=True, user__is_partner=False
    ).select_related("user", "company")
    queued = []
    for member in owners.order_by("user_id"):
        url = f"{settings.PUBLIC_URL.rstrip('/')}{reverse('webhook-detail', args=[endpoint.pk])}"
        facts = {"endpoint": endpoint, "person": member.user, "company": member.company, "reason": reason, "url": url}
        with override(LANGUAGE):
            body = render_to_string("billing/emails/endpoint_given_up.txt", facts).strip() + "\n"
        try:
            email = queue_email(
                company_id=endpoint.company_id, invoice=None, kind=EmailKind.NOTICE, recipient=member.user.email,
                subject_line="Webhook désactivé : un partenaire n’est plus prévenu", body=body,
                needs_document=False, at=at,
            )  # fmt: skip
        except InvalidRecipient:
            # a login that is no address must not keep the endpoint alive
            logger.warning("notice_without_address", user=member.user_id, endpoint=endpoint.pk)
        else:
            queued.append(email)
    return queued
