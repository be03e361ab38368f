"""Flux 10 as bytes: what is written is read back, and the official rules say what they say of the samples."""

from __future__ import annotations

import pytest

from config.kernel.errors import Invalid
from einvoicing import validation
from einvoicing.formats import ereporting
from einvoicing.reporting.judging import judge
from tests.einvoicing import samples

GOOD = (
    "f10-1_transactions_b2bint_ok",
    "f10-2_payments_invoice_ok",
    "f10-3_transactions_b2c_ok",
    "f10-4_payments_b2c_ok",
)
BAD = {
    "f10-3_bad_category_G1.68": "G1.68",
    "f10-3_bad_total_G1.53": "G1.53",
    "f10_both_reports_G6.29": "G6.29",
}


def sample(name: str) -> bytes:
    return samples.read(f"flux10-authored/{name}.xml")


@pytest.mark.parametrize("name", GOOD)
def test_what_is_read_is_written_again_and_valid(name):
    report = ereporting.parse(sample(name))
    assert ereporting.parse(ereporting.render(report)) == report
    verdict = judge(ereporting.render(report))
    assert verdict.valid
    assert verdict.checks == ("xsd", "flux10")
    assert not verdict.violations


@pytest.mark.parametrize("name", BAD)
def test_a_broken_rule_is_fatal(name):
    verdict = judge(sample(name))
    assert not verdict.valid
    assert {violation.rule for violation in verdict.fatal} == {BAD[name]}


def test_a_negative_amount_received_is_admitted_though_the_schematron_refuses_it():
    data = sample("f10-4_negative_amount_issue60")
    assert not validation.check(data).valid
    verdict = judge(data)
    assert verdict.valid
    assert [(violation.rule, violation.severity) for violation in verdict.violations] == [("G1.16", "warning")]


def test_another_broken_rule_beside_a_negative_amount_stays_fatal():
    data = sample("f10-4_negative_amount_issue60").replace(b"<TaxPercent>10<", b"<TaxPercent>11<")
    verdict = judge(data)
    assert {violation.rule for violation in verdict.fatal} == {"G1.24"}


def test_an_amount_with_seven_decimals_is_no_known_defect():
    data = sample("f10-4_negative_amount_issue60").replace(b"-110.00", b"110.0000001")
    assert not judge(data).valid


@pytest.mark.parametrize(
    "data",
    [b"<Report/>", b"<Invoice><ReportDocument/></Invoice>", b"<Report><ReportDocument/><PaymentsReport/></Report>"],
)
def test_what_is_no_report_is_refused(data):
    with pytest.raises(Invalid):
        ereporting.parse(data)
