"""The addresses of einvoicing."""

from django.urls import path

from einvoicing.views import compliance, crediting, sending, transmissions

app_name = "einvoicing"
urlpatterns = [
    path("invoices/<int:pk>/issue/", sending.invoice_issue, name="invoice-issue"),
    path("invoices/<int:pk>/send/", sending.invoice_send, name="invoice-send"),
    path("invoices/<int:pk>/credit/", crediting.invoice_credit, name="invoice-credit"),
    path("invoices/<int:pk>/transmit/", sending.invoice_transmit, name="invoice-transmit"),
    path("invoices/<int:pk>/documents/<slug:kind>/", sending.document_download, name="document-download"),
    path("transmissions/", transmissions.transmission_list, name="transmission-list"),
    path("transmissions/compliance/", compliance.compliance_dashboard, name="compliance"),
    path("transmissions/<int:pk>/", transmissions.transmission_detail, name="transmission-detail"),
    path("transmissions/<int:pk>/retry/", transmissions.transmission_retry, name="transmission-retry"),
]
