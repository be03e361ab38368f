"""Keys, kept answers and webhooks, for superusers: to be read. Partners' settings are made on the company's pages."""

from __future__ import annotations

from django.contrib import admin

from config.kernel.admin_base import FactAdmin
from config.kernel.models import (
    ApiKey,
    IdempotentCall,
    ReceivedWebhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookSource,
)


@admin.register(ApiKey)
class ApiKeyAdmin(FactAdmin):
    list_display = ["name", "prefix", "company", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["company"]
    search_fields = ["name", "prefix"]
    exclude = ["digest"]


@admin.register(IdempotentCall)
class IdempotentCallAdmin(FactAdmin):
    list_display = ["created_at", "company", "method", "path", "key", "status"]
    list_select_related = ["company"]
    ordering = ["-created_at"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(FactAdmin):
    list_display = ["url", "company", "is_active", "failing_since", "disabled_at"]
    list_select_related = ["company"]
    exclude = ["secret_cipher", "previous_secret_cipher"]


@admin.register(WebhookEvent)
class WebhookEventAdmin(FactAdmin):
    list_display = ["occurred_at", "company", "name", "subject"]
    list_select_related = ["company"]
    ordering = ["-sequence"]


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(FactAdmin):
    list_display = ["event", "endpoint", "status", "attempts", "next_attempt_at", "delivered_at"]
    list_select_related = ["event", "endpoint"]
    ordering = ["-next_attempt_at"]


@admin.register(WebhookAttempt)
class WebhookAttemptAdmin(FactAdmin):
    list_display = ["at", "delivery", "http_status", "milliseconds", "error"]
    ordering = ["-at"]


@admin.register(WebhookSource)
class WebhookSourceAdmin(FactAdmin):
    list_display = ["__str__", "company", "is_active", "created_at"]
    list_select_related = ["company"]
    exclude = ["token", "secret_cipher", "previous_secret_cipher"]


@admin.register(ReceivedWebhook)
class ReceivedWebhookAdmin(FactAdmin):
    list_display = ["received_at", "origin", "name", "event_id", "status", "problem"]
    list_select_related = ["origin"]
    ordering = ["-received_at"]
    exclude = ["body"]
