"""The addresses of billing."""

from django.urls import path

from billing.views import drafts, emails, invoices

app_name = "billing"
urlpatterns = [
    path("invoices/", invoices.invoice_list, name="invoice-list"),
    path("invoices/new/", drafts.invoice_new, name="invoice-new"),
    path("invoices/line-totals/", drafts.line_totals, name="line-totals"),
    path("invoices/<int:pk>/edit/", drafts.invoice_edit, name="invoice-edit"),
    path("invoices/<int:pk>/", invoices.invoice_detail, name="invoice-detail"),
    path("invoices/<int:pk>/preview/", invoices.invoice_preview, name="invoice-preview"),
    path("invoices/<int:pk>/notes/", invoices.invoice_notes, name="invoice-notes"),
    path("invoices/<int:pk>/dispute/", invoices.invoice_dispute, name="invoice-dispute"),
    path("invoices/<int:pk>/dispute/close/", invoices.invoice_dispute_close, name="invoice-dispute-close"),
    path("invoices/<int:pk>/delete/", invoices.invoice_delete, name="invoice-delete"),
    path("emails/", emails.email_list, name="email-list"),
    path("emails/<int:pk>/", emails.email_detail, name="email-detail"),
    path("emails/<int:pk>/resend/", emails.email_resend, name="email-resend"),
]
