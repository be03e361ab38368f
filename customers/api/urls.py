"""The API's addresses of this app; names live under `api:`."""

from __future__ import annotations

from django.urls import path

from customers.api import customers, terms

urlpatterns = [
    path("customers", customers.CustomerList.as_view(), name="customers"),
    path("customers/<int:id>", customers.CustomerItem.as_view(), name="customer"),
    path("payment-terms", terms.TermsList.as_view(), name="payment-terms"),
]
