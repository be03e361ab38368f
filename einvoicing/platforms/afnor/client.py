"""The AFNOR flow service (XP Z12-013 1.3.0, Annex A) as a Platform.

The standard has no idempotency key: a deposit is found again by its tracking id, and a second copy is refused with
the reason AlreadyExistingFlow.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError, Response, Session
from config.kernel.logs import current_request_id, redact
from einvoicing.platforms.afnor import payloads
from einvoicing.platforms.afnor.statuses import ALREADY_EXISTING, LIFECYCLE_TYPES, REPORT_TYPES, SUPPLIER_TYPES
from einvoicing.platforms.answers import (
    Acknowledgement,
    AckStatus,
    Announced,
    Announcement,
    Listed,
    Page,
    Receipt,
    ReceivedFile,
    RemoteMessage,
)
from einvoicing.platforms.base import Capabilities, Deposit, PlatformSettings, Watched
from einvoicing.platforms.tokens import token

DEADLINE = 60.0  # seconds for one deposit or look-up, tokens and second tries included: less than any lease
MOST_PAGES = 200  # of a comparison
PAGE_SIZE = 25  # each row costs one more request for its file
LONG_PAGE = 100  # of a list whose files are asked for apart
BY_DATE = "@"  # begins the place of a platform that gives none
_MOST_BYTES = 100 * 1024 * 1024  # the standard's own limit for a flow


class AfnorPlatform:
    kind = "afnor"
    capabilities = Capabilities(idempotency_key=False, lookup=True, duplicate_error=True, lists=True)

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._service = f"{settings.base_url.rstrip('/')}/{settings.service_name.strip('/')}/v1"
        self._session = Session(
            timeout=(settings.connect_timeout, settings.read_timeout),
            adapter=settings.connections(),
            max_bytes=_MOST_BYTES,
        )

    def close(self) -> None:
        self._session.close()

    def deposit(self, deposit: Deposit) -> Receipt:
        """POST /flows. A platform that refuses a second copy at once gives the first copy's receipt."""
        with self._session.within(DEADLINE):
            return self._deposit(deposit)

    def _deposit(self, deposit: Deposit) -> Receipt:
        try:
            response = self._call(
                "POST",
                "/flows",
                accept=(200, 201, 202),
                files={
                    "flowInfo": (None, payloads.flow_info(deposit), "application/json"),
                    "file": (deposit.name, deposit.data, payloads.mime_type(deposit.syntax)),
                },
            )
        except AnsweredError as error:
            # the platform tells that it has the number, not whose deposit that was: only our tracking id does
            first = self._find(deposit.tracking_id) if error.code == ALREADY_EXISTING else None
            # a flow that is itself a refused copy proves nothing: another deposit holds this invoice's number
            if first is None or payloads.acknowledgement(first.raw).duplicate:
                raise
            return dataclasses.replace(first, duplicate=True)
        answer = payloads.json_object(response, outcome_unknown=True)
        return payloads.receipt(answer, tracking_id=deposit.tracking_id)

    def find(self, tracking_id: str, number: str = "") -> Receipt | None:
        """The outgoing flow with this tracking id: the accepted one rather than copies refused as duplicates."""
        with self._session.within(DEADLINE):
            return self._find(tracking_id)

    def _find(self, tracking_id: str) -> Receipt | None:
        answer = self._search({"trackingId": tracking_id, "flowDirection": ["Out"]}, limit=100)
        rows = [row for row in answer.get("results", []) if isinstance(row, dict)]
        # a service that ignores a criterion it does not know would otherwise hand us somebody else's flow
        rows = [row for row in rows if row.get("trackingId") == tracking_id]
        if not rows:
            return None
        rows.sort(key=_weight)
        return payloads.receipt(rows[0], tracking_id=tracking_id)

    def acknowledgement(self, remote_id: str, number: str = "") -> Acknowledgement:
        response = self._call("GET", f"/flows/{quote(remote_id, safe='')}", params={"docType": "Metadata"})
        return payloads.acknowledgement(payloads.json_object(response))

    def incoming(self, cursor: str, watched: Sequence[Watched] = ()) -> Page:
        """One page of lifecycle messages. The cursor is by the platform's clock, so ours may be wrong."""
        bookmark = payloads.Bookmark.read(cursor)
        where: dict[str, Any] = {"flowDirection": ["In"], "flowType": list(LIFECYCLE_TYPES)}
        if bookmark.after:
            where["updatedAfter"] = bookmark.after
        answer = self._search(where, limit=PAGE_SIZE, cursor=bookmark.page)
        rows = payloads.flows(answer)
        next_page = str(answer.get("nextCursor") or "")
        full = len(rows) >= PAGE_SIZE
        # the windows overlap on purpose (rows may appear late): what was read is told apart by its id
        delivered = {key for key, _at in bookmark.seen}
        fresh = sorted((row for row in rows if row.id not in delivered), key=lambda row: row.updated_at)
        following = bookmark.moved(rows, page=next_page, full=full)
        return Page(
            messages=tuple(self._message(row) for row in fresh),
            next_cursor=following.write(),
            more=bool(next_page) or full,
        )

    def listed(self, since: datetime) -> tuple[Listed, ...]:
        """Every flow we deposited since then, by as many pages as it takes."""
        where = {"flowDirection": ["Out"], "updatedAfter": since.isoformat()}
        found: list[Listed] = []
        cursor = ""
        for _page in range(MOST_PAGES):
            answer = self._search(where, limit=100, cursor=cursor)
            rows = [row for row in answer.get("results", []) if isinstance(row, dict)]
            for row in rows:
                values = (str(row.get(name) or "") for name in ("flowId", "trackingId", "name"))
                found.append(Listed(*values))
            following = str(answer.get("nextCursor") or "")
            # a service that gives the same cursor again would be read for ever
            if not following or following == cursor:
                return tuple(found)
            cursor = following
        raise RemoteError(
            "La plateforme liste plus de documents qu’on ne peut en comparer.", retryable=False, code="too_many"
        )

    def reports(self, since: datetime, known: Collection[str]) -> tuple[RemoteMessage, ...]:
        """The e-reporting that the platform made of our invoices since then, without those `known` by their id."""
        where = {"flowDirection": ["In"], "flowType": list(REPORT_TYPES), "updatedAfter": since.isoformat()}
        found: list[RemoteMessage] = []
        cursor = ""
        for _page in range(MOST_PAGES):
            answer = self._search(where, limit=100, cursor=cursor)
            found += [self._message(row) for row in payloads.flows(answer) if row.id not in known]
            following = str(answer.get("nextCursor") or "")
            if not following or following == cursor:
                break
            cursor = following
        return tuple(sorted(found, key=lambda message: message.updated_at))

    def announced(self, since: datetime, page: str = "") -> Announcement:
        """One page of the supplier invoices changed since then. A platform before 1.3 is paged by date."""
        after = page.removeprefix(BY_DATE) if page.startswith(BY_DATE) else since.isoformat()
        where = {"flowDirection": ["In"], "flowType": list(SUPPLIER_TYPES), "updatedAfter": after}
        answer = self._search(where, limit=LONG_PAGE, cursor="" if page.startswith(BY_DATE) else page)
        rows = payloads.flows(answer)
        following = str(answer.get("nextCursor") or "")
        if not following and len(rows) >= LONG_PAGE:
            newest = max(row.updated_at for row in rows)
            # « after » is strict: from just before the last row, for others may share its moment
            following = f"{BY_DATE}{(newest - timedelta(milliseconds=1)).isoformat()}"
            if following == page:
                following = f"{BY_DATE}{newest.isoformat()}"
        # a service that gives the same place again would be read for ever
        announced = tuple(Announced(row.id, row.updated_at, row.name) for row in rows)
        return Announcement(announced, "" if following == page else following)

    def fetch_received(self, announced: Announced) -> ReceivedFile:
        return ReceivedFile(announced.name or announced.remote_id, self.fetch(announced.remote_id))

    def fetch(self, remote_id: str) -> bytes:
        return self._call("GET", f"/flows/{quote(remote_id, safe='')}", params={"docType": "Original"}).body

    def ping(self) -> None:
        self._call("GET", "/healthcheck", accept=(200, 204))

    def _message(self, row: payloads.Flow) -> RemoteMessage:
        """The row with its file. A file the platform does not have must not hold back the messages after it."""
        data, problem = b"", ""
        try:
            data = self.fetch(row.id)
        except AnsweredError as error:
            if error.retryable or error.response.status in {401, 403}:
                raise
            problem = error.code
        if not data and not problem:
            problem = "empty_file"
        return RemoteMessage(row.id, row.kind, data, row.updated_at, problem)

    def _search(self, where: Mapping[str, Any], *, limit: int, cursor: str = "") -> Mapping[str, Any]:
        body: dict[str, Any] = {"where": where, "limit": limit}
        if cursor:
            body["cursor"] = cursor
        response = self._call("POST", "/flows/search", accept=(200, 204), json=body, reads_only=True)
        return {} if response.status == 204 else payloads.json_object(response)

    def _call(self, method: str, path: str, **options: Any) -> Response:
        """One call with a token; a token turned down is replaced once (401: the request was not carried out)."""
        bearer = token(self._settings, self._session)
        try:
            return self._send(method, path, bearer, options)
        except AnsweredError as error:
            if error.response.status != 401:
                raise _explained(error) from error
        bearer = token(self._settings, self._session, refused=bearer)
        try:
            return self._send(method, path, bearer, options)
        except AnsweredError as error:
            raise _explained(error) from error

    def _send(self, method: str, path: str, bearer: str, options: Mapping[str, Any]) -> Response:
        headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json, application/octet-stream"}
        if self._settings.organization_id:
            headers["Organization-Id"] = self._settings.organization_id
        if request_id := _as_uuid(current_request_id()):
            headers["Request-Id"] = request_id
        return self._session.request(method, f"{self._service}{path}", headers=headers, **options)


def _as_uuid(request_id: str) -> str:
    """The standard wants a UUID; an id of another shape is not sent."""
    try:
        return str(uuid.UUID(request_id))
    except ValueError:
        return ""


def _weight(row: Mapping[str, Any]) -> tuple[int, str]:
    """Accepted or pending first, then failed for a cause of its own, then copies; the oldest of each first."""
    ack = payloads.acknowledgement(row)
    rank = 2 if ack.duplicate else 1 if ack.status is AckStatus.ERROR else 0
    return rank, str(row.get("submittedAt", ""))


def _explained(error: AnsweredError) -> AnsweredError:
    """The failure with the platform's own error code and words ({errorCode, errorMessage, details})."""
    try:
        facts = payloads.json_object(error.response)
    except RemoteError:
        return error
    code = str(facts.get("errorCode") or "")
    message = " ".join(str(facts[key]) for key in ("errorMessage", "details") if facts.get(key))
    if ALREADY_EXISTING in (code, *message.replace(",", " ").split()):
        code = ALREADY_EXISTING
    message = f"{error.message} ({redact(message)[:300]})" if message else error.message
    return AnsweredError(
        message,
        response=error.response,
        retryable=error.retryable,
        outcome_unknown=error.outcome_unknown,
        code=code or error.code,
        retry_after=error.retry_after,
    )
