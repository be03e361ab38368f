"""The Chorus Pro module's addresses, as partners know them; names live under `chorus:`."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from config.kernel.api.problems import unknown_address
from einvoicing.api import chorus_pro, chorus_pro_bodies

app_name = "chorus"
urlpatterns: list[URLPattern] = [
    path("invoices/submit", chorus_pro.Submit.as_view(), name="submit"),
    path("invoices/<int:chorusInvoiceId>/status", chorus_pro.Status.as_view(), name="status"),
    path("invoices/query", chorus_pro.Search.as_view(), name="query"),
    path("invoices/supplier/<str:siret>", chorus_pro.SupplierInvoices.as_view(), name="supplier"),
    path("invoices/supplier/<str:siret>/rejected", chorus_pro.SupplierRejected.as_view(), name="supplier-rejected"),
    path("invoices/supplier/<str:siret>/paid", chorus_pro.SupplierPaid.as_view(), name="supplier-paid"),
    path("invoices/supplier/<str:siret>/pending", chorus_pro.SupplierPending.as_view(), name="supplier-pending"),
    path("entities/lookup", chorus_pro_bodies.Lookup.as_view(), name="entity-lookup"),
    path("entities/<str:siret>/accepts-einvoices", chorus_pro_bodies.Accepts.as_view(), name="entity-accepts"),
    path("entities/<str:siret>/services", chorus_pro_bodies.Services.as_view(), name="entity-services"),
    path("statistics/supplier/<str:siret>", chorus_pro.Statistics.as_view(), name="statistics"),
    path("health/test-connection", chorus_pro.Health.as_view(), name="health"),
    re_path(r"^(?P<rest>[\s\S]*)$", unknown_address, name="unknown"),
]
