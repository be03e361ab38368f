"""Billing: products, orders, invoices, the journal and e-mails."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Facturation"

    def ready(self) -> None:
        from billing import customer_account, erasing, inbound, merging, receivers, reports, sealed
        from billing.ledger import checks
        from billing.ledger.checks import books, documents, vat
        from billing.purchases import panels
        from billing.purchases.matching import say_differences

        sealed.declare()
        customer_account.register()
        merging.register()
        erasing.register()
        receivers.connect()
        inbound.register()
        reports.declare()
        panels.register(doubt_words=say_differences)
        checks.declare(*documents.CHECKS, *books.CHECKS, *vat.CHECKS)
