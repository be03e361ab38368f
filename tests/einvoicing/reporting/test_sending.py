"""Reports on their way: made once, judged, sent once, followed, corrected whole; refused where they count twice."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
import requests

from config.kernel.errors import RemoteError
from config.kernel.models import VatRegime
from config.kernel.scope import company_scope
from einvoicing.formats import ereporting
from einvoicing.models import PlatformAccount
from einvoicing.platforms.base import Deposit
from einvoicing.platforms.registry import connect
from einvoicing.reporting.choosing import (
    AlreadyReported,
    NotAPeriodStart,
    ReportStopped,
    choices_of,
    choose_reporting,
    processing_rule,
)
from einvoicing.reporting.models import Channel, Regime, Report, ReportPeriod, ReportStatus
from einvoicing.reporting.preparing import (
    NothingToReport,
    NotReportedByUs,
    PeriodNotOver,
    ReportedAsItIs,
    ReportUnderWay,
    prepare_due,
    prepare_report,
    retry_report,
)
from einvoicing.reporting.reading import refresh_periods
from einvoicing.reporting.transmitting import REPORTS
from einvoicing.services.carrying import Carrier
from einvoicing.services.comparing import compare_account
from einvoicing.services.polling import poll_account
from einvoicing.services.routing import settings_of
from payments.services.payments import reverse_payment
from tests.einvoicing.reporting.conftest import reports_itself
from tests.einvoicing.reporting.selling import a_german, a_sale, an_individual, noon, paid
from tests.factories import platforms, story
from tests.factories.story import ACTOR

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 11, 5)
AFTER = noon(date(2026, 11, 12))
DECEMBER = noon(date(2026, 12, 3))


def the_period(company, day=DAY, kind="SALES", at=AFTER):
    refresh_periods(company=company, at=at)
    return ReportPeriod.objects.get(kind=kind, start__lte=day, end__gte=day)


def carried(company, at=AFTER):
    """All that is due carried, and the platform read."""
    REPORTS.sweep(now=lambda: at)
    account = PlatformAccount.objects.get(company=company)
    poll_account(account=account, at=at)


def sent(company, period, at=AFTER):
    report = prepare_report(period=period, actor=ACTOR, at=at)
    carried(company, at)
    report.refresh_from_db()
    return report


def fails(company, sandbox, kind, *, operation="deposit", times=1):
    client_id = PlatformAccount.objects.get(company=company).client_id
    order = {"kind": kind, "operation": operation, "remaining": times, "client_id": client_id}
    requests.post(f"{sandbox}/sandbox/faults", json=order, timeout=5)


def flows_at(sandbox, report):
    asked = {"tracking_id": report.tracking_id}
    return requests.get(f"{sandbox}/sandbox/ledger", params=asked, timeout=5).json()["entries"]


def test_a_report_is_sent_judged_and_accepted(reporter, sandbox):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    report = sent(reporter, the_period(reporter))
    assert (report.status, report.type_code, report.turn) == (ReportStatus.ACCEPTED, "IN", 1)
    content = ereporting.parse(bytes(report.content))
    assert (content.sender_code, content.sales[0].net) == ("0999", Decimal("100.00"))
    assert report.rows["10.3"][0]["rates"][0]["documents"][0]["number"] == "FAC-2026-00001"
    assert flows_at(sandbox, report)[0]["received"] == 1


def test_nothing_is_sent_twice_nor_before_its_day(reporter):
    period = the_period(reporter)
    with pytest.raises(NothingToReport):
        prepare_report(period=period, actor=ACTOR, at=AFTER)
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    with pytest.raises(PeriodNotOver):
        prepare_report(period=period, actor=ACTOR, at=noon(date(2026, 11, 10)))
    sent(reporter, period)
    with pytest.raises(ReportedAsItIs):
        prepare_report(period=period, actor=ACTOR, at=AFTER)


def test_what_comes_late_is_said_again_with_the_whole_period(reporter):
    someone = an_individual(reporter)
    invoice = a_sale(someone, DAY, ("100.00", "20", True))
    payment = paid(invoice, DAY)
    period = the_period(reporter, kind="PAYMENTS", at=DECEMBER)
    assert sent(reporter, period, DECEMBER).type_code == "IN"
    other = a_sale(someone, date(2026, 11, 7), ("50.00", "10", True))
    paid(other, date(2026, 11, 9))
    correction = sent(reporter, period, DECEMBER + timedelta(days=1))
    assert (correction.status, correction.type_code, correction.turn) == (ReportStatus.ACCEPTED, "RE", 2)
    whole = ereporting.parse(bytes(correction.content))
    assert [(one.day.day, one.amounts[0].amount) for one in whole.payments] == [
        (5, Decimal("120.00")),
        (9, Decimal("55.00")),
    ]
    # taken back in another month: this one stays as it was told
    reverse_payment(payment=payment, reason="Erreur", actor=ACTOR, at=DECEMBER + timedelta(days=2))
    with pytest.raises(ReportedAsItIs):
        prepare_report(period=period, actor=ACTOR, at=DECEMBER + timedelta(days=3))


def test_a_negative_month_is_sent_and_taken(reporter):
    payment = paid(a_sale(an_individual(reporter), DAY, ("100.00", "20", True)), DAY)
    reverse_payment(payment=payment, reason="Erreur", actor=ACTOR, at=DECEMBER)
    january = noon(date(2027, 1, 4))
    report = sent(reporter, the_period(reporter, date(2026, 12, 3), "PAYMENTS", january), january)
    assert report.status == ReportStatus.ACCEPTED
    assert b"<Amount>-120.00</Amount>" in bytes(report.content)


def test_a_waiting_report_gives_way_to_what_is_true_now(reporter):
    someone = an_individual(reporter)
    a_sale(someone, DAY, ("100.00", "20", False))
    period = the_period(reporter)
    first = prepare_report(period=period, actor=ACTOR, at=AFTER)
    a_sale(someone, date(2026, 11, 6), ("10.00", "20", False))
    second = sent(reporter, period)
    first.refresh_from_db()
    assert (first.status, second.status, second.type_code) == (ReportStatus.REPLACED, ReportStatus.ACCEPTED, "IN")


def test_a_report_under_way_holds_its_period(reporter):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    period = the_period(reporter)
    report = prepare_report(period=period, actor=ACTOR, at=AFTER)
    REPORTS.claim(at=AFTER)
    with pytest.raises(ReportUnderWay):
        prepare_report(period=period, actor=ACTOR, at=AFTER)
    assert Report.objects.get().pk == report.pk


@pytest.mark.parametrize("fault", ["reset-after-accept", "accepted-then-500", "empty-body"])
def test_a_lost_answer_is_looked_up_and_nothing_leaves_twice(reporter, sandbox, fault):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    fails(reporter, sandbox, fault)
    report = sent(reporter, the_period(reporter))
    assert report.status == ReportStatus.UNKNOWN
    # the look-up itself fails: nothing is known yet
    fails(reporter, sandbox, "500", operation="search", times=50)
    REPORTS.sweep(now=lambda: AFTER + timedelta(hours=1))
    requests.delete(f"{sandbox}/sandbox/faults", timeout=5)
    report.refresh_from_db()
    assert (report.status, report.in_doubt) == (ReportStatus.UNKNOWN, True)
    carried(reporter, AFTER + timedelta(hours=9))
    report.refresh_from_db()
    assert report.status == ReportStatus.ACCEPTED
    assert flows_at(sandbox, report)[0]["received"] == 1


def test_a_carrier_that_died_leaves_a_report_that_is_asked_about(reporter, sandbox, monkeypatch):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    report = prepare_report(period=the_period(reporter), actor=ACTOR, at=AFTER)

    def dies(*_args, **_values):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Carrier, "_record_receipt", dies)
        with pytest.raises(SystemExit):
            REPORTS.sweep(now=lambda: AFTER)
    carried(reporter, AFTER + timedelta(hours=1))
    report.refresh_from_db()
    assert report.status == ReportStatus.ACCEPTED
    assert flows_at(sandbox, report)[0]["received"] == 1


def test_what_breaks_the_official_rules_does_not_leave(reporter, sandbox):
    reporter.vat_number = ""
    reporter.save()
    a_sale(a_german(reporter), DAY, ("100.00", "0", False), vat_category="K")
    period = the_period(reporter)
    report = sent(reporter, period)
    assert report.status == ReportStatus.INVALID
    assert {one["rule"] for one in report.violations} == {"G2.33"}
    assert flows_at(sandbox, report) == []


def test_a_platform_that_does_not_know_us_is_left_to_a_person(reporter):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    report = prepare_report(period=the_period(reporter), actor=ACTOR, at=AFTER)
    account = PlatformAccount.objects.get(company=reporter)
    platforms.give_secret(account, "wrong")
    REPORTS.sweep(now=lambda: AFTER)
    report.refresh_from_db()
    assert (report.status, report.error_class) == (ReportStatus.DEAD, "AUTH")
    platforms.give_secret(account)
    retry_report(report=report, actor=ACTOR, at=AFTER + timedelta(hours=1))
    carried(reporter, AFTER + timedelta(hours=1))
    report.refresh_from_db()
    assert report.status == ReportStatus.ACCEPTED


def test_reports_leave_by_themselves_two_days_before_the_legal_day(reporter):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    the_period(reporter)
    assert prepare_due(company=reporter, actor=ACTOR, at=noon(date(2026, 11, 17))) == []
    (report,) = prepare_due(company=reporter, actor=ACTOR, at=noon(date(2026, 11, 18)))
    assert report.period.code == "2026-11-1"
    assert prepare_due(company=reporter, actor=ACTOR, at=noon(date(2026, 11, 18))) == []


def test_corrections_leave_by_themselves_once_the_facts_have_changed(reporter):
    someone = an_individual(reporter)
    a_sale(someone, DAY, ("100.00", "20", False))
    sent(reporter, the_period(reporter))
    a_sale(someone, date(2026, 11, 6), ("10.00", "20", False))
    later = AFTER + timedelta(days=1)
    refresh_periods(company=reporter, at=later)
    (report,) = prepare_due(company=reporter, actor=ACTOR, at=later)
    assert report.type_code == "RE"


def test_a_company_that_chose_to_press_the_button_keeps_it(reporter):
    other = story.a_company()
    reports_itself(other, sends_automatically=False)
    with company_scope(other):
        a_sale(an_individual(other), DAY, ("100.00", "20", False))
        the_period(other)
        assert prepare_due(company=other, actor=ACTOR, at=noon(date(2026, 11, 19))) == []


def test_the_platform_refuses_what_would_count_twice(reporter, sandbox):
    german = a_german(reporter)
    a_sale(german, DAY, ("100.00", "0", False), vat_category="K")
    report = sent(reporter, the_period(reporter))
    account = PlatformAccount.objects.get(company=reporter)
    content = ereporting.parse(bytes(report.content))
    platform = connect(settings_of(account))

    def verdict(**changes):
        data = ereporting.render(dataclasses.replace(content, report_id=uuid.uuid4().hex, **changes))
        deposit = Deposit(
            data=data, name="r.xml", syntax="FRR", tracking_id=uuid.uuid4().hex, processing_rule="NotApplicable"
        )
        receipt = platform.deposit(deposit)
        platform.find(deposit.tracking_id)  # the simulator judges when somebody looks
        answer = platform.acknowledgement(receipt.remote_id)
        return answer.status.name, " ".join(one.reason_message for one in answer.details)

    assert verdict(type_code="RE")[0] == "OK"
    assert "déjà déclarée" in verdict(type_code="IN")[1]
    assert "recouvre" in verdict(end=date(2026, 11, 20), created_at=DECEMBER)[1]
    second = {"start": date(2026, 11, 11), "end": date(2026, 11, 20), "created_at": DECEMBER}
    assert "pas de la période" in verdict(**second)[1]
    moved = tuple(dataclasses.replace(one, issue_date=date(2026, 11, 12)) for one in content.invoices)
    assert "autre période" in verdict(**second, invoices=moved)[1]
    assert "Rien n’est déclaré" in verdict(**second, invoices=(), type_code="RE")[1]
    assert "pas terminée" in verdict(**{**second, "created_at": AFTER}, invoices=())[1]
    assert verdict(**second, invoices=())[0] == "OK"
    platform.close()


def test_our_reports_are_no_strangers_at_the_platform(reporter):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    sent(reporter, the_period(reporter))
    account = PlatformAccount.objects.get(company=reporter)
    assert compare_account(account=account, at=AFTER).strangers == ()


def test_what_we_report_ourselves_the_platform_does_not_count(reporter):
    individual, german, french = an_individual(reporter), a_german(reporter), story.a_customer(reporter)
    rules = [processing_rule(a_sale(one, DAY, ("10.00", "20", False))) for one in (individual, german, french)]
    assert rules == ["OutOfScope", "OutOfScope", "B2B"]


def test_by_default_the_platform_counts(db):
    company = story.a_company(size="ETI")
    with company_scope(company):
        assert processing_rule(a_sale(an_individual(company), DAY, ("10.00", "20", False))) == "B2C"
        (choice,) = choices_of(company)
        assert (choice.since, choice.channel, choice.regime) == (date(2026, 9, 1), Channel.PLATFORM, Regime.MONTHLY)
        period = the_period(company)
        with pytest.raises(NotReportedByUs):
            prepare_report(period=period, actor=ACTOR, at=AFTER)


def test_a_choice_begins_with_a_period_after_what_is_reported(reporter):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    sent(reporter, the_period(reporter))

    def choose(since, regime=Regime.MONTHLY):
        choose_reporting(
            company=reporter, since=since, regime=regime, channel=Channel.PLATFORM, sends_automatically=False,
            sender_code="", actor=ACTOR, at=AFTER,
        )  # fmt: skip

    with pytest.raises(AlreadyReported):
        choose(date(2026, 11, 1))
    with pytest.raises(NotAPeriodStart):
        choose(date(2026, 12, 1), Regime.FRANCHISE)
    choose(date(2026, 12, 1), Regime.QUARTERLY)
    refresh_periods(company=reporter, at=DECEMBER)
    starts = ReportPeriod.objects.filter(kind="SALES", start__gte=DAY).order_by("start").values_list("code", "channel")
    assert list(starts) == [("2026-11-2", "FLOWS"), ("2026-11-3", "FLOWS"), ("2026-12", "PLATFORM")]


def test_a_regime_changed_while_a_report_stands_still_leaves_that_report_its_period(reporter):
    someone = an_individual(reporter)
    a_sale(someone, DAY, ("100.00", "20", False))
    report = prepare_report(period=the_period(reporter), actor=ACTOR, at=AFTER)
    account = PlatformAccount.objects.get(company=reporter)
    platforms.give_secret(account, "wrong")
    REPORTS.sweep(now=lambda: AFTER)
    report.refresh_from_db()
    assert report.status == ReportStatus.DEAD

    def choose(since):
        return choose_reporting(
            company=reporter, since=since, regime=Regime.QUARTERLY, channel=Channel.FLOWS, sends_automatically=False,
            sender_code="0999", actor=ACTOR, at=AFTER,
        )  # fmt: skip

    with pytest.raises(ReportStopped, match="faites-la aboutir"):
        choose(date(2026, 11, 1))
    choose(date(2026, 12, 1))
    reporter.vat_regime = VatRegime.SIMPLIFIED
    reporter.save(update_fields=["vat_regime"])
    refresh_periods(company=reporter, at=DECEMBER)
    platforms.give_secret(account)
    retry_report(report=report, actor=ACTOR, at=DECEMBER)
    carried(reporter, DECEMBER)
    report.refresh_from_db()
    assert (report.status, report.period.code) == (ReportStatus.ACCEPTED, "2026-11-1")
    a_sale(someone, date(2026, 11, 6), ("10.00", "20", False))
    again = sent(reporter, the_period(reporter, at=DECEMBER), at=DECEMBER)
    assert (again.type_code, again.period_id, again.status) == ("RE", report.period_id, ReportStatus.ACCEPTED)
    codes = ReportPeriod.objects.filter(kind="SALES", start__gte=DAY.replace(day=1)).order_by("start")
    assert list(codes.values_list("code", flat=True)) == ["2026-11-1", "2026-11-2", "2026-11-3", "2026-12"]


@pytest.mark.parametrize(
    ("regime", "follows"),
    [(VatRegime.SIMPLIFIED, {"2026-12"}), (VatRegime.FRANCHISE, {"2026-12-1", "2026-12-2", "2026-12-3", "2027-01"})],
)
def test_a_new_vat_regime_counts_from_the_next_period_and_cuts_none_anew(db, regime, follows):
    """Where nobody chose: the figures of a month stood under the name of its first ten days."""
    company = story.a_company(size="ETI")
    with company_scope(company):
        for day in (DAY, date(2026, 11, 25)):
            a_sale(an_individual(company), day, ("100.00", "20", False))
        refresh_periods(company=company, at=noon(date(2026, 11, 26)))
        before = dict(ReportPeriod.objects.filter(kind="SALES").values_list("code", "fingerprint"))
        company.vat_regime = regime
        company.save(update_fields=["vat_regime"])
        last = date(2027, 1, 2) if regime == VatRegime.FRANCHISE else date(2026, 12, 2)
        for at in (noon(date(2026, 11, 27)), noon(last)):
            refresh_periods(company=company, at=at)
        after = dict(ReportPeriod.objects.filter(kind="SALES").values_list("code", "fingerprint"))
    assert after.keys() == {*before, *follows}
    assert {code: after[code] for code in before} == before


def test_the_engine_away_is_no_verdict(reporter, monkeypatch):
    a_sale(an_individual(reporter), DAY, ("100.00", "20", False))
    report = prepare_report(period=the_period(reporter), actor=ACTOR, at=AFTER)

    def away(_carrier, _data):
        raise RemoteError("away", retryable=True, code="engine_unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(Carrier, "_check", away)
        carried(reporter)
    report.refresh_from_db()
    assert (report.status, report.in_doubt) == (ReportStatus.PENDING, False)
