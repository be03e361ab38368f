"""`manage.py ereport`: the report of a period for people and machines, the running one as a draft."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from config.kernel.models import VatRegime
from config.kernel.scope import company_scope
from einvoicing import validation
from einvoicing.formats import ereporting
from einvoicing.reporting.models import ReportPeriod
from einvoicing.reporting.preparing import prepare_report
from einvoicing.reporting.reading import refresh_periods
from tests.einvoicing.reporting.conftest import reports_itself
from tests.einvoicing.reporting.selling import a_sale, an_individual, noon, paid
from tests.factories import platforms, purchases, story

DAY = date(2026, 11, 5)


@pytest.fixture
def company(db):
    company = story.a_company()
    with company_scope(company):
        invoice = a_sale(an_individual(company), DAY, ("100.00", "20", True), ("50.00", "10", False))
        paid(invoice, DAY)
    return company


@pytest.fixture
def today(monkeypatch):
    def set_day(day: date) -> None:
        monkeypatch.setattr(timezone, "now", lambda: noon(day))

    set_day(date(2026, 11, 30))
    return set_day


def run(company, period, **options):
    output = io.StringIO()
    code = 0
    try:
        call_command("ereport", company=getattr(company, "siren", company), period=period, stdout=output, **options)
    except CommandError as error:
        code = error.returncode
    return code, output.getvalue()


def objects(company, period, **options):
    code, text = run(company, period, json=True, **options)
    assert code == 0
    return [json.loads(line) for line in text.splitlines()]


def test_a_period_that_a_kind_does_not_have_is_said(company, today):
    assert run(company, "2026-11", kind="purchases", json=True) == (2, "")


def test_a_decade_is_one_object_with_its_documents(company, today):
    (found,) = objects(company, "2026-11-1")
    assert {name: found[name] for name in ("company", "period", "kind", "start", "end", "due_on", "state", "type")} == {
        "company": company.siren,
        "period": "2026-11-1",
        "kind": "sales",
        "start": "2026-11-01",
        "end": "2026-11-10",
        "due_on": "2026-11-20",
        "state": "due",
        "type": "IN",
    }
    goods, services = found["flux"]["10.3"]
    assert (goods["category"], goods["net"], goods["vat"]) == ("TLB1", "50.00", "5.00")
    (rate,) = services["rates"]
    assert (rate["rate"], rate["net"], rate["documents"][0]["net"]) == ("20.00", "100.00", "100.00")
    assert found["totals"] == {"10.3": {"net": "150.00", "vat": "25.00"}}
    assert (found["valid"], found["violations"]) == (True, [])


def test_a_month_tells_payments(company, today):
    (found,) = objects(company, "2026-11")
    assert (found["kind"], found["totals"]) == ("payments", {"10.4": {"amount": "120.00"}})
    (day,) = found["flux"]["10.4"]
    assert day["rates"][0]["documents"][0]["payment"].startswith("ENC-")


def test_the_running_period_is_a_draft_until_its_last_day_has_passed(company, today):
    for day, state in ((date(2026, 11, 10), "draft"), (date(2026, 11, 11), "due")):
        today(day)
        (found,) = objects(company, "2026-11-1")
        assert (found["state"], found["is_draft"]) == (state, state == "draft")


def test_regimes_by_month_tell_both_reports(company, today):
    company.vat_regime = VatRegime.SIMPLIFIED
    company.save()
    assert [found["kind"] for found in objects(company, "2026-11")] == ["sales", "payments"]
    assert [found["kind"] for found in objects(company, "2026-11", kind="payments")] == ["payments"]


def test_what_the_company_chose_is_obeyed_and_its_last_report_told(company, today):
    platforms.a_platform_account(company)
    reports_itself(company)
    with company_scope(company):
        refresh_periods(company=company, at=timezone.now())
        prepare_report(
            period=ReportPeriod.objects.get(code="2026-11-1", kind="SALES"), actor=story.ACTOR, at=timezone.now()
        )
    (found,) = objects(company, "2026-11-1")
    assert (found["channel"], found["report"]) == ("flows", {"turn": 1, "type": "IN", "status": "pending"})
    reports_itself(company, since=date(2026, 12, 1), regime="QUARTERLY")
    assert [one["regime"] for one in objects(company, "2026-12")] == ["quarterly", "quarterly"]


def test_the_file_is_what_the_official_rules_accept(company, today):
    code, text = run(company, "2026-11-1", xml=True)
    assert code == 0
    assert validation.check(text.encode()).valid
    report = ereporting.parse(text.encode())
    assert (report.issuer_siren, report.type_code, report.start) == (company.siren, "IN", date(2026, 11, 1))


def test_an_empty_period_is_said_and_its_file_is_valid(company, today):
    code, text = run(company, "2026-10-1")
    assert code == 0
    assert "rien à déclarer" in text
    assert validation.check(run(company, "2026-10-1", xml=True)[1].encode()).valid


def test_people_read_each_row_with_its_documents(company, today):
    _code, text = run(company, "2026-11-1")
    assert "10.3 05/11/2026 TPS1 à 20 % : 100.00 HT, 20.00 de TVA" in text
    assert "FAC-2026-00001" in text


@pytest.mark.parametrize("period", ["2026-11-4", "novembre"])
def test_an_unknown_period_ends_with_two(company, today, period):
    assert run(company, period)[0] == 2


def test_an_unknown_company_ends_with_two(db):
    assert run("123456789", "2026-11")[0] == 2


def test_services_and_goods_bought_in_the_union_are_in_the_report_of_purchases(company, today):
    seller = purchases.a_foreign_supplier(company, "DE", name="Schmidt GmbH", vat_number="DE811907980")
    bought = {"issue_date": DAY, "number": "R-2026-7"}
    lines = [
        purchases.kept("1000", "604000", "SERVICES_ABROAD"),
        purchases.kept("250", "607000", "INTRA_EU_GOODS"),
        purchases.kept("99", "607000", "IMPORT"),
    ]
    purchase = purchases.a_checked_purchase(seller, lines, **bought)
    purchases.a_checked_purchase(purchases.a_supplier(company), [purchases.kept("10", "607000")], issue_date=DAY)
    (found,) = objects(company, "2026-11-1", kind="purchases")
    assert (found["kind"], found["valid"], found["violations"]) == ("purchases", True, [])
    assert found["totals"]["10.1"] == {"net": "1250.00", "vat": "0.00"}
    assert purchase.number in json.dumps(found)
