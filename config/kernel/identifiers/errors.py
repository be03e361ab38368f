"""What every identifier refuses with: a French sentence that says what is wrong and what to do."""

from __future__ import annotations

from stdnum.util import clean

from config.kernel.errors import Invalid

# What people type between the groups of a number; stdnum also maps no-break spaces and typographic dashes.
SEPARATORS = " .-/\t\u202f\u00a0"


class InvalidIdentifier(Invalid):
    code = "invalid_identifier"


def without_separators(value: str) -> str:
    """`value` in capitals, without the spaces, dots, dashes and slashes people type."""
    return clean(value, SEPARATORS).strip().upper()
