"""The addresses of the simulated Revolut and Invoice Ninja, among those that the sandbox serves."""

from payments.sandbox.invoice_ninja.urls import urlpatterns as invoice_ninja
from payments.sandbox.revolut.urls import urlpatterns as revolut

urlpatterns = [*revolut, *invoice_ninja]
