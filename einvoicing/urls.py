"""The addresses of einvoicing."""

from django.urls import path

from einvoicing.views import (
    answering,
    bulk,
    compliance,
    crediting,
    directory,
    following,
    issuing,
    readiness,
    reporting,
    reporting_settings,
    sending,
    transmissions,
)

app_name = "einvoicing"
urlpatterns = [
    path("invoices/issue/", issuing.invoice_issue_many, name="invoice-issue-many"),
    path("invoices/<int:pk>/issue/", sending.invoice_issue, name="invoice-issue"),
    path("invoices/<int:pk>/send/", sending.invoice_send, name="invoice-send"),
    path("invoices/<int:pk>/credit/", crediting.invoice_credit, name="invoice-credit"),
    path("invoices/<int:pk>/credit/total/", crediting.credit_total, name="credit-total"),
    path("invoices/<int:pk>/transmit/", sending.invoice_transmit, name="invoice-transmit"),
    path("invoices/<int:pk>/follow/", following.invoice_follow, name="invoice-follow"),
    path("invoices/<int:pk>/documents/<slug:kind>/", sending.document_download, name="document-download"),
    path("einvoicing/prepare/", readiness.readiness_steps, name="readiness"),
    path("einvoicing/prepare/drafts/", readiness.readiness_drafts, name="readiness-drafts"),
    path("einvoicing/prepare/activate/", readiness.readiness_activate, name="readiness-activate"),
    path("einvoicing/reporting/", reporting.reporting_list, name="reporting"),
    path("einvoicing/reporting/settings/", reporting_settings.reporting_settings, name="reporting-settings"),
    path("einvoicing/reporting/files/<int:pk>/", reporting.report_file, name="report-file"),
    path("einvoicing/reporting/files/<int:pk>/retry/", reporting.report_retry, name="report-retry"),
    path("einvoicing/reporting/<slug:kind>/<slug:code>/", reporting.report_period, name="report-period"),
    path("einvoicing/reporting/<slug:kind>/<slug:code>/draft/", reporting.report_draft, name="report-draft"),
    path("einvoicing/reporting/<slug:kind>/<slug:code>/send/", reporting.report_send, name="report-send"),
    path("einvoicing/directory/", directory.directory_lookup, name="directory-lookup"),
    path("transmissions/", transmissions.transmission_list, name="transmission-list"),
    path("transmissions/read/", transmissions.platforms_read, name="platforms-read"),
    path("transmissions/send/", bulk.transmit_many, name="transmit-many"),
    path("transmissions/progress/", bulk.queue_progress, name="queue-progress"),
    path("transmissions/compliance/", compliance.compliance_dashboard, name="compliance"),
    path("transmissions/<int:pk>/", transmissions.transmission_detail, name="transmission-detail"),
    path("transmissions/<int:pk>/answer/", answering.transmission_answer, name="transmission-answer"),
    path("transmissions/enclosures/<int:pk>/", answering.enclosure_download, name="enclosure"),
    path("transmissions/<int:pk>/retry/", transmissions.transmission_retry, name="transmission-retry"),
    path("transmissions/<int:pk>/dismiss/", transmissions.transmission_dismiss, name="transmission-dismiss"),
]
