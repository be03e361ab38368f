"""The addresses of « Achats › Règlements »; names live under `payments:`."""

from django.urls import path

from payments.outgoing.suppliers import due_views
from payments.outgoing.suppliers import run_views as runs
from payments.outgoing.suppliers import views as payments

urlpatterns = [
    path("purchases/payments/", due_views.supplier_due, name="supplier-due"),
    path("purchases/payments/runs/", runs.run_list, name="run-list"),
    path("purchases/payments/runs/<int:pk>/", runs.run_detail, name="run-detail"),
    path("purchases/payments/runs/<int:pk>/change/", runs.run_change, name="run-change"),
    path("purchases/payments/runs/<int:pk>/submit/", runs.run_submit, name="run-submit"),
    path("purchases/payments/runs/<int:pk>/reopen/", runs.run_reopen, name="run-reopen"),
    path("purchases/payments/runs/<int:pk>/order/", runs.run_order, name="run-order"),
    path("purchases/payments/runs/<int:pk>/cancel/", runs.run_cancel, name="run-cancel"),
    path("purchases/payments/runs/<int:pk>/file/", runs.run_file, name="run-file"),
    path("purchases/payments/run-lines/<int:pk>/remove/", runs.run_line_remove, name="run-line-remove"),
    path("purchases/payments/made/", payments.payment_list, name="supplier-payment-list"),
    path("purchases/payments/made/<int:pk>/", payments.payment_detail, name="supplier-payment-detail"),
    path("purchases/payments/made/<int:pk>/cancel/", payments.payment_cancel, name="supplier-payment-cancel"),
    path("purchases/payments/made/<int:pk>/return/", payments.payment_return, name="supplier-payment-return"),
    path("purchases/payments/settings/", payments.paying_settings, name="paying-settings"),
    path("purchases/<int:pk>/pay/", payments.payment_new, name="supplier-payment-new"),
]
