"""E-invoicing: legal formats, their validation, and the platforms that carry them."""

from django.apps import AppConfig


class EinvoicingConfig(AppConfig):
    name = "einvoicing"
    verbose_name = "Facturation électronique"

    def ready(self) -> None:
        from billing.ledger import checks as closing
        from billing.ledger.dossier import declare_part
        from billing.purchases import panels as purchases
        from einvoicing import checks, closing_checks, dossier, inbound, lifecycle, panels, receivers, sealed
        from einvoicing.reception import panels as document_panels
        from einvoicing.reception.answers import panels as answer_panels
        from einvoicing.reception.answers import receivers as answers
        from einvoicing.reception.statuses import rejected_since_approval
        from einvoicing.reporting import bought
        from einvoicing.reporting.purchases import SOURCES
        from payments.outgoing.suppliers.due import REJECTIONS

        checks.declare()
        closing.declare(*closing_checks.CHECKS)
        declare_part(dossier.statuses)
        SOURCES.append(bought.purchases_abroad)
        REJECTIONS.append(rejected_since_approval)
        sealed.declare()
        receivers.connect()
        answers.connect()
        panels.register()
        answer_panels.register()
        document_panels.register()
        inbound.register()
        purchases.register(reason_words=lifecycle.reason)
