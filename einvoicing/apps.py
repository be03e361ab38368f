"""E-invoicing: legal formats, their validation, and the platforms that carry them."""

from django.apps import AppConfig


class EinvoicingConfig(AppConfig):
    name = "einvoicing"
    verbose_name = "Facturation électronique"

    def ready(self) -> None:
        from einvoicing import checks, inbound, panels, receivers, sealed

        checks.declare()
        sealed.declare()
        receivers.connect()
        panels.register()
        inbound.register()
