"""The addresses of payments."""

from django.urls import path

from payments.views import crediting

app_name = "payments"
urlpatterns = [
    path("invoices/<int:pk>/credit/", crediting.invoice_credit, name="invoice-credit"),
]
