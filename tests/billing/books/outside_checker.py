"""Another's checker of FEC files, django-accounting-fr (AGPL: never shipped, never a dependency), run apart from us.

    uv pip install --target .local/outside --no-deps django-accounting-fr

Its one module that needs no Django reads files given on its command line and answers what it found as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKER = Path(__file__).resolve().parents[3] / ".local/outside/accounting_fr/fec_check.py"
_RUN = """
import importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("fec_check", sys.argv[1])
module = sys.modules["fec_check"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
for name in sys.argv[2:]:
    path = pathlib.Path(name)
    report = module.check_fec(path.read_bytes(), path.name)
    print(json.dumps({"errors": report.errors, "warnings": report.warnings, "stats": report.stats}))
"""


def outside_verdicts(*paths: Path) -> list[dict[str, Any]]:
    """What it says of each file: `errors`, `warnings`, `stats`. The test is skipped where it is not at hand."""
    if not CHECKER.is_file():
        pytest.skip("the outside checker of FEC files is not at hand (tests/billing/books/outside_checker.py)")
    command = [sys.executable, "-I", "-c", _RUN, str(CHECKER), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]
