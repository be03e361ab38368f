"""The addresses of what is collected otherwise than by transfer; names live under `payments:`."""

from django.urls import path

from payments.views import remittances

urlpatterns = [
    path("remittances/", remittances.remittance_list, name="remittance-list"),
    path("remittances/new/", remittances.remittance_new, name="remittance-new"),
    path("remittances/<int:pk>/", remittances.remittance_detail, name="remittance-detail"),
    path("remittances/<int:pk>/slip/", remittances.remittance_slip, name="remittance-slip"),
    path("remittances/<int:pk>/cancel/", remittances.remittance_cancel, name="remittance-cancel"),
    path("till/", remittances.till, name="till"),
]
