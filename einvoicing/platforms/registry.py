"""The one list of platforms we speak to."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from config.kernel.errors import RemoteError
from einvoicing.platforms.base import Platform, PlatformSettings

PLATFORMS: dict[str, str] = {
    "afnor": "einvoicing.platforms.afnor.client.AfnorPlatform",
}


def connect(settings: PlatformSettings) -> Platform:
    """An adapter for this account. Nothing is sent yet. Close it after use (`contextlib.closing`)."""
    try:
        module, _, name = PLATFORMS[settings.kind].rpartition(".")
    except KeyError:
        raise RemoteError(
            "Ce type de plateforme n’est pas pris en charge.", retryable=False, code="unknown_platform"
        ) from None
    return cast(Platform, getattr(import_module(module), name)(settings))
