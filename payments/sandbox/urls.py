"""The addresses of the simulated Revolut, Invoice Ninja and payment provider, among those that the sandbox serves."""

from payments.sandbox.hosted_checkout.urls import urlpatterns as hosted_checkout
from payments.sandbox.invoice_ninja.urls import urlpatterns as invoice_ninja
from payments.sandbox.revolut.urls import urlpatterns as revolut

urlpatterns = [*revolut, *invoice_ninja, *hosted_checkout]
