"""What was received, by period and method."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from rest_framework import serializers

from config.kernel.api.documented import documented
from config.kernel.api.examples import received
from config.kernel.api.fields import Moment, Money, Word
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call
from payments.api import rows
from payments.api.bodies import StatsQuery
from payments.api.fields import METHODS
from payments.services import reports


class PeriodShape(serializers.Serializer):
    period = Moment(help_text="The first instant of the period, in UTC.")
    payment_method = Word(METHODS)
    payment_count = serializers.IntegerField()
    total_amount = Money()

    def to_representation(self, instance: dict[str, Any]) -> Any:
        first = datetime.combine(instance["period"], time.min, UTC)
        return super().to_representation({**instance, "period": first, "payment_method": instance["method"]})


class TotalShape(serializers.Serializer):
    total_payments = serializers.IntegerField()
    total_amount = Money()
    average_payment = Money()
    invoices_paid = serializers.IntegerField(help_text="How many invoices these payments pay, wholly or in part.")


class StatsShape(serializers.Serializer):
    by_period = PeriodShape(many=True)
    total = TotalShape()


SEED_STATS = {
    "by_period": [
        {
            "period": "2024-10-01T00:00:00Z", "payment_method": "transfer", "payment_count": 15,
            "total_amount": 45000.00,
        }
    ],
    "total": {
        "total_payments": 150, "total_amount": 450000.00, "average_payment": 3000.00, "invoices_paid": 125,
    },
}  # fmt: skip


class PaymentStats(ApiView):
    area = "payments"

    @operation(query=StatsQuery, answer=StatsShape)
    @documented(id="payment_stats", examples=[received(SEED_STATS)])
    def get(self, request: Call) -> dict[str, Any]:
        """What was received, by period and method.

        Payments taken back do not count. At most the latest 1,000 rows of `by_period`; `total` is of everything asked
        for. One currency at a time; weeks begin on Monday.
        """
        found = rows.narrowed(reports.live_payments(), request.query)
        return {
            "by_period": reports.received_by_period(found, request.query["period"]),
            "total": reports.received_in_all(found),
        }
