"""The addresses of what is collected otherwise than by transfer; names live under `payments:`."""

from django.urls import path

from payments.debits import mandate_views as mandates
from payments.debits import views as debits
from payments.views import remittances

urlpatterns = [
    path("debits/", debits.debit_list, name="debit-list"),
    path("debits/returns/", debits.debit_returns, name="debit-returns"),
    path("debits/orders/", debits.debit_order_list, name="debit-order-list"),
    path("debits/orders/new/", debits.debit_order_new, name="debit-order-new"),
    path("debits/orders/<int:pk>/", debits.debit_order_detail, name="debit-order-detail"),
    path("debits/orders/<int:pk>/file/", debits.debit_order_file, name="debit-order-file"),
    path("debits/orders/<int:pk>/cancel/", debits.debit_order_cancel, name="debit-order-cancel"),
    path("debits/<int:pk>/cancel/", debits.debit_cancel, name="debit-cancel"),
    path("debits/<int:pk>/reject/", debits.debit_reject, name="debit-reject"),
    path("debits/<int:pk>/take-back/", debits.debit_take_back, name="debit-take-back"),
    path("debits/<int:pk>/handled/", debits.debit_handled, name="debit-handled"),
    path("debits/settings/", mandates.collection_settings, name="collection-settings"),
    path("mandates/", mandates.mandate_list, name="mandate-list"),
    path("mandates/new/<int:pk>/", mandates.mandate_new, name="mandate-new"),
    path("mandates/<int:pk>/", mandates.mandate_detail, name="mandate-detail"),
    path("mandates/<int:pk>/form/", mandates.mandate_form, name="mandate-form"),
    path("mandates/<int:pk>/sign/", mandates.mandate_sign, name="mandate-sign"),
    path("mandates/<int:pk>/revoke/", mandates.mandate_revoke, name="mandate-revoke"),
    path("remittances/", remittances.remittance_list, name="remittance-list"),
    path("remittances/new/", remittances.remittance_new, name="remittance-new"),
    path("remittances/<int:pk>/", remittances.remittance_detail, name="remittance-detail"),
    path("remittances/<int:pk>/slip/", remittances.remittance_slip, name="remittance-slip"),
    path("remittances/<int:pk>/cancel/", remittances.remittance_cancel, name="remittance-cancel"),
    path("till/", remittances.till, name="till"),
]
