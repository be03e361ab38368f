"""E-reporting over REST: the periods of a year, one down to its documents, its file, and its sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel.api.documented import documented
from config.kernel.api.fields import Id, Moment, Money, Query, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import current_company_id
from einvoicing.api.documents import XML
from einvoicing.formats import ereporting
from einvoicing.reporting import overview
from einvoicing.reporting.building import Draft
from einvoicing.reporting.models import Channel, PeriodKind, Regime, Report, ReportStatus
from einvoicing.reporting.overview import STATES, PeriodStanding
from einvoicing.reporting.periods import KINDS, UnknownPeriod
from einvoicing.reporting.preparing import prepare_report
from einvoicing.reporting.reading import keep_standing
from einvoicing.reporting.rows import Row

FLUXES = ("10.1", "10.2", "10.3", "10.4")
PERIOD_KINDS = tuple(kind.lower() for kind in PeriodKind.values)
REPORT_REGIMES = [str(regime).lower() for regime in Regime.values]
REPORTING_CHANNELS = tuple(channel.lower() for channel in Channel.values)
PERIOD_STATES = tuple(STATES)
REPORT_STATUSES = tuple(status.lower() for status in ReportStatus.values)


class YearQuery(Query):
    year = serializers.IntegerField(min_value=2026, max_value=2199, required=False, help_text="This one when absent.")


class FluxSum(serializers.Serializer):
    """What a period comes to in one flux: net and VAT of sales; what was received, VAT included."""

    flux = serializers.ChoiceField(FLUXES)
    amount = Money()
    vat = Money()


class ReportingPeriodRow(serializers.Serializer):
    """A period of e-reporting and where it stands."""

    kind = Word(PeriodKind, source="period.kind")
    period = serializers.CharField(source="period.code", help_text="2026-11-1 for a décade, 2026-11 for a month.")
    start_date = serializers.DateField(source="period.start")
    end_date = serializers.DateField(source="period.end")
    opens_on = serializers.DateField(source="period.opens_on", help_text="First day on which it is sent.")
    due_on = serializers.DateField(source="period.due_on", help_text="The legal day.")
    regime = Word(Regime, source="choice.regime")
    channel = Word(Channel, source="choice.channel", help_text="flows: we report; platform: it does, and we compare.")
    state = serializers.ChoiceField(PERIOD_STATES)
    sums = serializers.SerializerMethodField()

    @extend_schema_field(FluxSum(many=True))
    def get_sums(self, one: PeriodStanding) -> list[dict[str, Any]]:
        sums = [{"flux": flux, "amount": amount, "vat": vat} for flux, amount, vat in one.amounts]
        return list(FluxSum(sums, many=True).data)


class PieceShape(serializers.Serializer):
    """What one document gives to a row."""

    document = serializers.CharField()
    document_id = Id()
    payment = serializers.CharField(help_text="'' of a sale, or where a credit note moved what was received.")
    payment_id = Id(allow_null=True)
    net = Money()
    vat = Money()
    amount = Money()


class ReportingRowShape(serializers.Serializer):
    """A row of the report. Sales have `net` and `vat`, payments `amount`; credit notes of 10.1 count against them."""

    flux = serializers.ChoiceField(FLUXES)
    date = serializers.DateField(source="day")
    label = serializers.CharField(help_text="TLB1, TPS1, TNT1 or TMA1 (10.3); the invoice (10.1, 10.2).")
    rate = serializers.SerializerMethodField(help_text="null for an invoice whole.")
    net = Money()
    vat = Money()
    amount = Money()
    documents = PieceShape(many=True, source="pieces")

    @extend_schema_field(Money(allow_null=True))
    def get_rate(self, row: Row) -> Any:
        return None if row.rate is None else Money().to_representation(row.rate)


class ReportShape(serializers.Serializer):
    """A report that was made, and where it is."""

    id = Id()
    turn = serializers.IntegerField(help_text="1 for the first of its period.")
    type = serializers.CharField(source="type_code", help_text="IN initial, RE the whole period again.")
    status = Word(ReportStatus)
    sha256 = serializers.CharField(help_text="Of the very file.")
    tracking_id = serializers.CharField()
    remote_id = serializers.CharField(help_text="The platform's own identifier.")
    last_error = serializers.CharField()
    made_at = Moment()
    deposited_at = Moment(allow_null=True)


class DifferenceShape(serializers.Serializer):
    """What the platform counted otherwise."""

    flux = serializers.ChoiceField(FLUXES)
    what = serializers.CharField()
    ours = serializers.CharField(help_text="'' where we have none.")
    theirs = serializers.CharField(help_text="'' where it has none.")


@dataclass(frozen=True, slots=True)
class WholePeriod:
    """A period read now: where it stands, and its rows."""

    standing: PeriodStanding
    draft: Draft

    def __getattr__(self, name: str) -> Any:
        return getattr(self.standing, name)


class ReportingPeriodShape(ReportingPeriodRow):
    """A period with its rows as the facts stand now, and its reports."""

    rows = serializers.SerializerMethodField()
    difficulties = serializers.SerializerMethodField(help_text="Documents that somebody should look at.")
    reports = ReportShape(many=True)
    differences = serializers.SerializerMethodField()

    @extend_schema_field(ReportingRowShape(many=True))
    def get_rows(self, one: WholePeriod) -> list[dict[str, Any]]:
        return list(ReportingRowShape(one.draft.rows, many=True).data)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_difficulties(self, one: WholePeriod) -> list[str]:
        return [f"{found.document}: {_(found.sentence)}" for found in one.draft.difficulties]

    @extend_schema_field(DifferenceShape(many=True))
    def get_differences(self, one: WholePeriod) -> list[dict[str, Any]]:
        return list(DifferenceShape(one.row.differences if one.row else [], many=True).data)


class ReportingView(ApiView):
    area = "einvoicing"

    def find(self, kind: str, period: str) -> WholePeriod:
        """Raises Http404."""
        if kind.upper() not in KINDS:
            raise Http404
        company = Company.objects.get(pk=current_company_id())
        try:
            return WholePeriod(*overview.standing_of(company, kind=kind.upper(), code=period, at=timezone.now()))
        except UnknownPeriod as error:
            raise Http404 from error


class ReportingPeriods(ReportingView):
    @operation(query=YearQuery, answer=ReportingPeriodRow, many=True)
    @documented(id="reporting_period_list")
    def get(self, request: Call) -> list[PeriodStanding]:
        """The periods of a year that have begun, the latest first, each with where it stands."""
        year = request.query.get("year", local_day(request.at).year)
        first = local_day(request.at).replace(year=year, month=1, day=1)
        return overview.standings(
            request.caller.company, at=request.at, since=first, until=first.replace(month=12, day=31)
        )


class ReportingPeriod(ReportingView):
    @operation(answer=ReportingPeriodShape)
    @documented(id="reporting_period_retrieve")
    def get(self, request: Call, kind: str, period: str) -> WholePeriod:
        """A period (`sales`, `purchases`, `payments`) as its facts stand now, each row with its documents."""
        return self.find(kind, period)


class ReportingFile(ReportingView):
    @operation()
    @documented(id="reporting_period_file", media_types=(XML,))
    def get(self, request: Call, kind: str, period: str) -> HttpResponseBase:
        """The file of the period (flux 10) as it would leave now."""
        content = self.find(kind, period).draft.content
        answer = HttpResponse(ereporting.render(content), content_type=XML)
        answer["Content-Disposition"] = f'attachment; filename="{content.report_id}.xml"'
        return answer


class ReportingReports(ReportingView):
    @operation(action="einvoicing.send", answer=ReportShape)
    @created()
    @repeatable(OPTIONAL)
    @documented(id="reporting_report_create")
    def post(self, request: Call, kind: str, period: str) -> Report:
        """Make the report of a period and put it in the queue; where one was accepted, the whole period again (RE).

        Refused where the platform reports (`not_reported_by_us`), before its day (`period_not_over`), with nothing to
        say (`nothing_to_report`), where nothing has changed (`reported_as_it_is`) or another is under way
        (`report_under_way`).
        """
        found = self.find(kind, period)
        row = keep_standing(found.draft, found.standing.choice, at=request.at)
        return prepare_report(period=row, actor=request.caller.actor, at=request.at)
