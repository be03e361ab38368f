"""The AFNOR directory service (XP Z12-013 1.3.0, Annex B): who receives e-invoices, and at which addresses. Reads only.

A look-up answers None for whom the directory does not know (404 with the standard's own error). Every other failure
is a RemoteError: a directory that did not answer has said nothing about anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError, Response, Session
from einvoicing.platforms.afnor import payloads
from einvoicing.platforms.base import PlatformSettings
from einvoicing.platforms.tokens import token

ENABLED, UPCOMING, DISABLED = "Enabled", "Upcoming", "Disabled"
PUBLIC = "Public"
CLOSED = "C"
MOST_LINES = 100
# a service may leave the searches out: these answers say that it does
_NOT_OFFERED = frozenset({404, 405, 501})


@dataclass(frozen=True, slots=True)
class DirectoryLine:
    """One address of the directory. `status` is the directory's own word: Enabled, Upcoming, Disabled or another."""

    addressing_identifier: str  # BT-49 of scheme 0225
    siren: str
    siret: str
    suffix: str
    routing_code: str
    platform_type: str  # WK: an accredited platform; DFH: the State's portal
    status: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A legal unit, or one of its establishments when `siret` is there. What the directory does not say is ''.

    `needs_either`: a service code or a commitment number, whichever one has.
    """

    siren: str
    siret: str
    name: str
    kind: str  # Public or PrivateVatRegistered
    administrative_status: str  # A: active; C: closed
    street: str
    postcode: str
    city: str
    needs_service_code: bool
    needs_commitment: bool
    needs_either: bool

    @property
    def is_public(self) -> bool:
        return self.kind == PUBLIC

    @property
    def is_closed(self) -> bool:
        return self.administrative_status == CLOSED


class AfnorDirectory:
    """A short conversation with the directory service of one account. Close it after use."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._service = f"{settings.base_url.rstrip('/')}/{settings.directory_name.strip('/')}/v1"
        self._session = Session(
            timeout=(settings.connect_timeout, settings.read_timeout), adapter=settings.connections()
        )

    def close(self) -> None:
        self._session.close()

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """All look-ups inside end within this time: a person waits."""
        return self._session.within(seconds)

    def by_siren(self, siren: str) -> Unit | None:
        """The legal unit. Raises RemoteError."""
        found = self._get(f"/siren/code-insee:{quote(siren, safe='')}")
        return None if found is None else _unit(found, {})

    def by_siret(self, siret: str) -> Unit | None:
        """The establishment, with what its legal unit says where the service includes it. Raises RemoteError."""
        found = self._get(f"/siret/code-insee:{quote(siret, safe='')}", include="siren")
        return None if found is None else _unit(_object(found, "legalUnit"), found)

    def line(self, addressing_identifier: str) -> DirectoryLine | None:
        """The line of an exact address. Raises RemoteError."""
        found = self._get(f"/directory-line/code:{quote(addressing_identifier, safe='')}", include="routingCode")
        return None if found is None else _line(found)

    def lines_of(self, siren: str) -> tuple[DirectoryLine, ...] | None:
        """The lines of a company, at most a hundred; None where the service does not offer searches.

        Raises RemoteError.
        """
        body = {
            "filters": {"siren": {"op": "strict", "value": siren}},
            "sorting": [{"field": "addressingIdentifier", "order": "ascending"}],
            "include": ["routingCode"],
            "limit": MOST_LINES,
        }
        try:
            response = self._call("POST", "/directory-line/search", accept=(200, 204, 206), json=body, reads_only=True)
        except AnsweredError as error:
            if error.response.status in _NOT_OFFERED:
                return None
            raise
        if response.status == 204:
            return ()
        rows = payloads.json_object(response).get("results")
        if not isinstance(rows, list):
            raise payloads.unreadable()
        lines = [_line(row) for row in rows if isinstance(row, dict)]
        # a service that ignores the filter would otherwise hand us somebody else's addresses
        return tuple(line for line in lines if line.siren == siren)

    def _get(self, path: str, **params: str) -> Mapping[str, Any] | None:
        try:
            return payloads.json_object(self._call("GET", path, params=params))
        except AnsweredError as error:
            if error.response.status == 404 and _is_standard(error.response):
                return None
            raise

    def _call(self, method: str, path: str, **options: Any) -> Response:
        """One call with a token; a token turned down is replaced once."""
        bearer = token(self._settings, self._session)
        try:
            return self._send(method, path, bearer, options)
        except AnsweredError as error:
            if error.response.status != 401:
                raise
        bearer = token(self._settings, self._session, refused=bearer)
        return self._send(method, path, bearer, options)

    def _send(self, method: str, path: str, bearer: str, options: Mapping[str, Any]) -> Response:
        headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json"}
        if self._settings.organization_id:
            headers["Organization-Id"] = self._settings.organization_id
        return self._session.request(method, f"{self._service}{path}", headers=headers, **options)


def _is_standard(response: Response) -> bool:
    """Whether the service itself says no. A mistyped address gives a 404 too, and that one says nothing."""
    try:
        return bool(payloads.json_object(response).get("errorCode"))
    except RemoteError:
        return False


def _object(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _text(values: Mapping[str, Any], name: str) -> str:
    found = values.get(name)
    return found.strip() if isinstance(found, str) else ""


def _unit(legal: Mapping[str, Any], facility: Mapping[str, Any]) -> Unit:
    address, needs = _object(facility, "address"), _object(facility, "b2gAdditionalData")
    lines = (_text(address, f"addressLine{number}") for number in (1, 2, 3))
    return Unit(
        siren=_text(legal, "siren") or _text(facility, "siren"),
        siret=_text(facility, "siret"),
        name=_text(facility, "name") or _text(legal, "businessName"),
        kind=_text(legal, "entityType") or (PUBLIC if needs else ""),  # only public bodies have such needs
        administrative_status=_text(facility, "administrativeStatus") or _text(legal, "administrativeStatus"),
        street=", ".join(line for line in lines if line),
        postcode=_text(address, "postalCode"),
        city=_text(address, "locality"),
        needs_service_code=needs.get("serviceCodeStatus") is True,
        needs_commitment=needs.get("managesLegalCommitmentCode") is True,
        needs_either=needs.get("managesLegalCommitmentOrServiceCode") is True,
    )


def _line(row: Mapping[str, Any]) -> DirectoryLine:
    """One line. Raises RemoteError when it has no address or no status."""
    address, status = _text(row, "addressingIdentifier"), _text(row, "directoryLineStatus")
    if not address or not status:
        raise payloads.unreadable()
    return DirectoryLine(
        addressing_identifier=address,
        siren=_text(row, "siren"),
        siret=_text(row, "siret"),
        suffix=_text(row, "addressingSuffix"),
        routing_code=_text(_object(row, "routingCode"), "routingIdentifier") or _text(row, "routingIdentifier"),
        platform_type=_text(row, "platformType"),
        status=status,
    )
