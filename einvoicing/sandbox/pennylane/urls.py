"""The addresses of the simulated Pennylane: those of its API, and the simulator's own doors."""

from __future__ import annotations

from django.urls import path

from einvoicing.sandbox.pennylane import supplies, views

_API = "api/external/v2"

urlpatterns = [
    path(f"{_API}/me", views.me),
    path(f"{_API}/customer_invoices", views.listing),
    path(f"{_API}/customer_invoices/e_invoices/imports", views.imports),
    path(f"{_API}/customer_invoices/<str:key>", views.invoice),
    path(f"{_API}/customer_invoices/<str:key>/send_to_pa", views.send_to_pa),
    path(f"{_API}/changelogs/customer_invoices", views.changes),
    path(f"{_API}/supplier_invoices", supplies.listing),
    path(f"{_API}/supplier_invoices/<str:key>", supplies.invoice),
    path(f"{_API}/supplier_invoices/<str:key>/e_invoice_status", supplies.e_invoice_status),
    path(f"{_API}/changelogs/supplier_invoices", supplies.changes),
    path("sandbox/pennylane/files/<str:place>", views.file),
    path("sandbox/pennylane/ledger", views.ledger),
    path("sandbox/pennylane/tell", views.change_status),
]
