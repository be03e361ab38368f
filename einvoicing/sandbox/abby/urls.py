"""The addresses of the simulated Abby: those of its API, and the simulator's own doors."""

from __future__ import annotations

from django.urls import path

from einvoicing.sandbox.abby import views

_BILLING = "v2/billing/<str:key>"

urlpatterns = [
    path("v2/company/me", views.me),
    path("organizations", views.organizations),
    path("organization", views.organization),
    path("contacts", views.contacts),
    path("contact", views.contact),
    path("v2/billings", views.billings),
    path("v2/billing/invoice/<str:key>", views.invoice),
    path("v2/billing/invoice/<str:key>/timeline", views.timeline),
    path("v2/billing/invoice/<str:key>/general-informations", views.general_informations),
    path(f"{_BILLING}/title", views.title),
    path(f"{_BILLING}/lines", views.lines),
    path(f"{_BILLING}/finalize", views.finalize),
    path(f"{_BILLING}/download", views.download),
    path("incomeBook", views.income),
    path("sandbox/abby/ledger", views.ledger),
    path("sandbox/abby/tell", views.change_state),
]
