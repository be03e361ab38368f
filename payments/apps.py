"""Payments: money received, what it pays, the bank, and who has not paid."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Encaissements et banque"

    def ready(self) -> None:
        from billing.ledger import checks
        from payments import (
            closing_checks,
            customer_account,
            erasing,
            inbound,
            merging,
            panels,
            receivers,
            reports,
            sealed,
        )
        from payments.outgoing.suppliers import panels as paying
        from payments.portal import letters

        sealed.declare()
        panels.register()
        paying.register()
        customer_account.register()
        merging.register()
        erasing.register()
        inbound.register()
        receivers.connect()
        letters.register()
        reports.declare()
        checks.declare(*closing_checks.CHECKS)
