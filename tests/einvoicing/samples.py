"""Real files of the e-invoicing world, beside the project; a test that needs an absent one says so and skips."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from einvoicing.validation.sentences import base

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "einvoice"
_TESTSET = "{http://difi.no/xsd/vefa/validator/1.0}"


def files(pattern: str) -> list[Path]:
    return sorted(FOLDER.glob(pattern))


def each(pattern: str) -> pytest.MarkDecorator:
    """Parametrize over the sample files, or one skipped case that says they are not here."""
    found = [pytest.param(path, id=path.stem) for path in files(pattern)]
    return pytest.mark.parametrize("path", found or [_absent(pattern)])


def read(name: str) -> bytes:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"sample file {name} is not here")
    return path.read_bytes()


@dataclass(frozen=True)
class Sample:
    """A line of the manifest: what its maker expects, and what each official judge said of it."""

    file: str
    expected: str
    checked: dict[str, str]  # "EN-UBL" -> "ok" or "fatal:BR-01,BR-02…5"

    def refusals(self, judge: str) -> frozenset[str]:
        """The rules by which a judge refused it, as far as the manifest lists them."""
        _, _, listed = self.checked[judge].partition("fatal:")
        return frozenset(base(rule) for rule in listed.partition("…")[0].split(",") if rule)


def manifest() -> list[Sample]:
    """The lines of the manifest whose file is here."""
    path = FOLDER / "MANIFEST.tsv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Sample(row["file"], row["expected_validity"], dict(_verdicts(row["checked_here"] or "")))
        for row in rows
        if (FOLDER / row["file"]).is_file()
    ]


def _verdicts(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        judge, equals, verdict = word.partition("=")
        if equals:
            yield judge, verdict


def each_line(wanted: Callable[[Sample], bool]) -> pytest.MarkDecorator:
    """Parametrize over the lines of the manifest, file by file."""
    found = [pytest.param(sample, id=sample.file) for sample in manifest() if wanted(sample)]
    return pytest.mark.parametrize("sample", found or [_absent("of the manifest")])


def _absent(what: str):
    return pytest.param(None, marks=pytest.mark.skip(reason=f"no sample files {what}"), id="absent")


@dataclass(frozen=True)
class UnitTest:
    """One <test> of a CEN testSet: a piece of an invoice, and the rules that must and must not refuse it."""

    document: bytes
    errors: frozenset[str]
    warnings: frozenset[str]
    successes: frozenset[str]


def unit_tests(path: Path) -> list[UnitTest]:
    """The tests of a CEN testSet file."""
    found = []
    for test in etree.parse(str(path)).getroot().iter(f"{_TESTSET}test"):
        expected = {
            kind: frozenset(
                (element.text or "").strip()
                for element in test.iterfind(f"{_TESTSET}assert/{_TESTSET}{kind}")
                if element.get("number") != "0"
            )
            for kind in ("error", "warning", "success")
        }
        document = test[-1]
        found.append(UnitTest(etree.tostring(document), expected["error"], expected["warning"], expected["success"]))
    return found
