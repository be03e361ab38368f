"""`manage.py read_statement`: what a statement holds, for people and for programs, without a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.payments.test_statements import IBAN, credit, statement_file

ROOT = Path(__file__).parents[2]
TABLE = "Date;Libellé;Débit;Crédit\n30/01/2026;VIR DUBOIS FAC-2026-00001;;1 200,00\n31/01/2026;PRLV EDF;45,60;\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "releve.xml").write_bytes(statement_file(credit(remittance="FAC-2026-00001", end_to_end_id="E2E-1")))
    (tmp_path / "export.csv").write_text(TABLE, encoding="cp1252")
    (tmp_path / "faux.xml").write_bytes(statement_file(credit()).replace(b">1600.00<", b">1500.00<"))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" * 40)
    return tmp_path


def run(folder: Path, *names: str, **options: bool) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("read_statement", *(str(folder / name) for name in names), stdout=output, **options)
    except CommandError as error:
        return error.returncode, output.getvalue()
    return 0, output.getvalue()


def test_the_json_of_a_file_is_one_object_on_one_line(folder):
    code, said = run(folder, "releve.xml", json=True)
    assert code == 0
    (line,) = said.splitlines()
    assert json.loads(line) == {
        "file": str(folder / "releve.xml"),
        "format": "camt053",
        "statements": [
            {
                "account": IBAN,
                "currency": "EUR",
                "opening": "1000.00",
                "closing": "1600.00",
                "from": "2026-11-20",
                "to": "2026-11-20",
                "lines": [
                    {
                        "date": "2026-11-20",
                        "value_date": "2026-11-20",
                        "amount": "600.00",
                        "currency": "EUR",
                        "counterparty": "ATELIERS DUBOIS",
                        "iban": "",
                        "remittance": "FAC-2026-00001",
                        "reference": "",
                        "end_to_end_id": "E2E-1",
                        "bank_reference": "RELEVE-2026-11-20-00001",
                        "status": "BOOK",
                    }
                ],
            }
        ],
        "problems": [],
    }


def test_a_table_without_balances_says_none(folder):
    _code, said = run(folder, "export.csv", json=True)
    (statement,) = json.loads(said)["statements"]
    assert (statement["opening"], statement["closing"], statement["account"]) == (None, None, "")
    assert [line["amount"] for line in statement["lines"]] == ["1200.00", "-45.60"]


def test_the_exit_code_is_that_of_the_worst_file(folder):
    assert run(folder, "releve.xml", "export.csv")[0] == 0
    assert run(folder, "releve.xml", "faux.xml")[0] == 1
    assert run(folder, "faux.xml", "photo.jpg")[0] == 2
    assert run(folder, "releve.xml", "absent.xml")[0] == 2


def test_a_refused_file_says_where_and_why_and_gives_nothing(folder):
    code, said = run(folder, "faux.xml", json=True)
    told = json.loads(said)
    assert (code, told["statements"]) == (1, [])
    (problem,) = told["problems"]
    assert problem["line"] > 1
    assert "1\u202f500,00" in problem["text"]


def test_for_people_it_is_a_summary(folder):
    _code, said = run(folder, "releve.xml", "faux.xml")
    assert "releve.xml : lu (camt053)" in said
    assert "solde initial 1\u202f000,00" in said
    assert "faux.xml : refusé" in said


def test_it_needs_no_service(folder):
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment["QUITTANCE_STATE_DIR"] = str(folder / "state")
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "read_statement", "--json", "releve.xml", "faux.xml"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert Decimal(first["statements"][0]["closing"]) == 1600
    assert second["problems"]
    assert not (folder / "state").exists()
