"""Billing: products, orders, invoices, the journal and e-mails."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Facturation"

    def ready(self) -> None:
        from billing import customer_account, inbound, receivers, reports, sealed

        sealed.declare()
        customer_account.register()
        receivers.connect()
        inbound.register()
        reports.declare()
