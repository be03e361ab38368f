"""The addresses of billing."""

from django.urls import path

from billing.views import (
    deposits,
    drafts,
    emails,
    generating,
    invoice_list,
    invoices,
    lines,
    order_list,
    orders,
    products,
)
from billing.views.purchases import listing as purchases
from billing.views.purchases import records, suppliers

app_name = "billing"
urlpatterns = [
    path("lines/totals/", lines.line_totals, name="line-totals"),
    path("lines/paste/", lines.lines_paste, name="lines-paste"),
    path("products/options/", lines.product_options, name="product-options"),
    path("products/", products.product_list, name="product-list"),
    path("products/new/", products.product_new, name="product-new"),
    path("products/<int:pk>/", products.product_detail, name="product-detail"),
    path("products/<int:pk>/edit/", products.product_edit, name="product-edit"),
    path("products/<int:pk>/stock/", products.product_stock, name="product-stock"),
    path("products/<int:pk>/archive/", products.product_archive, name="product-archive"),
    path("products/<int:pk>/restore/", products.product_restore, name="product-restore"),
    path("orders/", order_list.order_list, name="order-list"),
    path("orders/new/", orders.order_new, name="order-new"),
    path("orders/invoice/", generating.order_invoice_many, name="order-invoice-many"),
    path("orders/<int:pk>/", orders.order_detail, name="order-detail"),
    path("orders/<int:pk>/edit/", orders.order_edit, name="order-edit"),
    path("orders/<int:pk>/confirm/", orders.order_confirm, name="order-confirm"),
    path("orders/<int:pk>/ship/", orders.order_ship, name="order-ship"),
    path("orders/<int:pk>/cancel/", orders.order_cancel, name="order-cancel"),
    path("orders/<int:pk>/invoice/", orders.order_invoice, name="order-invoice"),
    path("orders/<int:pk>/deposit/", deposits.order_deposit, name="order-deposit"),
    path("invoices/", invoice_list.invoice_list, name="invoice-list"),
    path("invoices/new/", drafts.invoice_new, name="invoice-new"),
    path("invoices/<int:pk>/edit/", drafts.invoice_edit, name="invoice-edit"),
    path("invoices/<int:pk>/", invoices.invoice_detail, name="invoice-detail"),
    path("invoices/<int:pk>/preview/", invoices.invoice_preview, name="invoice-preview"),
    path("invoices/<int:pk>/deposit/", deposits.invoice_deposit, name="invoice-deposit"),
    path("invoices/<int:pk>/deductions/", deposits.invoice_deductions, name="invoice-deductions"),
    path("invoices/<int:pk>/correct/", deposits.invoice_correct, name="invoice-correct"),
    path("invoices/<int:pk>/notes/", invoices.invoice_notes, name="invoice-notes"),
    path("invoices/<int:pk>/dispute/", invoices.invoice_dispute, name="invoice-dispute"),
    path("invoices/<int:pk>/dispute/close/", invoices.invoice_dispute_close, name="invoice-dispute-close"),
    path("invoices/<int:pk>/delete/", invoices.invoice_delete, name="invoice-delete"),
    path("purchases/", purchases.purchase_list, name="purchase-list"),
    path("purchases/<int:pk>/", records.purchase_detail, name="purchase-detail"),
    path("purchases/suppliers/", suppliers.supplier_list, name="supplier-list"),
    path("purchases/suppliers/<int:pk>/", suppliers.supplier_detail, name="supplier-detail"),
    path("emails/", emails.email_list, name="email-list"),
    path("emails/<int:pk>/", emails.email_detail, name="email-detail"),
    path("emails/<int:pk>/resend/", emails.email_resend, name="email-resend"),
]
