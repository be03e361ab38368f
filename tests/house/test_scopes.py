"""Who works across companies is counted, and says why beside it. All else stands in one company, or in none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.house.texts import PACKAGES, ROOT

# file → how often it enters across_companies()
ACROSS = {
    "billing/bounce_mailbox.py": 1,
    "config/kernel/api/keys.py": 1,
    "config/kernel/inbound/receiving.py": 1,
    "config/kernel/isolating.py": 2,
    "config/kernel/middleware.py": 1,
    "config/kernel/people/erasing.py": 1,
    "config/kernel/people/invitations.py": 2,
    "config/kernel/queue.py": 2,
    "config/kernel/quiet.py": 1,
    "config/kernel/restoring.py": 2,
    "config/kernel/tallies.py": 1,
    "config/kernel/tasks.py": 2,
    "config/pages/home.py": 1,
    "config/management/commands/move_files.py": 1,
    "config/pages/operations/finishing.py": 1,
    "config/pages/operations/installation_views.py": 2,
    "config/pages/operations/metrics.py": 1,
    "config/rehearsal/demo.py": 1,
    "config/runtime/backups/writing.py": 1,
    "payments/portal/links.py": 1,
    "payments/tasks.py": 1,
}


def entries() -> Iterator[tuple[str, str, str]]:
    """Each line that enters, in its file, with the line before it."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            lines = path.read_text(encoding="utf-8").splitlines()
            for before, line in pairwise(lines):
                if "across_companies()" in line and not line.startswith("def "):
                    yield str(path.relative_to(ROOT)), line, before


def test_who_works_across_companies_is_counted() -> None:
    assert Counter(path for path, _line, _before in entries()) == ACROSS


def test_each_has_its_reason_beside_it() -> None:
    assert [(path, line) for path, line, before in entries() if not before.strip().startswith("# ")] == []
