"""Real files of the e-invoicing world, beside the project; a test that needs an absent one says so and skips."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "einvoice"


def files(pattern: str) -> list[Path]:
    return sorted(FOLDER.glob(pattern))


def each(pattern: str) -> pytest.MarkDecorator:
    """Parametrize over the sample files, or one skipped case that says they are not here."""
    found = [pytest.param(path, id=path.stem) for path in files(pattern)]
    absent = pytest.param(None, marks=pytest.mark.skip(reason=f"no sample files {pattern}"), id="absent")
    return pytest.mark.parametrize("path", found or [absent])


def read(name: str) -> bytes:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"sample file {name} is not here")
    return path.read_bytes()
