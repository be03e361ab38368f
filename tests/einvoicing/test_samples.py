"""Every sample of the e-invoicing world is judged as its maker, or an official judge, says it is."""

from __future__ import annotations

import pytest

from einvoicing.validation import FRENCH, PROFILE, SCHEMA, check
from tests.einvoicing import samples
from tests.trust.at_once import a_share

# the schematron of EN 16931 itself says nothing sensible of the two Factur-X profiles below it
BELOW_EN16931 = ("urn:factur-x.eu:1p0:minimum", "urn:factur-x.eu:1p0:basicwl")


def judged_by(*judges: str):
    return lambda sample: any(judge in sample.checked for judge in judges)


@samples.each_line(lambda sample: sample.checked.get("xsd") == "ok")
def test_the_schema_accepts_what_it_is_known_to_accept(sample):
    report = check(samples.read(sample.file), rules=(SCHEMA,))
    assert (report.fatal, report.checks) == ((), (SCHEMA,))


@samples.each_line(judged_by("EN-CII", "EN-UBL"))
def test_en_16931_accepts_and_refuses_as_the_norm_does(sample):
    judge = "EN-CII" if "EN-CII" in sample.checked else "EN-UBL"
    report = check(samples.read(sample.file), rules=(PROFILE,))
    if sample.checked[judge] == "ok" or report.profile in BELOW_EN16931:
        assert report.fatal == ()
        assert report.valid
    else:
        assert sample.refusals(judge) <= report.rules


@samples.each_line(judged_by("FR-CII", "FR-UBL"))
def test_br_fr_accepts_and_refuses_as_its_makers_do(sample):
    judge = "FR-CII" if "FR-CII" in sample.checked else "FR-UBL"
    report = check(samples.read(sample.file), rules=(FRENCH,))
    if sample.checked[judge] == "ok":
        assert report.fatal == ()
        assert report.valid
    else:
        assert sample.refusals(judge)
        assert sample.refusals(judge) <= {violation.rule for violation in report.fatal}


@samples.each_line(lambda sample: sample.expected.startswith(("valid EN16931", "valid CDAR")))
def test_what_its_maker_calls_valid_is_valid_by_all_the_rules_that_bind_it(sample):
    report = check(samples.read(sample.file))
    assert report.fatal == ()
    assert report.valid


@samples.each_line(lambda sample: sample.file.startswith("akretion/") and sample.file.endswith(".pdf"))
def test_a_whole_french_factur_x_is_valid_down_to_its_pdf(sample):
    report = check(samples.read(sample.file))
    assert (report.fatal, report.checks) == ((), ("xsd", "en16931", "br-fr", "pdfa"))


@samples.each_line(judged_by("EXT-CII", "EXT-UBL"))
def test_the_extended_profiles_accept_their_own(sample):
    report = check(samples.read(sample.file))
    assert "extended" in report.profile
    assert (report.valid, report.checks) == (True, ("xsd", "en16931", "br-fr"))


@samples.each_line(judged_by("CDAR"))
def test_a_lifecycle_message_is_judged_by_br_fr_cdv(sample):
    report = check(samples.read(sample.file))
    assert report.checks == ("xsd", "br-fr-cdv")
    assert report.valid == (sample.checked["CDAR"] == "ok")
    assert sample.refusals("CDAR") <= report.rules


@samples.each_line(lambda sample: sample.file.startswith("flux10"))
def test_an_e_reporting_flow_is_judged_by_the_rules_of_flux_10(sample):
    report = check(samples.read(sample.file))
    assert report.checks == ("xsd", "flux10")
    if sample.expected == "valid":
        assert report.valid
        assert report.violations == ()
    else:
        rule = sample.expected.partition("fatal ")[2].split()[0]
        assert rule in {violation.rule for violation in report.fatal}
        assert check(samples.read(sample.file), rules=(SCHEMA,)).valid


@samples.each("cen/testfiles/*_*.xml")
def test_a_peppol_invoice_is_judged_by_en_16931_and_the_report_says_what_was_not(path):
    report = check(path.read_bytes())
    assert report.fatal == ()
    assert report.checks == (SCHEMA, PROFILE)
    (notice,) = report.violations
    assert (notice.rule, notice.severity, notice.term) == ("PEPPOL", "warning", "BT-24")
    assert "poacc:billing:3.0" in notice.text


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("akretion/order-x-basic.xml", "SYNTAX"),
        ("akretion/order-x-comfort.xml", "SYNTAX"),
        ("akretion/zugferd-basic.xml", "SYNTAX"),
        ("akretion/zugferd-comfort.xml", "SYNTAX"),
        ("akretion/zugferd-extended.xml", "SYNTAX"),
        ("gobl-fr-ctc-json/invoice-fr-fr-ctc-b2b.json", "FORMAT"),
        ("gobl-fr-ctc-json/status-fr-fr-ctc-flow6-accepted.json", "FORMAT"),
    ],
)
def test_what_is_no_invoice_we_know_is_refused_and_says_why(name, rule):
    report = check(samples.read(name))
    assert report.rules == {rule}
    assert not report.valid


UNIT_FILES = [*samples.files("cen/unit-ubl-*/*.xml"), *samples.files("cen/testfiles/BR-*.xml")]


@pytest.mark.trust
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in a_share(UNIT_FILES, 3)]
    or [pytest.param(None, marks=pytest.mark.skip(reason="no unit documents"), id="absent")],
)
def test_each_unit_document_of_the_norm_is_refused_by_the_rules_it_names_and_no_other_of_them(path):
    tests = samples.unit_tests(path)
    assert tests
    for position, test in enumerate(tests, start=1):
        report = check(test.document, rules=(PROFILE,))
        if report.rules == {"PROFILE"}:  # a specification nobody knows is refused before the norm is asked
            assert not test.errors
            continue
        fatal = {violation.rule for violation in report.fatal}
        assert test.errors <= fatal, f"test {position}"
        assert not test.successes & fatal, f"test {position}"
        assert test.warnings <= report.rules, f"test {position}"
        assert PROFILE in report.checks


@pytest.mark.skipif(not samples.manifest(), reason="no manifest of samples")
def test_no_kind_of_sample_is_forgotten():
    judges = {judge for sample in samples.manifest() for judge in sample.checked}
    assert {"xsd", "EN-CII", "EN-UBL", "FR-CII", "FR-UBL", "EXT-CII", "EXT-UBL", "CDAR"} <= judges
    assert len(samples.manifest()) > 200
    assert sum(len(samples.unit_tests(path)) for path in UNIT_FILES) > 480
