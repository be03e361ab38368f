"""Every address of the API, one list per app."""

from __future__ import annotations

from django.urls import include, path, re_path

from config.api import (
    audit,
    auth,
    companies,
    deliveries,
    docs,
    finance,
    inbound,
    people,
    webhook_receivers,
    webhooks,
    workflows,
)
from config.kernel.api.problems import unknown_address

app_name = "api"
urlpatterns = [
    path("auth/token", auth.Token.as_view(), name="token"),
    path("auth/token/refresh", auth.TokenRefresh.as_view(), name="token-refresh"),
    path("auth/token/revoke", auth.TokenRevoke.as_view(), name="token-revoke"),
    path("company", companies.CompanyItem.as_view(), name="company"),
    path("members", people.MemberList.as_view(), name="members"),
    path("members/<int:id>", people.MemberItem.as_view(), name="member"),
    path("invitations", people.InvitationList.as_view(), name="invitations"),
    path("invitations/<int:id>", people.InvitationItem.as_view(), name="invitation"),
    path("invitations/<int:id>/resend", people.InvitationResend.as_view(), name="invitation-resend"),
    path("audit", audit.AuditList.as_view(), name="audit"),
    path("events", webhooks.EventList.as_view(), name="events"),
    path("webhooks", webhooks.WebhookList.as_view(), name="webhooks"),
    path("webhooks/<int:id>", webhooks.WebhookItem.as_view(), name="webhook"),
    path("webhooks/<int:id>/rotate-secret", webhooks.WebhookSecret.as_view(), name="webhook-rotate-secret"),
    path("webhooks/<int:id>/test", deliveries.WebhookTest.as_view(), name="webhook-test"),
    path("webhooks/<int:id>/deliveries", deliveries.DeliveryList.as_view(), name="webhook-deliveries"),
    path("webhooks/deliveries/<int:id>", deliveries.DeliveryItem.as_view(), name="webhook-delivery"),
    path(
        "webhooks/deliveries/<int:id>/replay",
        deliveries.DeliveryReplay.as_view(),
        name="webhook-delivery-replay",
    ),
    path("webhooks/abby", webhook_receivers.AbbyReceiver.as_view(), name="receive-abby"),
    path("webhooks/abby/<str:token>", webhook_receivers.AbbyTokenReceiver.as_view(), name="receive-abby-at"),
    path("webhooks/afnor/<str:token>", webhook_receivers.AfnorReceiver.as_view(), name="receive-afnor"),
    path("webhooks/email", webhook_receivers.EmailReceiver.as_view(), name="receive-email"),
    path("webhooks/email/<str:token>", webhook_receivers.EmailTokenReceiver.as_view(), name="receive-email-at"),
    path(
        "webhooks/hosted_checkout/<str:token>",
        webhook_receivers.HostedCheckoutReceiver.as_view(),
        name="receive-hosted-checkout",
    ),
    path("webhooks/revolut/<str:token>", webhook_receivers.RevolutReceiver.as_view(), name="receive-revolut"),
    path(
        "webhooks/invoice_ninja/<str:token>",
        webhook_receivers.InvoiceNinjaReceiver.as_view(),
        name="receive-invoice-ninja",
    ),
    path("webhook-sources", inbound.SourceList.as_view(), name="webhook-sources"),
    path("webhook-sources/<int:id>", inbound.SourceItem.as_view(), name="webhook-source"),
    path("received-webhooks", inbound.ReceivedList.as_view(), name="received-webhooks"),
    path("received-webhooks/<int:id>", inbound.ReceivedItem.as_view(), name="received-webhook"),
    path("received-webhooks/<int:id>/replay", inbound.ReceivedReplay.as_view(), name="received-webhook-replay"),
    path("finance/dashboard", finance.Dashboard.as_view(), name="finance-dashboard"),
    path("finance/queues", finance.Queues.as_view(), name="finance-queues"),
    path("finance/jobs", finance.JobList.as_view(), name="finance-jobs"),
    path("finance/jobs/<str:queue>/<int:job_id>/retry", finance.JobRetry.as_view(), name="finance-job-retry"),
    path("finance/sync", finance.Sync.as_view(), name="finance-sync"),
    path("finance/reconciliation", finance.Reconciliation.as_view(), name="finance-reconciliation"),
    path("finance/invoices/create-and-send", workflows.CreateAndSend.as_view(), name="finance-create-and-send"),
    path("finance/invoices/<int:id>/mark-paid", workflows.MarkPaid.as_view(), name="finance-mark-paid"),
    path("finance/reminders/<int:invoice_id>", workflows.Remind.as_view(), name="finance-reminder"),
    path("", include("customers.api.urls")),
    path("", include("billing.api.urls")),
    path("", include("payments.api.urls")),
    path("", include("einvoicing.api.urls")),
    path("schema", docs.schema, name="schema"),
    path("docs", docs.docs, name="docs"),
    re_path(r"^(?P<rest>[\s\S]*)$", unknown_address, name="unknown"),
]
