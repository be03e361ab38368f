"""Pennylane's API v2 as a Platform: an e-invoice is imported and sent on in one call, then followed by its changes.

There is neither idempotency key nor tracking id: after an unknown outcome the invoice is looked up by its number
(BT-1). Pennylane sends before its schematron has ended, so two statuses are read: its own verdict and the network's.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError, Response, Session
from einvoicing import lifecycle
from einvoicing.platforms.afnor.payloads import json_object
from einvoicing.platforms.answers import (
    Acknowledgement,
    AckStatus,
    Announced,
    Announcement,
    Page,
    Receipt,
    ReceivedFile,
    RemoteMessage,
)
from einvoicing.platforms.base import Capabilities, Deposit, PlatformSettings, Watched
from einvoicing.platforms.pennylane import payloads
from einvoicing.platforms.pennylane.statuses import acknowledgement, network_status

DEADLINE = 60.0  # seconds for one deposit or look-up: less than any lease
LONG_PAGE = 100  # of a list whose files are asked for apart
LISTED = "list:"  # begins a place in the list of invoices; another is one in the feed of changes
PAGE_SIZE = 20  # changes; each costs one more request, and 25 are allowed in 5 seconds
WINDOW = 5.0  # seconds: the longest wait for the next window of requests
_MOST_BYTES = 100 * 1024 * 1024
_GONE = {404, 410}


class PennylanePlatform:
    kind = "pennylane"
    capabilities = Capabilities(idempotency_key=False, lookup=True, duplicate_error=False, tells_suppliers=True)

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._base = settings.base_url.rstrip("/")
        self._session = Session(
            timeout=(settings.connect_timeout, settings.read_timeout),
            adapter=settings.connections(),
            max_bytes=_MOST_BYTES,
        )
        self._free_at = 0.0  # time.monotonic() from which the next request is allowed

    def close(self) -> None:
        self._session.close()

    def deposit(self, deposit: Deposit) -> Receipt:
        """Import the file and have it sent on at once."""
        if deposit.syntax == "CDAR":
            raise RemoteError(
                "Pennylane ne reçoit pas de statuts : enregistrez-y l’encaissement, il le déclare lui-même.",
                retryable=False,
                code="no_status_taken",
            )
        with self._session.within(DEADLINE):
            try:
                response = self._call(
                    "POST",
                    payloads.IMPORTS,
                    accept=(200, 201, 202),
                    data={"send_to_pa": "true"},
                    files={"file": (deposit.name, deposit.data, payloads.mime_type(deposit.syntax))},
                )
            except AnsweredError as error:
                first = self._find(deposit.tracking_id, deposit.number) if payloads.is_already_there(error) else None
                if first is None:
                    raise
                return dataclasses.replace(first, duplicate=True)
            receipt = payloads.receipt(json_object(response, outcome_unknown=True), tracking_id=deposit.tracking_id)
            return self._dated(receipt)

    def _dated(self, receipt: Receipt) -> Receipt:
        """The receipt with what Pennylane now holds, for an import answers with an id alone."""
        try:
            invoice = self._get(_path(receipt.remote_id))
        except RemoteError:
            return receipt  # the import is proved all the same
        return payloads.receipt(invoice, tracking_id=receipt.tracking_id)

    def find(self, tracking_id: str, number: str = "") -> Receipt | None:
        """The invoice of this number, whose sending is asked for again if the first attempt did not come to it."""
        if not number:
            raise RemoteError(
                "Pennylane ne retrouve une facture que par son numéro.", retryable=False, code="number_wanted"
            )
        with self._session.within(DEADLINE):
            return self._find(tracking_id, number)

    def _find(self, tracking_id: str, number: str) -> Receipt | None:
        answer = self._get(payloads.INVOICES, params={"filter": payloads.by_number(number), "limit": 100})
        # a service that ignores a filter it does not know would otherwise hand us somebody else's invoice
        found = [row for row in payloads.rows(answer) if row.get("invoice_number") == number and not row.get("draft")]
        if not found:
            return None
        found.sort(key=lambda row: (not network_status(row)[0], int(row["id"])))
        if not network_status(found[0])[0]:
            # imported and not sent on: the first attempt died between the two
            self._send(str(found[0]["id"]))
        return payloads.receipt(found[0], tracking_id=tracking_id)

    def _send(self, remote_id: str) -> None:
        """Ask for the sending; being sent already (422) is what we want."""
        try:
            self._call("POST", f"{_path(remote_id)}/send_to_pa", accept=(200, 202, 204), json={})
        except AnsweredError as error:
            if error.response.status != 422:
                raise
            if not payloads.is_already_there(error) and not network_status(self._get(_path(remote_id)))[0]:
                raise

    def acknowledgement(self, remote_id: str, number: str = "") -> Acknowledgement:
        try:
            return acknowledgement(self._get(_path(remote_id)))
        except AnsweredError as error:
            if error.response.status in _GONE:  # deleted in Pennylane: the others must still be read
                return Acknowledgement(AckStatus.UNKNOWN, f"http_{error.response.status}")
            raise

    def incoming(self, cursor: str, watched: Sequence[Watched] = ()) -> Page:
        """The invoices changed since the cursor; at first, and after a pause of four weeks, each watched one."""
        bookmark = payloads.Bookmark.read(cursor)
        if not bookmark.since:
            return self._look_at(watched, bookmark)
        place = {"cursor": bookmark.page} if bookmark.page else {"start_date": bookmark.since}
        try:
            answer = self._get(payloads.CHANGES, params={**place, "limit": PAGE_SIZE})
        except AnsweredError as error:
            if error.response.status == 422:  # older than what is kept
                return self._look_at(watched, bookmark)
            raise
        found = payloads.changes(answer)
        fresh = [change for change in found if change.key not in bookmark.seen and change.operation != "delete"]
        messages, bookmark = self._changed([change.id for change in fresh], bookmark)
        more = bool(answer.get("has_more"))
        page = str(answer.get("next_cursor") or "") if more else ""
        return Page(messages, bookmark.moved(found, page=page).write(), more=more)

    def _look_at(self, watched: Sequence[Watched], bookmark: payloads.Bookmark) -> Page:
        """Each watched invoice; the changes are followed from before this look on, by the platform's clock."""
        # before the look, and by their clock: a change during it is read by the next poll, not lost in between
        started = _clock(self._call("GET", payloads.ME)) - payloads.OVERLAP
        messages, bookmark = self._changed([document.remote_id for document in watched], bookmark)
        following = dataclasses.replace(bookmark, since=started.isoformat(), page="", seen=())
        return Page(messages, following.write())

    def _changed(
        self, remote_ids: Sequence[str], bookmark: payloads.Bookmark
    ) -> tuple[tuple[RemoteMessage, ...], payloads.Bookmark]:
        """What these invoices say that they had not said before."""
        messages: list[RemoteMessage] = []
        for remote_id in dict.fromkeys(remote_ids):
            try:
                response = self._call("GET", _path(remote_id))
            except AnsweredError as error:
                if error.response.status in _GONE:
                    continue
                raise
            invoice = json_object(response)
            digest = payloads.digest(invoice)
            if not network_status(invoice)[0] or bookmark.digests.get(remote_id) == digest:
                continue
            bookmark = bookmark.with_digests({remote_id: digest})
            at = payloads.instant(invoice.get("updated_at")) or datetime.now(UTC)
            # Pennylane sends no messages: the same state read twice must make the same key, another state another
            key = f"{remote_id}:{at.timestamp():.6f}:{digest}"
            messages.append(RemoteMessage(key, "customer_invoice", response.body, at))
        messages.sort(key=lambda message: message.updated_at)
        return tuple(messages), bookmark

    def announced(self, since: datetime, page: str = "") -> Announcement:
        """The supplier invoices written since then: by the feed of changes, or by the list where it reaches no more."""
        if page.startswith(LISTED) or since < datetime.now(UTC) - payloads.KEPT + timedelta(days=1):
            return self._listed(since, page.removeprefix(LISTED))
        place = {"cursor": page} if page else {"start_date": since.isoformat()}
        answer = self._get(payloads.SUPPLIER_CHANGES, params={**place, "limit": LONG_PAGE})
        rows = tuple(Announced(row.id, row.at) for row in payloads.changes(answer) if row.operation != "delete")
        return Announcement(rows, str(answer.get("next_cursor") or "") if answer.get("has_more") else "")

    def _listed(self, since: datetime, page: str) -> Announcement:
        """The newest first, as far as those created since then."""
        place = {"cursor": page} if page else {}
        params = {**place, "limit": LONG_PAGE, "sort": "-id"}
        answer = self._get(payloads.SUPPLIER_INVOICES, params=params)
        rows = payloads.announced(answer)
        following = str(answer.get("next_cursor") or "") if answer.get("has_more") else ""
        recent = tuple(row for row in rows if row.at >= since)
        return Announcement(recent, f"{LISTED}{following}" if following and len(recent) == len(rows) else "")

    def fetch_received(self, announced: Announced) -> ReceivedFile:
        """The file Pennylane keeps; it lies on another host, which must not see the token."""
        invoice = self._get(f"{payloads.SUPPLIER_INVOICES}/{quote(announced.remote_id, safe='')}")
        url = str(invoice.get("public_file_url") or "")
        if not url:
            raise RemoteError("Pennylane ne donne pas le fichier de cette facture.", retryable=True, code="no_file")
        return ReceivedFile(str(invoice.get("filename") or announced.remote_id), self._session.get(url).body)

    def tell_supplier(self, remote_id: str, code: str, reason_code: str, reason: str) -> Receipt:
        """PUT /supplier_invoices/{id}/e_invoice_status: what the buyer says of what it received."""
        words = f"{lifecycle.reason(reason_code)} {reason}".strip() if reason_code else reason
        body = {"status": payloads.BUYER_STATUSES[code], **({"reason": words} if words else {})}
        place = f"{payloads.SUPPLIER_INVOICES}/{quote(remote_id, safe='')}/e_invoice_status"
        self._call("PUT", place, json=body, accept=(200, 204))
        return Receipt(remote_id, None, "", {})

    def fetch(self, remote_id: str) -> bytes:
        """The file Pennylane keeps. It lies on another host, which must not see the token."""
        url = str(self._get(_path(remote_id)).get("public_file_url") or "")
        if not url:
            raise RemoteError("Pennylane ne donne pas le fichier de cette facture.", retryable=True, code="no_file")
        return self._session.get(url).body

    def ping(self) -> None:
        self._call("GET", payloads.ME)

    def _get(self, path: str, **options: Any) -> Mapping[str, Any]:
        return json_object(self._call("GET", path, **options))

    def _call(self, method: str, path: str, **options: Any) -> Response:
        """One call, once the rate limit allows it."""
        time.sleep(max(0.0, min(self._free_at - time.monotonic(), WINDOW)))
        headers = {"Authorization": f"Bearer {self._settings.client_secret}", "Accept": "application/json"}
        try:
            response = self._session.request(method, f"{self._base}{path}", headers=headers, **options)
        except AnsweredError as error:
            raise payloads.explained(error) from error
        self._free_at = time.monotonic() + _pause(response.headers)
        return response


def _path(remote_id: str) -> str:
    return f"{payloads.INVOICES}/{quote(remote_id, safe='')}"


def _pause(headers: Mapping[str, str]) -> float:
    """Seconds to wait when the window is used up. `ratelimit-reset` is read as an instant or a delay: undocumented."""
    if headers.get("ratelimit-remaining", "").strip() != "0":
        return 0.0
    try:
        reset = float(headers.get("ratelimit-reset", ""))
    except ValueError:
        return WINDOW
    return max(0.0, min(reset - time.time() if reset > 1_000_000 else reset, WINDOW))


def _clock(response: Response) -> datetime:
    """The platform's time; ours when it gives none."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)
