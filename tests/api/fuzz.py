"""schemathesis against a running server: its own examples, the edges of each schema, random cases, linked calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from config.kernel.models import Company
from config.kernel.roles import ACTIONS, READERS, Role, may, may_read
from tests.api.client import a_machine

CONFIG = Path(__file__).with_name("schemathesis.toml")
EVERYTHING = "examples,coverage,fuzzing,stateful"


def scopes_of(role: Role) -> list[str]:
    """A key's scopes that allow what the role allows. A key, since the run also revokes the tokens of people."""
    areas = [f"{area}.read" for area in READERS if may_read(role, area)]
    return [*areas, *(action for action in ACTIONS if may(role, action))]


def fuzz(
    url: str,
    company: Company,
    role: Role,
    *,
    examples: int,
    seed: int,
    folder: Path,
    phases: str = EVERYTHING,
    seconds: int = 3600,
) -> tuple[bool, str]:
    """Whether every answer was as the document promises, and what schemathesis said; `seconds` at most."""
    credential = a_machine(company, *scopes_of(role)).headers["Authorization"]
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file",
            str(CONFIG),
            "run",
            f"{url}/api/schema?format=json",
            "--url",
            url,
            "--header",
            f"Authorization: {credential}",
            "--header",
            f"X-Company: {company.siren}",
            "--header",
            "Accept-Language: en",
            "--phases",
            phases,
            "--max-examples",
            str(examples),
            "--seed",
            str(seed),
            "--no-color",
            "--continue-on-failure",
            "--max-time",
            str(seconds),
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr
