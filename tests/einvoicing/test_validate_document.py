"""`manage.py validate_document`: the product's verdict on any file, for people and for machines, without a database."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
from django.core.management import CommandError, call_command

from einvoicing.formats import cdar, cii
from einvoicing.validation import RULE_SETS
from tests.einvoicing import documents, samples

ROOT = Path(__file__).resolve().parents[2]
GOOD = cii.render(documents.standard_invoice())
BAD = GOOD.replace(b"<ram:SubjectCode>PMT<", b"<ram:SubjectCode>AAI<")


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "bonne.xml").write_bytes(GOOD)
    (tmp_path / "mauvaise.xml").write_bytes(BAD)
    (tmp_path / "coupée.xml").write_bytes(GOOD[: len(GOOD) // 2])
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "note.txt").write_bytes(b"bonjour")
    return tmp_path


def run(folder: Path, *names: str, **options: object) -> tuple[int, str]:
    """The exit code and what is written."""
    output = io.StringIO()
    try:
        call_command("validate_document", *(str(folder / name) for name in names), stdout=output, **options)
    except CommandError as error:
        return error.returncode, output.getvalue()
    return 0, output.getvalue()


def lines(folder: Path, *names: str, **options: object) -> tuple[int, list[dict]]:
    code, text = run(folder, *names, json=True, **options)
    return code, [json.loads(line) for line in text.splitlines()]


def test_a_valid_invoice_is_told_in_one_line_of_json(folder):
    code, (verdict,) = lines(folder, "bonne.xml")
    assert code == 0
    assert list(verdict) == ["file", "syntax", "profile", "valid", "violations", "ms"]
    assert verdict["ms"] >= 0
    assert {**verdict, "ms": 0} == {
        "file": str(folder / "bonne.xml"),
        "syntax": "CII",
        "profile": "urn:cen.eu:en16931:2017",
        "valid": True,
        "violations": [],
        "ms": 0,
    }


def test_each_broken_rule_gives_its_severity_its_sentence_its_place_and_its_term(folder):
    code, (verdict,) = lines(folder, "mauvaise.xml")
    assert (code, verdict["valid"]) == (1, False)
    assert verdict["violations"] == [
        {
            "rule": "BR-FR-05",
            "severity": "fatal",
            "text": "La mention de l’indemnité forfaitaire de 40\u00a0€ pour frais de recouvrement manque.",
            "location": "/CrossIndustryInvoice/ExchangedDocument",
            "term": "BT-22",
        }
    ]


def test_files_are_told_in_the_order_given_and_the_worst_gives_the_exit_code(folder):
    names = ("mauvaise.xml", "bonne.xml", "absente.xml", "bonne.xml")
    code, verdicts = lines(folder, *names)
    assert code == 2
    assert [Path(verdict["file"]).name for verdict in verdicts] == list(names)
    assert [verdict["valid"] for verdict in verdicts] == [False, True, False, True]
    assert lines(folder, "bonne.xml", "mauvaise.xml")[0] == 1


@pytest.mark.parametrize(
    ("name", "rule"),
    [("absente.xml", "FILE"), (".", "FILE"), ("coupée.xml", "FORMAT"), ("page.pdf", "FORMAT"), ("note.txt", "FORMAT")],
)
def test_what_cannot_be_read_is_told_as_not_valid_and_ends_with_2(folder, name, rule):
    code, (verdict,) = lines(folder, name)
    assert (code, verdict["valid"]) == (2, False)
    assert rule in {violation["rule"] for violation in verdict["violations"]}


def test_a_sound_pdf_without_an_invoice_is_refused_rather_than_unreadable(folder):
    document = pikepdf.new()
    document.add_blank_page()
    document.save(folder / "vide.pdf")
    code, (verdict,) = lines(folder, "vide.pdf")
    assert code == 1
    assert "PDF-ATTACHMENT" in {violation["rule"] for violation in verdict["violations"]}


def test_only_the_rules_asked_for_are_run(folder):
    assert lines(folder, "mauvaise.xml", rules="xsd,en16931")[0] == 0
    assert lines(folder, "mauvaise.xml", rules="br-fr")[0] == 1
    code, (verdict,) = lines(folder, "bonne.xml", rules="pdfa")
    assert (code, [violation["rule"] for violation in verdict["violations"]]) == (1, ["RULES"])


@pytest.mark.parametrize("rules", ["zorglub", "xsd,zorglub", "", ",", "schema"])
def test_an_unknown_rule_set_is_refused_before_anything_is_read(folder, rules):
    with pytest.raises(CommandError, match="Jeu de règles inconnu") as refusal:
        call_command("validate_document", str(folder / "bonne.xml"), rules=rules)
    assert refusal.value.returncode == 2
    assert all(name in str(refusal.value) for name in RULE_SETS)


def test_people_read_a_verdict_and_what_is_wrong_in_french(folder):
    code, text = run(folder, "bonne.xml", "mauvaise.xml", "coupée.xml")
    assert code == 2
    assert "bonne.xml : valable (CII ; urn:cen.eu:en16931:2017 ; xsd+en16931+br-fr ; " in text
    assert "mauvaise.xml : refusé" in text
    assert "  ✗ BR-FR-05 (BT-22) : La mention de l’indemnité forfaitaire" in text
    assert "coupée.xml : illisible" in text


def test_a_lifecycle_message_is_judged_too(folder):
    (folder / "cdv.xml").write_bytes(samples.read("fr-cdar/UC1_F202500003_05-CDV-205_Approuvee.xml"))
    assert cdar.parse((folder / "cdv.xml").read_bytes())
    code, (verdict,) = lines(folder, "cdv.xml")
    assert (code, verdict["syntax"], verdict["valid"]) == (0, "CDAR", True)


def test_it_needs_no_service_and_no_address(folder, tmp_path):
    state = tmp_path / "state"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "validate_document", "--json", "bonne.xml", "mauvaise.xml"],
        cwd=folder,
        env={**kept, "QUITTANCE_STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert [json.loads(line)["valid"] for line in done.stdout.splitlines()] == [True, False]
    assert not state.exists()  # where the embedded services would have left their locks
