"""One message to one partner system: what was sent, each try, and sending it again."""

from __future__ import annotations

import json
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.confirming import Confirmation, confirm
from config.kernel.models import DeliveryStatus, WebhookDelivery
from config.kernel.sent_once import sent_once
from config.kernel.webhooks import endpoints
from config.kernel.webhooks.names import label_of

TONES = {DeliveryStatus.PENDING: "info", DeliveryStatus.DELIVERED: "good", DeliveryStatus.FAILED: "bad"}


def _find_delivery(pk: int) -> WebhookDelivery:
    return cast(WebhookDelivery, get_object_or_404(WebhookDelivery.objects.select_related("event", "endpoint"), pk=pk))


@require_GET
@member("settings.edit")
def webhook_delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One message to one endpoint, and each try."""
    delivery = _find_delivery(pk)
    context = {
        "delivery": delivery,
        "event": label_of(delivery.event.name),
        "tone": TONES[DeliveryStatus(delivery.status)],
        "tries": list(delivery.tries.order_by("-at")),
        "body": json.dumps(json.loads(delivery.event.body), indent=2, ensure_ascii=False),
        "may_replay": delivery.status != DeliveryStatus.PENDING and delivery.endpoint.is_active,
    }
    return render(request, "settings/webhooks_delivery.html", context)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def webhook_replay(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = _find_delivery(pk)
    if request.method == "GET":
        return confirm(
            request,
            Confirmation(
                title=_("Rejouer"),
                icon="refresh",
                facts=_what_is_sent(delivery),
                back_label=label_of(delivery.event.name),
                effect=_(
                    "Le même message part de nouveau, sous le même identifiant. Un message parti ne se reprend pas."
                ),
                back=reverse("webhook-delivery", args=[pk]),
            ),
        )
    endpoints.replay_delivery(delivery=delivery, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Message remis en file, sous le même identifiant."))
    return redirect("webhook-delivery", pk=pk)


def _what_is_sent(delivery: WebhookDelivery) -> list[tuple[str, Any]]:
    return [
        (_("Destination"), delivery.endpoint.url),
        (_("Événement"), label_of(delivery.event.name)),
        (_("Survenu le"), typography.moment(delivery.event.occurred_at)),
        (_("État"), delivery.get_status_display()),
    ]
