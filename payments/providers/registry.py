"""The one list of payment providers we speak to. Adding one is adding a row, a module beside this file, a simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, cast

from config.kernel.errors import RemoteError
from payments.providers.base import Provider, ProviderSettings


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """`adapter` takes ProviderSettings; `signature` says whether a secret made the signature of a body received now."""

    label: str
    adapter: str  # dotted path of the class
    signature: str  # dotted path of the function (secret, headers, body, at) -> bool


# none is contracted: this one speaks a neutral protocol of our own, shaped like the usual ones (README)
PROVIDERS: dict[str, ProviderKind] = {
    "hosted_checkout": ProviderKind(
        "Page de paiement hébergée",
        "payments.providers.hosted_checkout.HostedCheckout",
        "payments.providers.hosted_checkout.is_signed",
    ),
}


def connect(kind: str, settings: ProviderSettings) -> Provider:
    """An adapter for this account. Nothing is sent yet. Close it after use (`contextlib.closing`)."""
    return cast(Provider, _load(_kind(kind).adapter)(settings))


def signature_of(kind: str) -> Callable[[str, Any, bytes, datetime], bool]:
    return cast(Callable[[str, Any, bytes, datetime], bool], _load(_kind(kind).signature))


def _kind(kind: str) -> ProviderKind:
    try:
        return PROVIDERS[kind]
    except KeyError:
        message = "Ce service de paiement n’est pas pris en charge."
        raise RemoteError(message, retryable=False, code="unknown_provider") from None


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
