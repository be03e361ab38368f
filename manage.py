#!/usr/bin/env python
"""The command line. Commands that need PostgreSQL find it running: the embedded one is started when none is given."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from config.runtime import embedded

WITHOUT_DATABASE = (
    "help",
    "version",
    "collectstatic",
    "compilemessages",
    "makemessages",
    "convert_document",
    "read_document",
    "read_statement",
    "validate_document",
)


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = arguments[1] if len(arguments) > 1 else "help"
    asks_for_help = command.startswith("-") or bool({"-h", "--help"} & set(arguments))
    if command in WITHOUT_DATABASE or asks_for_help:
        os.environ[embedded.WITHOUT] = "1"
    embedded.ensure()
    execute_from_command_line(arguments)


if __name__ == "__main__":
    main(sys.argv)
