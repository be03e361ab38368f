"""The API's addresses of this app; names live under `api:`."""

from __future__ import annotations

from django.urls import URLPattern, path

from einvoicing.api import (
    bulk,
    crediting,
    directory,
    documents,
    invoices,
    lifecycle,
    platforms,
    received,
    reporting,
    sending,
    transmissions,
)

_PERIOD = "einvoicing/reports/<str:kind>/<str:period>"

urlpatterns: list[URLPattern] = [
    path("invoices", invoices.InvoiceList.as_view(), name="invoices"),
    path("invoices/bulk", bulk.InvoiceBulk.as_view(), name="invoice-bulk"),
    path("invoices/<int:id>", invoices.InvoiceItem.as_view(), name="invoice"),
    path("invoices/<int:id>/send", sending.InvoiceSend.as_view(), name="invoice-send"),
    path("invoices/<int:id>/preflight", sending.InvoicePreflight.as_view(), name="invoice-preflight"),
    path("invoices/<int:id>/credit-notes", crediting.CreditNotes.as_view(), name="credit-notes"),
    path("invoices/<int:id>/documents", documents.InvoiceDocuments.as_view(), name="invoice-documents"),
    path("invoices/<int:id>/documents/<str:word>", documents.InvoiceDocument.as_view(), name="invoice-document"),
    path("invoices/<int:id>/transmissions", transmissions.InvoiceTransmissions.as_view(), name="invoice-transmissions"),
    path("invoices/<int:id>/lifecycle", lifecycle.InvoiceLifecycle.as_view(), name="invoice-lifecycle"),
    path("transmissions", transmissions.TransmissionList.as_view(), name="transmissions"),
    path("transmissions/<int:id>", transmissions.TransmissionItem.as_view(), name="transmission"),
    path("transmissions/<int:id>/retry", transmissions.TransmissionRetry.as_view(), name="transmission-retry"),
    path("platforms", platforms.PlatformList.as_view(), name="platforms"),
    path("platforms/<int:id>/test", platforms.PlatformTest.as_view(), name="platform-test"),
    path("einvoicing/received", received.ReceivedList.as_view(), name="received-documents"),
    path("einvoicing/received/<int:id>", received.ReceivedItem.as_view(), name="received-document"),
    path("einvoicing/received/<int:id>/content", received.ReceivedContent.as_view(), name="received-content"),
    path("einvoicing/reports", reporting.ReportingPeriods.as_view(), name="reporting-periods"),
    path(_PERIOD, reporting.ReportingPeriod.as_view(), name="reporting-period"),
    path(f"{_PERIOD}/file", reporting.ReportingFile.as_view(), name="reporting-file"),
    path(f"{_PERIOD}/reports", reporting.ReportingReports.as_view(), name="reporting-reports"),
    path("directory/<str:siren>", directory.DirectoryItem.as_view(), name="directory"),
]
