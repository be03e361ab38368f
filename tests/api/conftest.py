"""A company, its partner and its customer; files made by a test stay in the test's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.kernel.models import Company
from tests.api.client import Partner, a_partner


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def partner(company: Company) -> Partner:
    return a_partner(company)
