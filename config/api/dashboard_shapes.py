"""The dashboard as numbers: what is asked, and what it says of one company or of several."""

from __future__ import annotations

from rest_framework import serializers

from config.kernel.api.fields import Day, Id, Money, Number, Query
from config.pages.dashboard.asking import MONTHS
from payments.dated_sums.reading import BUCKETS

OWN, ALL = "own", "all"


class DashboardQuery(Query):
    on = Day(required=False, help_text="As of the end of this day; today when absent, and when later.")
    months = serializers.ChoiceField(MONTHS, default=12, help_text="How many months are told, up to that of the day.")
    currency = serializers.RegexField("^[A-Z]{3}$", default="EUR", max_length=3)
    companies = serializers.ChoiceField(
        (OWN, ALL), default=OWN, help_text="`all`: every company whose finance the person reads; a key has one."
    )
    forecast = serializers.BooleanField(default=False, help_text="With `cash_forecast`, which takes a while.")


class BucketsOfDay(serializers.Serializer):
    """What is owed by its days late."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {name: Money() for name in BUCKETS}


class DsoOfDay(serializers.Serializer):
    """Days of sales to be received, to a tenth; null where nothing was billed."""

    count_back = Number(max_digits=8, decimal_places=1, allow_null=True)
    simple = Number(max_digits=8, decimal_places=1, allow_null=True, help_text="Over the sales of a year.")
    best_possible = Number(max_digits=8, decimal_places=1, allow_null=True, help_text="`simple`, if nothing were late.")


class MonthOfFigures(serializers.Serializer):
    month = serializers.RegexField(r"^\d{4}-\d\d$")
    received = Money()
    refunded = Money()
    paid_to_suppliers = Money()
    net = Money(help_text="Billed without VAT, credit notes taken off.")
    net_year_before = Money()
    owed = Money(help_text="At the end of the month, or of the day asked for.")
    dso_simple = Number(max_digits=8, decimal_places=1, allow_null=True)
    dso_count_back = Number(max_digits=8, decimal_places=1, allow_null=True)


class DebtorOfDay(serializers.Serializer):
    company_id = Id()
    customer_id = Id()
    customer_name = serializers.CharField()
    owed = Money()


class OtherCurrency(serializers.Serializer):
    currency = serializers.CharField()
    owed = Money()


class RangeShape(serializers.Serializer):
    """One chance in ten to be below `p10`, one in ten to be above `p90`."""

    p10 = Money()
    p50 = Money()
    p90 = Money()


class ForecastWeek(serializers.Serializer):
    from_date = serializers.DateField()
    to_date = serializers.DateField()
    inflow = RangeShape()
    outflow = Money(help_text="To suppliers.")
    vat = Money()
    balance = RangeShape(allow_null=True, help_text="At the end of the week; null without a known bank balance.")


class VatToComeShape(serializers.Serializer):
    """Of the days since the last return, as the books have it."""

    company_id = Id()
    from_date = serializers.DateField(allow_null=True, help_text="The day after the last return; null: none was filed.")
    collected = Money()
    deductible = Money()
    credit = Money(help_text="Carried from the last return.")
    due = Money(help_text="Negative: a credit.")
    due_on = serializers.DateField(allow_null=True)


class ForecastShape(serializers.Serializer):
    """Thirteen weeks from tomorrow, of invoices already issued, by each customer's own delays."""

    basis = serializers.ChoiceField(("delays", "due_dates"), help_text="`due_dates`: too few invoices were paid yet.")
    learnt_from = serializers.IntegerField(help_text="Paid invoices of two years.")
    disputed = Money(help_text="By customers: not counted.")
    disputed_purchases = Money()
    unmatched_money = Money(help_text="At the bank already: not expected a second time.")
    weeks = ForecastWeek(many=True)
    vat_to_come = VatToComeShape(many=True)


class FiguresShape(serializers.Serializer):
    """The same figures as the page « Tableau de bord »; amounts include VAT where it is not said."""

    on = serializers.DateField()
    currency = serializers.CharField()
    company_ids = serializers.ListField(child=Id())
    bank_balance = Money(allow_null=True, help_text="Of the accounts whose balance is known.")
    owed = Money()
    late = Money()
    unallocated_credit = Money(help_text="What customers paid that no invoice holds; in no bucket.")
    aging = BucketsOfDay()
    dso = DsoOfDay()
    monthly = MonthOfFigures(many=True)
    largest_debtors = DebtorOfDay(many=True)
    other_currencies = OtherCurrency(many=True, help_text="Owed in them, and not added.")
    alerts = serializers.ListField(child=serializers.CharField())
    cash_forecast = ForecastShape(allow_null=True)
