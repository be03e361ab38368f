"""The addresses of the simulated payment provider."""

from django.urls import path

from payments.sandbox.hosted_checkout import views

BASE = "hosted-checkout"

urlpatterns = [
    path(f"{BASE}/v1/checkouts", views.checkouts),
    path(f"{BASE}/v1/checkouts/<str:key>", views.checkout),
    path(f"{BASE}/v1/checkouts/<str:key>/expire", views.expire),
    path(f"{BASE}/v1/payouts", views.payouts),
    path(f"{BASE}/pay/<str:key>", views.page),
    path("sandbox/hosted-checkout/tell", views.tell),
    path("sandbox/hosted-checkout/webhook", views.webhook),
    path("sandbox/hosted-checkout/payout", views.payout),
]
