"""Words in braces that a letter may hold (`{lien}`), and what stands for them when the letter leaves.

They are filled as the letter is handed over and kept nowhere: what they give may be a secret of its recipient. An app
above registers its own; a line whose variable has nothing to give is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.models import Email, EmailKind


@dataclass(frozen=True, slots=True)
class Variable:
    """`give` makes what it needs and answers '' where there is nothing to give; `find` answers what was given before.

    `label` stands for it in a letter that is only shown.
    """

    name: str
    label: Any
    give: Callable[[Email, datetime], str]
    find: Callable[[Email, datetime], str]


VARIABLES: dict[str, Variable] = {}


def register(*variables: Variable) -> None:
    """Called once by the app that fills them, in its AppConfig.ready."""
    VARIABLES.update({variable.name: variable for variable in variables})


def sent_body(email: Email, at: datetime) -> str:
    """The letter as it leaves now."""
    return _filled(email, email.body, lambda variable: variable.give(email, at))


def shown_body(email: Email, at: datetime) -> str:
    """The kept letter as its recipient has it, or would get it, for the members of the company."""
    return _filled(email, email.body, lambda variable: variable.find(email, at) or f"({variable.label})")


def previewed(body: str) -> str:
    """A letter that is not queued yet, its variables in words."""
    return _filled(None, body, lambda variable: f"({variable.label})")


def on_paper(body: str) -> str:
    """A letter that is printed: without the lines that hold a variable."""
    return _filled(None, body, lambda variable: "")


def _filled(email: Email | None, body: str, value_of: Callable[[Variable], str]) -> str:
    # what the product tells its own team quotes others, who could write a variable there
    if "{" not in body or (email is not None and email.kind == EmailKind.NOTICE):
        return body
    lines = [_filled_line(line, value_of) for line in body.split("\n")]
    return "\n".join(line for line in lines if line is not None)


def _filled_line(line: str, value_of: Callable[[Variable], str]) -> str | None:
    for name, variable in VARIABLES.items():
        if (place := f"{{{name}}}") in line:
            value = value_of(variable)
            if not value:
                return None
            line = line.replace(place, value)
    return line
