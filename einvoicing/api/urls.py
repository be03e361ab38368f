"""The API's addresses of this app; names live under `api:`."""

from __future__ import annotations

from django.urls import URLPattern, path

from einvoicing.api import invoices, sending

urlpatterns: list[URLPattern] = [
    path("invoices", invoices.InvoiceList.as_view(), name="invoices"),
    path("invoices/<int:id>", invoices.InvoiceItem.as_view(), name="invoice"),
    path("invoices/<int:id>/send", sending.InvoiceSend.as_view(), name="invoice-send"),
    path("invoices/<int:id>/preflight", sending.InvoicePreflight.as_view(), name="invoice-preflight"),
]
