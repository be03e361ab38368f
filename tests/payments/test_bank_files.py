"""Each of the banks' files at hand is read to the cent, or refused at its line: `bank_files.tsv` says which.

The files are samples of other projects: some are pieces of a statement, or sums that never agreed, and are refused.
"""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from payments.management.commands.read_statement import as_json, as_text, read_file

FILES = Path(__file__).parents[2].parent / "shared" / "data" / "bank"
TABLE = (Path(__file__).parent / "bank_files.tsv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TABLE.splitlines(), delimiter="\t"))

pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="the banks' files are not here")


def amount(text: str) -> str | None:
    return text or None


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_each_file_is_read_to_the_cent_or_refused_at_its_line(row):
    result = read_file(str(FILES / row["file"]))
    told = json.loads(as_json(result))
    assert (told["format"], result.code) == (row["format"], int(row["code"]))
    assert [problem["line"] for problem in told["problems"]] == (
        [] if result.code == 0 else [int(row["line"]) if row["line"] else None]
    )
    statements = told["statements"]
    assert (len(statements), sum(len(one["lines"]) for one in statements)) == (
        int(row["statements"]),
        int(row["lines"]),
    )
    if statements:
        assert (statements[0]["opening"], statements[-1]["closing"]) == (amount(row["opening"]), amount(row["closing"]))
    assert row["file"] in as_text(result)


@pytest.mark.parametrize("row", [row for row in ROWS if row["code"] == "0"], ids=lambda row: row["file"])
def test_what_is_read_adds_up(row):
    for statement in json.loads(as_json(read_file(str(FILES / row["file"]))))["statements"]:
        if statement["opening"] is not None and statement["closing"] is not None:
            booked = [Decimal(line["amount"]) for line in statement["lines"] if line["status"] == "BOOK"]
            assert Decimal(statement["opening"]) + sum(booked) == Decimal(statement["closing"])


def test_no_file_of_the_manifest_is_left_out():
    with (FILES / "MANIFEST.tsv").open(encoding="utf-8") as manifest:
        listed = [row["file"] for row in csv.DictReader(manifest, delimiter="\t")]
    assert [row["file"] for row in ROWS] == [name for name in listed if (FILES / name).exists()]
