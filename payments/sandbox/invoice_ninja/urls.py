"""The addresses of the simulated Invoice Ninja: those of its API, and the simulator's own doors."""

from __future__ import annotations

from django.urls import path

from payments.sandbox.invoice_ninja import views

urlpatterns = [
    path("api/v1/ping", views.ping),
    path("api/v1/payments", views.payments),
    path("sandbox/invoice-ninja/tell", views.write_payment),
    path("sandbox/invoice-ninja/ledger", views.ledger),
]
