"""The one list of platforms we speak to. Adding one is adding a row, a package beside this file and a simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from config.kernel.errors import RemoteError
from einvoicing.platforms.answers import CopyState, RemoteStatus
from einvoicing.platforms.base import Platform, PlatformSettings


@dataclass(frozen=True, slots=True)
class Provider:
    """One kind of platform: its adapter (takes PlatformSettings), and who reads the bytes of its messages.

    `reader` turns a stored message into statuses, or of a mirror into the state of a copy; it raises Invalid for what
    it cannot read, and needs no connection.
    """

    label: str
    adapter: str  # dotted path of the class
    reader: str  # dotted path of the function (bytes) -> tuple[RemoteStatus, ...], of a mirror (bytes) -> CopyState
    syntaxes: tuple[str, ...] = ("Factur-X",)  # what it carries, the usual one first
    takes_public: bool = True  # invoices to public bodies
    takes_private: bool = True
    takes_individuals: bool = False  # flux 9: the platform reports sales to consumers from their invoices
    takes_reports: bool = False  # flux 10, made here, as FRR flows
    receives: bool = False  # supplier invoices, for us
    is_mirror: bool = False  # keeps a copy of the invoice, never carries it to the buyer
    extra_fields: tuple[str, ...] = ()  # settings beside the address and the secret
    declares: tuple[str, ...] = ()  # the statuses of ours that it takes (212, 220)
    takes_of_buyer: tuple[str, ...] = ()  # the statuses of what we received that it takes (204…211)
    answers: tuple[str, ...] = ()  # its statuses that a person can answer from here (208, 221)
    retries_after: tuple[int, ...] = ()  # minutes between two tries; the queue's own where it is empty
    asks_every: int = 0  # seconds between two questions about one document, where there is no feed
    counts_calls: bool = False  # its calls are counted, and a 429 pauses the application: see `quotas`
    takes_rejected_again: bool = True  # a file it rejected may pass later, as it is
    has_oauth: bool = True  # an identifier, a secret and an address of tokens; else the secret is the access key


PLATFORMS: dict[str, Provider] = {
    "afnor": Provider(
        "Plateforme agréée (AFNOR XP Z12-013)",
        "einvoicing.platforms.afnor.client.AfnorPlatform",
        "einvoicing.platforms.afnor.statuses.read",
        syntaxes=("Factur-X", "CII", "UBL"),
        takes_individuals=True,
        takes_reports=True,
        receives=True,
        extra_fields=("service_name", "directory_name", "organization_id"),
        declares=("212", "220"),
        takes_of_buyer=("204", "205", "206", "207", "208", "210", "211"),
    ),
    "chorus_pro": Provider(
        "Chorus Pro (secteur public)",
        "einvoicing.platforms.chorus_pro.client.ChorusProPlatform",
        "einvoicing.platforms.chorus_pro.statuses.read",
        syntaxes=("Factur-X", "CII", "UBL"),
        takes_private=False,
        extra_fields=("login", "password"),
        answers=("208", "221"),
        asks_every=600,  # PISTE's quotas are not published
        counts_calls=True,
        takes_rejected_again=False,
    ),
    "pennylane": Provider(
        "Pennylane",
        "einvoicing.platforms.pennylane.client.PennylanePlatform",
        "einvoicing.platforms.pennylane.statuses.read",
        syntaxes=("Factur-X", "CII", "UBL"),
        takes_public=False,
        receives=True,
        takes_of_buyer=("205", "207", "210"),
        has_oauth=False,
    ),
    "abby": Provider(
        "Abby (copie)",
        "einvoicing.platforms.abby.client.AbbyPlatform",
        "einvoicing.platforms.abby.statuses.read",
        syntaxes=("Factur-X", "CII"),
        is_mirror=True,
        extra_fields=("writes_receipts",),
        retries_after=(1, 2, 4),
        asks_every=3600,
        has_oauth=False,
    ),
}


def provider(kind: str) -> Provider:
    """Raises RemoteError for a kind that is not in the list."""
    try:
        return PLATFORMS[kind]
    except KeyError:
        raise RemoteError(
            "Ce type de plateforme n’est pas pris en charge.", retryable=False, code="unknown_platform"
        ) from None


def connect(settings: PlatformSettings) -> Platform:
    """An adapter for this account. Nothing is sent yet. Close it after use (`contextlib.closing`)."""
    return cast(Platform, _load(provider(settings.kind).adapter)(settings))


def read_statuses(kind: str, data: bytes) -> tuple[RemoteStatus, ...]:
    """The statuses in a message of this kind of platform. Raises Invalid when it cannot be read."""
    reader = cast(Callable[[bytes], tuple[RemoteStatus, ...]], _load(provider(kind).reader))
    return reader(data)


def read_copy(kind: str, data: bytes) -> CopyState:
    """What a message of this mirror says of its copy. Raises Invalid when it cannot be read."""
    reader = cast(Callable[[bytes], CopyState], _load(provider(kind).reader))
    return reader(data)


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
