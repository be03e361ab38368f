"""The token of a link: which key signed it, which link it is, and the signature. 56 letters and digits, no separator.

Signed rather than kept hashed: a link must be shown again (its copy button) and put into each later letter to the same
person, and a letter kept here must not hold it. So the row keeps the random part alone, and a stolen copy of the
database opens no page: the key stays outside. A forged token is refused before any row is looked for, in one time
whatever is wrong with it, so that nothing can be found out by trying.

The keys are those of CREDENTIALS_KEYS, newest first: links signed with an older one open as long as it stays there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from django.conf import settings

_USE = b"quittance customer link 1"
_KEY_ID, _PART = 4, 26  # characters: of the key's name; of 128 bits
_TOKEN = re.compile(rf"[a-z2-7]{{{_KEY_ID + 2 * _PART}}}", re.ASCII)


def new_public_id() -> str:
    """128 random bits."""
    return _letters(secrets.token_bytes(16))


def token_of(public_id: str) -> str:
    """The token that opens the link, signed with the newest key."""
    name, key = _keys()[0]
    return f"{name}{public_id}{_signature(key, public_id)}"


def public_id_of(token: str) -> str:
    """Which link a token opens; '' when it is forged or cut, or its key was thrown away. In constant time."""
    is_whole = _TOKEN.fullmatch(token) is not None
    # one that is not whole is reckoned with all the same: its refusal must take as long
    whole = token if is_whole else "a" * (_KEY_ID + 2 * _PART)
    named, public_id, given = whole[:_KEY_ID], whole[_KEY_ID:-_PART], whole[-_PART:]
    is_genuine = False
    for name, key in _keys():
        is_signed = hmac.compare_digest(given, _signature(key, public_id))
        is_genuine |= is_signed & hmac.compare_digest(named, name)
    return public_id if is_genuine and is_whole else ""


def _keys() -> list[tuple[str, bytes]]:
    """Each key with its name, newest first: derived, so that what signs links decrypts nothing."""
    derived = [hmac.digest(key.encode(), _USE, "sha256") for key in settings.CREDENTIALS_KEYS]
    return [(_letters(hashlib.sha256(key).digest())[:_KEY_ID], key) for key in derived]


def _signature(key: bytes, public_id: str) -> str:
    return _letters(hmac.digest(key, public_id.encode(), "sha256")[:16])


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
