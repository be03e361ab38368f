"""The API's addresses of this app; names live under `api:`."""

from __future__ import annotations

from django.urls import URLPattern, path

from einvoicing.api import bulk, crediting, documents, invoices, sending

urlpatterns: list[URLPattern] = [
    path("invoices", invoices.InvoiceList.as_view(), name="invoices"),
    path("invoices/bulk", bulk.InvoiceBulk.as_view(), name="invoice-bulk"),
    path("invoices/<int:id>", invoices.InvoiceItem.as_view(), name="invoice"),
    path("invoices/<int:id>/send", sending.InvoiceSend.as_view(), name="invoice-send"),
    path("invoices/<int:id>/preflight", sending.InvoicePreflight.as_view(), name="invoice-preflight"),
    path("invoices/<int:id>/credit-notes", crediting.CreditNotes.as_view(), name="credit-notes"),
    path("invoices/<int:id>/documents", documents.InvoiceDocuments.as_view(), name="invoice-documents"),
    path("invoices/<int:id>/documents/<str:word>", documents.InvoiceDocument.as_view(), name="invoice-document"),
]
