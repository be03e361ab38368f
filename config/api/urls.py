"""Every address of the API, one list per app."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.api import audit, auth, companies, webhooks
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
    path("", include("customers.api.urls")),
    path("", include("billing.api.urls")),
    path("", include("payments.api.urls")),
    path("", include("einvoicing.api.urls")),
    path("schema", login_not_required(SpectacularAPIView.as_view()), name="schema"),
    path("docs", login_not_required(SpectacularSwaggerSplitView.as_view(url_name="api:schema")), name="docs"),
    path("<path:rest>", login_not_required(unknown_address), name="unknown"),
]
