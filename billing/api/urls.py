"""The API's addresses of this app; names live under `api:`."""

from __future__ import annotations

from django.urls import URLPattern, path

from billing.api.invoices import disputes, stats

urlpatterns: list[URLPattern] = [
    path("invoices/stats", stats.InvoiceStats.as_view(), name="invoice-stats"),
    path("invoices/<int:id>/disputes", disputes.InvoiceDisputes.as_view(), name="invoice-disputes"),
]
