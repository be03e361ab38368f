"""What stands in, outside production, for the secrets that nobody gave."""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path

from config.runtime import embedded


def development_key(state: Path, purpose: str) -> str:
    """A random key, made once and kept in the state directory."""
    if os.environ.get(embedded.WITHOUT):  # a command that needs no service keeps nothing either
        return _random_key()
    file = state / "keys" / purpose
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = file.with_suffix(f".{os.getpid()}")
        made.write_text(_random_key(), encoding="ascii")
        made.chmod(0o600)
        with contextlib.suppress(FileExistsError):  # of two processes that start together one makes the key
            # link, not rename: it fails where the file is there, so nobody's key is replaced while they sign with it
            os.link(made, file)
        made.unlink()
        return file.read_text(encoding="ascii")
    except OSError:
        return _random_key()  # nowhere to keep it: good for this process alone


def _random_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()
