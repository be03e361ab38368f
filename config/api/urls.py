"""Every address of the API, one list per app."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.api import audit, auth, companies, inbound, webhooks
from config.kernel.api.problems import unknown_address

app_name = "api"
urlpatterns = [
    path("auth/token", auth.Token.as_view(), name="token"),
    path("auth/token/refresh", auth.TokenRefresh.as_view(), name="token-refresh"),
    path("auth/token/revoke", auth.TokenRevoke.as_view(), name="token-revoke"),
    path("company", companies.CompanyItem.as_view(), name="company"),
    path("audit", audit.AuditList.as_view(), name="audit"),
    path("events", webhooks.EventList.as_view(), name="events"),
    path("webhooks", webhooks.WebhookList.as_view(), name="webhooks"),
    path("webhooks/<int:id>", webhooks.WebhookItem.as_view(), name="webhook"),
    path("webhooks/<int:id>/rotate-secret", webhooks.WebhookSecret.as_view(), name="webhook-rotate-secret"),
    path("webhooks/<int:id>/test", webhooks.WebhookTest.as_view(), name="webhook-test"),
    path("webhooks/<int:id>/deliveries", webhooks.DeliveryList.as_view(), name="webhook-deliveries"),
    path("webhooks/deliveries/<int:id>", webhooks.DeliveryItem.as_view(), name="webhook-delivery"),
    path("webhooks/deliveries/<int:id>/replay", webhooks.DeliveryReplay.as_view(), name="webhook-delivery-replay"),
    path("webhooks/abby", inbound.AbbyDoor.as_view(), name="receive-abby"),
    path("webhooks/abby/<str:token>", inbound.AbbyTokenDoor.as_view(), name="receive-abby-at"),
    path("webhooks/afnor/<str:token>", inbound.AfnorDoor.as_view(), name="receive-afnor"),
    path("webhooks/revolut/<str:token>", inbound.RevolutDoor.as_view(), name="receive-revolut"),
    path("webhooks/invoice_ninja/<str:token>", inbound.InvoiceNinjaDoor.as_view(), name="receive-invoice-ninja"),
    path("webhook-sources", inbound.SourceList.as_view(), name="webhook-sources"),
    path("webhook-sources/<int:id>", inbound.SourceItem.as_view(), name="webhook-source"),
    path("received-webhooks", inbound.ReceivedList.as_view(), name="received-webhooks"),
    path("received-webhooks/<int:id>", inbound.ReceivedItem.as_view(), name="received-webhook"),
    path("received-webhooks/<int:id>/replay", inbound.ReceivedReplay.as_view(), name="received-webhook-replay"),
    path("", include("customers.api.urls")),
    path("", include("billing.api.urls")),
    path("", include("payments.api.urls")),
    path("", include("einvoicing.api.urls")),
    path("schema", login_not_required(SpectacularAPIView.as_view()), name="schema"),
    path("docs", login_not_required(SpectacularSwaggerSplitView.as_view(url_name="api:schema")), name="docs"),
    path("<path:rest>", unknown_address, name="unknown"),
]
