"""Secrets at rest: encrypted with a ring of keys (newest first), bound to the place they belong to.

The context (company and field) is sealed inside the cipher text: moved to another row, a secret no longer opens.
"""

from __future__ import annotations

import json
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from config.kernel.errors import DomainError


class SecretUnreadable(DomainError):
    code = "secret_unreadable"
    message = "Le secret enregistré ne peut plus être lu. Saisissez-le de nouveau."


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(secret: str, *, context: str) -> str:
    """Cipher text of the secret for this context, for example `"platformaccount:42:client_secret"`."""
    # Fernet has no associated data: the context is encrypted with the secret, and compared when it opens
    body = json.dumps([context, secret]).encode()
    return _ring(tuple(settings.CREDENTIALS_KEYS)).encrypt(body).decode()


def decrypt(cipher: str, *, context: str) -> str:
    """The secret; raises SecretUnreadable on a lost key, a changed text or another context."""
    try:
        found, secret = json.loads(_ring(tuple(settings.CREDENTIALS_KEYS)).decrypt(cipher.encode()))
    except InvalidToken as error:
        raise SecretUnreadable from error
    if found != context:
        raise SecretUnreadable
    return str(secret)


def masked(secret: str) -> str:
    """What a page may show of a secret."""
    return f"••••{secret[-4:]}" if len(secret) > 8 else "••••"
