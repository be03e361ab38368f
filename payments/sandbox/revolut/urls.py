"""The addresses of the simulated Revolut: those of its API below /revolut, and the simulator's own doors."""

from __future__ import annotations

from django.urls import path

from payments.sandbox.revolut import access, views

_API = "revolut/api/1.0"

urlpatterns = [
    path("revolut/app-confirm", access.app_confirm),
    path(f"{_API}/auth/token", access.token),
    path(f"{_API}/accounts", views.accounts),
    path(f"{_API}/accounts/<str:key>/bank-details", views.bank_details),
    path(f"{_API}/transactions", views.transactions),
    path(f"{_API}/transaction/<str:key>", views.one_transaction),
    path("sandbox/revolut/clients", views.register),
    path("sandbox/revolut/tell", views.write_facts),
    path("sandbox/revolut/ledger", views.ledger),
]
