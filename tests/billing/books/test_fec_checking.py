"""Our checker of FEC files: what holds passes, and each error is told with its line and field."""

from __future__ import annotations

import io
import json
import random

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from billing.ledger.fec import check_fec
from tests.billing.books.fec_samples import GOOD, NAME, REFUSED, REFUSED_BY_US, WARNED, written


def check(data, name=NAME):
    return check_fec(io.BytesIO(data), name)


def told(report):
    return {(one.level, one.line, one.field, one.code) for one in report.findings}


def test_a_file_that_holds_has_nothing_to_tell():
    report = check(written(GOOD))
    assert (report.findings, report.lines, report.entries) == ([], 7, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-15"])
@pytest.mark.parametrize("separator", ["\t", "|"])
def test_each_encoding_and_separator_of_the_text_is_taken(encoding, separator):
    assert not check(written([row.replace("\t", separator) for row in GOOD], encoding=encoding)).findings


def test_an_amount_and_its_side_serve_for_debit_and_credit():
    rows = [
        "\t".join(fields[:11] + sided(*fields[11:13]) + fields[13:]) for fields in (row.split("\t") for row in GOOD)
    ]
    assert not check(written(rows)).findings
    wrong = check(written([row.replace("\tC\t", "\tX\t") for row in rows]))
    assert ("error", 3, "Sens", "side") in told(wrong)


def sided(debit, credit):
    if debit == "Debit":
        return ["Montant", "Sens"]
    return [credit, "C"] if debit == "0,00" else [debit, "D"]


@pytest.mark.parametrize("kind", [*REFUSED, *REFUSED_BY_US])
def test_what_is_wrong_is_found_at_its_line_and_field(kind):
    data, line, field, code = (REFUSED | REFUSED_BY_US)[kind]
    report = check(data)
    assert not report.ok
    assert ("error", line, field, code) in told(report)


@pytest.mark.parametrize("kind", WARNED)
def test_what_an_inspector_asks_about_is_a_warning(kind):
    data, line, field, code = WARNED[kind]
    report = check(data)
    assert report.ok, report.findings
    assert ("warning", line, field, code) in told(report)


@pytest.mark.parametrize(
    "name", ["export.txt", "73282932FEC20261231.txt", "732829320FEC20261331.txt", "732829320fec20261231.txt"]
)
def test_the_name_is_that_of_the_law(name):
    assert ("error", 0, "", "name") in told(check(written(GOOD), name))


def test_a_kind_of_error_is_told_two_hundred_times_and_counted_always():
    report = check(written([GOOD[0], *[GOOD[3].replace("FAC-2026-00001", "")] * 300]))
    assert report.counts["error", "empty"] == 300
    assert sum(one.code == "empty" for one in report.findings) == 200


def test_bytes_of_any_kind_are_told_of_and_never_crash():
    dice = random.Random(20260310)
    good = written(GOOD)
    for _turn in range(300):
        data = bytearray(good)
        for _change in range(dice.randrange(1, 8)):
            place = dice.randrange(len(data))
            data[place : place + dice.randrange(3)] = dice.randbytes(dice.randrange(4))
        check(bytes(data))
    assert ("error", 1, "", "long") in told(check(b"x" * 200_000))


def test_the_command_tells_and_ends_as_it_found(tmp_path, capsys):
    good, bad = tmp_path / NAME, tmp_path / "732829320FEC20251231.txt"
    good.write_bytes(written(GOOD))
    bad.write_bytes(REFUSED["no piece"][0])
    call_command("check_fec", str(good))
    assert "3 écritures, 7 lignes ; 0 erreur(s), 0 alerte(s)" in capsys.readouterr().out
    with pytest.raises(CommandError) as refused:
        call_command("check_fec", str(good), str(bad), "--json")
    assert refused.value.returncode == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["ok"], second["ok"]) == (True, False)
    assert {
        "level": "error",
        "line": 4,
        "field": "PieceRef",
        "code": "empty",
        "text": "champ obligatoire vide",
    } in second["findings"]
    with pytest.raises(CommandError) as unreadable:
        call_command("check_fec", str(tmp_path / "absent.txt"))
    assert unreadable.value.returncode == 2
