"""The long run of schemathesis: every phase, as each role; BENCH_EXAMPLES cases an operation, BENCH_SECONDS a role."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from config.kernel.roles import Role
from tests.api.fuzz import fuzz
from tests.api.world import a_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("role", Role)
def test_thousands_of_cases_find_no_broken_promise(role: Role, live_server: Any, settings: Any, tmp_path: Path) -> None:
    settings.API_RATE_LIMIT = settings.API_LOGIN_LIMIT = "1000000/minute"
    settings.MEDIA_ROOT = tmp_path
    examples = int(os.environ.get("BENCH_EXAMPLES", "50"))
    seconds = int(os.environ.get("BENCH_SECONDS", "3600"))
    company = a_world().company
    fine, said = fuzz(live_server.url, company, role, examples=examples, seed=7, folder=tmp_path, seconds=seconds)
    print(said[-900:])
    assert fine, said
