"""The engine: official verdicts, expected rules on mutated files, and no answer is never a yes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from einvoicing.formats import cii, ubl
from einvoicing.formats.cii import profiles
from einvoicing.validation import FACTUR_X, FRENCH, PDF, PROFILE, SCHEMA, check
from einvoicing.validation.artefacts import ARTEFACTS, LIFECYCLE, locate
from einvoicing.validation.engine import ENGINE, Engine
from einvoicing.validation.schematron import readable
from einvoicing.validation.sentences import SENTENCES, base, sentence
from tests.einvoicing import documents, samples
from tests.waiting import wait_until

GOOD = cii.render(documents.standard_invoice())


def mutated(old: bytes, new: bytes, count: int = 1) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new, count)


def test_every_artefact_of_the_table_is_shipped():
    for artefact in ARTEFACTS.values():
        for name in (artefact.schema, artefact.profile, artefact.french):
            assert not name or locate(name).is_file()


@pytest.mark.parametrize("name", ["basic", "basicwl", "en16931", "ubl"])
def test_real_french_files_pass_the_schema_the_profile_and_br_fr(name):
    file = "ubl-21-en16931.xml" if name == "ubl" else f"factur-x-{name}.xml"
    report = check(samples.read(f"akretion/{file}"))
    assert report.fatal == ()
    assert report.checks == (SCHEMA, PROFILE, FRENCH)


def test_the_minimum_profile_fails_br_fr_as_its_maker_says():
    report = check(samples.read("akretion/factur-x-minimum.xml"))
    assert not report.valid
    assert {"BR-FR-05", "BR-FR-12", "BR-FR-13"} <= report.rules


@samples.each("cen/cii-examples/CII_example[1-3].xml")
def test_a_foreign_invoice_is_not_judged_by_french_rules_unless_asked(path):
    data = path.read_bytes()
    assert FRENCH not in check(data, rules=None).checks
    assert "BR-FR-05" in check(data, rules=(FRENCH,)).rules


@pytest.mark.parametrize(
    ("old", "new", "rules", "term"),
    [
        (b"<ram:SubjectCode>PMT<", b"<ram:SubjectCode>AAI<", {"BR-FR-05"}, "BT-22"),
        (b'"0002">732829320<', b'"0002">73282932<', {"BR-FR-09", "BR-FR-10", "BR-FR-32"}, "BT-30"),
        (b"<ram:ID>S1<", b"<ram:ID>A1<", {"BR-FR-08"}, "BT-23"),
        (b">FAC-2026-00001<", b">FAC 2026.1<", {"BR-FR-02"}, "BT-1"),
        (b"<ram:TypeCode>380<", b"<ram:TypeCode>325<", {"BR-FR-04"}, "BT-3"),
        (b"<ram:TypeCode>380<", b"<ram:TypeCode>381<", {"BR-FR-CO-05"}, "BT-3"),
        (
            b">1000.00</ram:LineTotalAmount>\n        </ram:Spec",
            b">999.00</ram:LineTotalAmount>\n        </ram:Spec",
            {"BR-CO-10", "BR-S-08"},
            "BT-106",
        ),
        (b">1200.00</ram:GrandTotalAmount>", b">1200.01</ram:GrandTotalAmount>", {"BR-CO-15", "BR-CO-16"}, "BT-112"),
    ],
    ids=["PMT", "SIREN", "BT-23", "number", "type", "credit-note", "lines", "gross"],
)
def test_a_mutated_file_is_refused_with_the_expected_rule(old, new, rules, term):
    report = check(mutated(old, new))
    assert not report.valid
    assert report.rules & rules
    assert term in {violation.term for violation in report.violations}


def test_a_violation_speaks_french_keeps_the_official_words_and_tells_the_place():
    (violation,) = check(mutated(b"<ram:SubjectCode>PMT<", b"<ram:SubjectCode>AAI<")).violations
    assert violation.text == "La mention de l’indemnité forfaitaire de 40 € pour frais de recouvrement manque."
    assert violation.official.startswith("BR-FR-05/BT-22")
    assert violation.location == "/CrossIndustryInvoice/ExchangedDocument"


def test_a_wrong_shape_is_told_by_the_schema_alone():
    whole = (SCHEMA, PROFILE, FACTUR_X, FRENCH)
    due = b"<ram:DuePayableAmount>1200.00</ram:DuePayableAmount>"
    broken = check(GOOD.replace(due, b""), rules=whole)
    assert (broken.rules, broken.checks) == ({"XSD"}, (SCHEMA,))
    assert check(GOOD.replace(due, b"")).rules >= {"BR-15"}  # the schema of CII itself asks for less than Factur-X's
    assert not check(mutated(b"ram:TypeCode>380<", b"ram:TypeCode><")).valid


def test_an_unknown_profile_is_not_valid():
    report = check(mutated(b"urn:cen.eu:en16931:2017", b"urn:inconnu"))
    assert report.rules == {"PROFILE"}
    assert not report.valid


def test_asking_for_no_rule_at_all_proves_nothing():
    assert not check(GOOD, rules=()).valid


def _identifiers(name: str) -> set[str]:
    """The rules a stylesheet tests, as it names them."""
    return set(re.findall(r'<xsl:attribute name="id">(BR-[^<]+)<', locate(name).read_text(encoding="utf-8")))


def test_every_french_rule_and_every_usual_rule_of_the_norm_has_its_sentence():
    names = {artefact.french for artefact in ARTEFACTS.values() if artefact.french}
    names |= {artefact.profile for artefact in ARTEFACTS.values() if artefact.rule_set == LIFECYCLE}
    french = {name for stylesheet in names for name in _identifiers(stylesheet)}
    assert len(french) > 250
    assert sorted(name for name in french if sentence(name, "") == "") == []
    norm = _identifiers(ARTEFACTS["Invoice", "urn:cen.eu:en16931:2017"].profile)
    assert sum(sentence(name, "") != "" for name in norm if not name.startswith("BR-DEC")) >= 110


def test_a_sentence_is_one_sentence():
    assert all(not text.startswith("[") and text.endswith((".", ".)")) for text in SENTENCES.values())
    assert all(len(text) < 110 for text in SENTENCES.values())


@pytest.mark.parametrize(
    ("identifier", "rule"),
    [
        ("BR-FR-05_BT-22_PMT", "BR-FR-05"),
        ("BR-FR-32-LEGALID", "BR-FR-32"),
        ("BR-FR-MV-14-EXT-FR-FE-136", "BR-FR-MV-14"),
        ("BR-FR-CDV-CL-09_MDT-113_210B2G", "BR-FR-CDV-CL-09"),
        ("BR-S-08", "BR-S-08"),
        ("FX-SCH-A-000164", "FX-SCH-A-000164"),
    ],
)
def test_a_place_where_a_rule_is_tested_leads_to_the_rule(identifier, rule):
    assert base(identifier) == rule


FOREIGN = GOOD.replace(b"<ram:CountryID>FR<", b"<ram:CountryID>BE<")


@pytest.mark.parametrize(
    ("guideline", "rule"),
    [
        (b"urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0", "CIUS"),
        (b"urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0", "PEPPOL"),
    ],
)
def test_the_specification_of_a_country_is_judged_by_the_norm_and_the_report_says_so(guideline, rule):
    report = check(FOREIGN.replace(b">urn:cen.eu:en16931:2017<", b">" + guideline + b"<"))
    assert report.valid
    assert report.checks == (SCHEMA, PROFILE)
    (notice,) = report.violations
    assert (notice.rule, notice.severity) == (rule, "warning")
    assert guideline.rpartition(b"#")[2].decode() in notice.text


def test_a_french_seller_is_held_to_br_fr_whatever_specification_the_invoice_names():
    name = b">urn:cen.eu:en16931:2017#compliant#urn:peppol:france:billing:cius:1.0<"
    bad = GOOD.replace(b">urn:cen.eu:en16931:2017<", name).replace(b"SubjectCode>PMT<", b"SubjectCode>AAI<")
    report = check(bad)
    assert report.checks == (SCHEMA, PROFILE, FRENCH)
    assert report.rules == {"BR-FR-05", "PEPPOL"}
    assert not report.valid


UNUSED = b"</ram:PersonName><ram:DepartmentName>X</ram:DepartmentName>"


@pytest.mark.parametrize("seller", ["french", "foreign"])
def test_what_factur_x_does_not_use_is_refused_in_a_factur_x_alone(seller):
    data = (GOOD if seller == "french" else FOREIGN).replace(b"</ram:PersonName>", UNUSED)
    plain = check(data, rules=(SCHEMA, PROFILE))
    assert plain.valid
    assert not check(data, rules=(SCHEMA, PROFILE, FACTUR_X)).valid


# each as CEN's own schematron 1.3.16 judges it
BY_THE_NORM = [
    ("BR-CL-01", b"TypeCode>380<", b"TypeCode>999<", "fatal"),
    ("BR-CL-25", b'URIID schemeID="0225"', b'URIID schemeID="9999"', "fatal"),
    ("CII-DT-097", b'format="102">2026', b'format="102">26', "fatal"),
    ("CII-SR-465", b"</ram:PersonName>", b"</ram:PersonName><ram:DepartmentName>X</ram:DepartmentName>", "warning"),
]


@pytest.mark.parametrize("specification", ["", "#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"])
@pytest.mark.parametrize(("rule", "old", "new", "severity"), BY_THE_NORM, ids=[row[0] for row in BY_THE_NORM])
def test_a_bare_cii_is_judged_by_the_schematron_of_cen(rule, old, new, severity, specification):
    data = mutated(old, new).replace(b">urn:cen.eu:en16931:2017<", f">urn:cen.eu:en16931:2017{specification}<".encode())
    found = [item for item in check(data, rules=(PROFILE,)).violations if item.rule == rule]
    assert {item.severity for item in found} == {severity}


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("urn:cen.eu:en16931:2017#conformant#urn:zugferd.de:2p0:extended", profiles.EXTENDED),
        ("urn:cen.eu:en16931:2017:compliant:factur-x.eu:1p0:basic", profiles.BASIC),
        ("urn:cen.eu:en16931:2017#compliant#urn:zugferd.de:2p0:basic", profiles.BASIC),
        ("urn:ferd:CrossIndustryDocument:invoice:1p0:comfort", profiles.EN16931),
        ("urn:ferd:CrossIndustryDocument:invoice:1p0:extended", profiles.EXTENDED),
    ],
)
def test_an_old_name_of_a_profile_is_judged_as_that_profile(name, profile):
    present = cii.render(profiles.reduce_to(documents.standard_invoice(), profile))
    old = present.replace(f">{profile}<".encode(), f">{name}<".encode())
    assert old != present
    report = check(old)
    assert (report.violations, report.profile) == ((), name)
    assert not check(old.replace(b"<ram:GrandTotalAmount>1200.00<", b"<ram:GrandTotalAmount>1300.00<")).valid


def test_an_invoice_that_names_no_specification_is_refused_by_the_norm_itself():
    ubl = samples.read("akretion/ubl-21-en16931.xml")
    start, end = ubl.index(b"<cbc:CustomizationID"), ubl.index(b"</cbc:CustomizationID>")
    report = check(ubl[:start] + ubl[end + len(b"</cbc:CustomizationID>") :])
    assert {violation.rule for violation in report.fatal} == {"BR-01"}
    assert report.fatal[0].text == "La facture ne dit pas de quelle spécification elle relève."


def test_rules_that_do_not_apply_to_a_document_prove_nothing():
    report = check(GOOD, rules=(PDF,))
    assert (report.valid, report.rules, report.checks) == (False, {"RULES"}, ())


def test_the_schematron_of_a_lifecycle_message_runs_under_its_own_name_and_under_that_of_the_profile():
    message = samples.read("fr-cdar/UC1_F202500003_05-CDV-205_Approuvee.xml")
    assert check(message, rules=(LIFECYCLE,)).checks == (LIFECYCLE,)
    assert check(message, rules=(SCHEMA, PROFILE)).checks == (SCHEMA, LIFECYCLE)


def test_an_xpath_is_shown_without_namespaces():
    path = "/*:Invoice[namespace-uri()='urn:x'][1]/*:Line[namespace-uri()='urn:y'][2]"
    assert readable(path) == "/Invoice/Line[2]"


def test_the_engine_serves_many_documents_with_one_process():
    check(GOOD)
    first = ENGINE.pid
    assert check(GOOD).valid
    assert ENGINE.pid == first
    assert first != os.getpid()


def test_the_next_check_works_when_the_engine_was_killed_between_two():
    # one of its own: the engine of all has read its stylesheets, for seconds, and others go on with it
    engine = Engine()
    try:
        assert engine.check(GOOD, (SCHEMA,)).valid
        before = engine.pid
        os.kill(before, signal.SIGKILL)
        assert engine.check(GOOD, (SCHEMA,)).valid
        assert engine.pid != before
    finally:
        engine.close()


def bytes_read(engine: Engine) -> int:
    counters = Path(f"/proc/{engine.pid}/io").read_text(encoding="ascii")
    return int(re.search(r"rchar: (\d+)", counters)[1])


def test_the_check_in_hand_survives_the_death_of_the_engine():
    engine = Engine()
    try:
        assert engine.check(GOOD, (SCHEMA,)).valid
        slow = mutated(b"</rsm:ExchangedDocument>", b"</rsm:ExchangedDocument>" + b" " * 8_000_000)
        verdicts = []
        worker = threading.Thread(target=lambda: verdicts.append(engine.check(slow)))
        before = bytes_read(engine)
        worker.start()
        wait_until(lambda: bytes_read(engine) > before + 1_000_000, what="the engine has the document in hand")
        os.kill(engine.pid, signal.SIGKILL)
        worker.join(60)
        assert [report.valid for report in verdicts] == [True]
        assert engine.check(GOOD, (SCHEMA,)).valid
    finally:
        engine.close()


@pytest.mark.parametrize(
    "command",
    [
        ("/nonexistent/python",),
        (sys.executable, "-c", "raise SystemExit(1)"),
        (sys.executable, "-c", "print('bonjour')"),
        (sys.executable, "-c", "print('{\"ready\": 1}', flush=True); input(); print('{}')"),
    ],
    ids=["absent", "dies", "babbles", "empty-answer"],
)
def test_an_engine_that_cannot_be_reached_never_means_valid(command):
    engine = Engine(command)
    report = engine.check(GOOD)
    engine.close()
    assert not report.valid
    assert report.rules == {"ENGINE"}


def test_a_document_the_engine_stumbles_on_is_refused_and_the_next_one_judged_by_another_process():
    stumbling = (
        "import sys; from einvoicing.validation import chain, child; check = chain.Chain.check;"
        "chain.Chain.check = lambda self, data, rules: 1 / 0 if b'piege' in data else check(self, data, rules);"
        "sys.argv = ['child', '%(parent)d']; child.main()"
    )
    engine = Engine((sys.executable, "-c", stumbling))
    try:
        assert engine.check(GOOD, (SCHEMA,)).valid
        before = engine.pid
        report = engine.check(b"piege")
        assert (report.valid, report.rules) == (False, {"ENGINE"})
        assert engine.check(GOOD, (SCHEMA,)).valid
        assert engine.pid != before
    finally:
        engine.close()


def test_an_engine_that_does_not_answer_in_time_never_means_valid():
    engine = Engine(
        (sys.executable, "-c", "import time; print('{\"ready\": 1}', flush=True); time.sleep(60)"), seconds=0.5
    )
    report = engine.check(GOOD)
    assert report.rules == {"ENGINE"}
    assert not report.valid
    assert engine.pid is None


def test_eight_threads_get_the_same_verdicts_as_one():
    bad = mutated(b"<ram:SubjectCode>PMT<", b"<ram:SubjectCode>AAI<")
    verdicts: list[tuple[bool, frozenset[str]]] = []

    def work(position: int) -> None:
        for turn in range(5):
            report = check(bad if (position + turn) % 2 else GOOD)
            verdicts.append((report.valid, report.rules))

    threads = [threading.Thread(target=work, args=(position,)) for position in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts, key=str) == [(False, frozenset({"BR-FR-05"}))] * 20 + [(True, frozenset())] * 20


FORKING = """
import os, sys
from einvoicing.validation import check
from einvoicing.validation.engine import ENGINE
data = sys.stdin.buffer.read()
assert check(data, rules=("xsd",)).valid
parents = ENGINE.pid
child = os.fork()
if child == 0:
    ok = ENGINE.pid is None and check(data, rules=("xsd",)).valid and ENGINE.pid != parents
    ENGINE.close()
    os._exit(0 if ok else 1)
_, status = os.waitpid(child, 0)
assert status == 0
assert check(data, rules=("xsd",)).valid and ENGINE.pid == parents
"""


def test_a_forked_process_starts_its_own_engine_and_leaves_its_parents_alone():
    subprocess.run([sys.executable, "-c", FORKING], input=GOOD, check=True, timeout=60)


ORPHAN = """
import os, sys
from einvoicing.validation import check
from einvoicing.validation.engine import ENGINE
assert check(sys.stdin.buffer.read(), rules=("xsd",)).valid
print(ENGINE.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_the_engine_dies_with_its_parent_even_when_that_one_is_killed():
    done = subprocess.run([sys.executable, "-c", ORPHAN], input=GOOD, capture_output=True, timeout=60)
    pid = int(done.stdout)
    wait_until(lambda: is_dead(pid), what="the end of the engine whose parent was killed")


def test_the_child_imports_neither_django_nor_celery():
    code = (
        "import sys, einvoicing.validation.child, einvoicing.validation.chain;"
        "sys.exit(any(name.split('.')[0] in {'django', 'celery'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("syntax", [cii, ubl])
def test_a_profile_that_only_begins_like_the_european_one_is_not_taken_for_it(syntax):
    known = b">urn:cen.eu:en16931:2017<"
    report = check(syntax.render(documents.standard_invoice()).replace(known, b">urn:cen.eu:en16931:20170<"))
    assert (report.valid, report.rules) == (False, {"PROFILE"})
