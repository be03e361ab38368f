"""What goes over the wire of the flow service (XP Z12-013 1.3.0, Annex A), read into and written from our values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.kernel.errors import RemoteError
from config.kernel.http import Response
from einvoicing.platforms.afnor.statuses import ack_status, is_duplicate
from einvoicing.platforms.answers import AckDetail, Acknowledgement, Receipt
from einvoicing.platforms.base import Deposit

MIME_TYPES = {"Factur-X": "application/pdf"}

# how far before the newest message the next poll looks again: a platform may publish rows a little out of order
OVERLAP = timedelta(seconds=5)
_MOST_SEEN = 1000


def flow_info(deposit: Deposit) -> bytes:
    """The JSON part that qualifies the file."""
    info = {
        "trackingId": deposit.tracking_id,
        "name": deposit.name[:255],
        "processingRule": deposit.processing_rule,
        "flowSyntax": deposit.syntax,
        "sha256": deposit.sha256,
    }
    if deposit.profile:
        info["flowProfile"] = deposit.profile
    return json.dumps(info, ensure_ascii=False).encode()


def mime_type(syntax: str) -> str:
    return MIME_TYPES.get(syntax, "application/xml")


def unreadable(*, outcome_unknown: bool = False) -> RemoteError:
    return RemoteError(
        "La plateforme a donné une réponse illisible.",
        retryable=True,
        outcome_unknown=outcome_unknown,
        code="unreadable_answer",
    )


def json_object(response: Response, *, outcome_unknown: bool = False) -> Mapping[str, Any]:
    """The answer as a JSON object; raises RemoteError when it is anything else."""
    try:
        value = response.json()
    except ValueError:
        raise unreadable(outcome_unknown=outcome_unknown) from None
    if not isinstance(value, dict):
        raise unreadable(outcome_unknown=outcome_unknown)
    return value


def instant(value: Any) -> datetime | None:
    """An RFC 3339 date-time with its zone; None when it is not one (a time without zone proves nothing)."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def receipt(info: Mapping[str, Any], *, tracking_id: str, duplicate: bool = False) -> Receipt:
    """The platform's proof of deposit. Without a flow id there is no proof: the outcome is unknown."""
    flow_id = info.get("flowId")
    if not isinstance(flow_id, str) or not flow_id:
        raise unreadable(outcome_unknown=True)
    return Receipt(
        remote_id=flow_id,
        submitted_at=instant(info.get("submittedAt")),
        tracking_id=tracking_id,
        raw=info,
        duplicate=duplicate,
    )


def acknowledgement(flow: Mapping[str, Any]) -> Acknowledgement:
    found = flow.get("acknowledgement")
    ack: Mapping[str, Any] = found if isinstance(found, dict) else {}
    listed = ack.get("details")
    details = tuple(
        AckDetail(
            level=str(item.get("level", "")),
            item=str(item.get("item", "")),
            reason_code=str(item.get("reasonCode", "")),
            reason_message=str(item.get("reasonMessage", "")),
        )
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict)
    )
    word = str(ack.get("status", ""))
    return Acknowledgement(
        status=ack_status(word),
        raw_status=word,
        details=details,
        updated_at=instant(flow.get("updatedAt")),
        duplicate=is_duplicate(details),
    )


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where the last poll stopped, by the platform's own clock.

    `after` is the search's lower bound, `page` the platform's cursor inside a search not yet read to its end, `seen`
    the flows already delivered whose time lies within the overlap, so that looking again delivers none twice.
    """

    after: str = ""
    page: str = ""
    seen: tuple[tuple[str, str], ...] = ()  # (flow id, its time)

    @classmethod
    def read(cls, cursor: str) -> Bookmark:
        if not cursor:
            return cls()
        try:
            after, page, seen = json.loads(cursor)
            return cls(str(after), str(page), tuple((str(key), str(at)) for key, at in seen))
        except (ValueError, TypeError):
            raise ValueError("not a cursor of this platform") from None

    def write(self) -> str:
        return json.dumps([self.after, self.page, self.seen], separators=(",", ":"))

    def moved(self, flows: list[Flow], *, page: str, full: bool) -> Bookmark:
        """The bookmark once these flows are delivered. `full`: the answer held as many rows as were asked for."""
        times = {key: instant(at) for key, at in self.seen} | {flow.id: flow.updated_at for flow in flows}
        known = {key: at for key, at in times.items() if at is not None}
        if not known:
            return Bookmark(self.after, page, self.seen)
        newest = max(known.values())
        overlap = OVERLAP
        if full and not page:
            # a platform of version 1.1 or 1.2 pages by date: go on from the last row, and past it if nothing was new
            new_flows = [flow for flow in flows if flow.id not in dict(self.seen)]
            # a page full of rows of one instant would otherwise be asked for again for ever
            overlap = timedelta(milliseconds=1) if new_flows else timedelta(0)
        since = newest - overlap
        recent = sorted((at, key) for key, at in known.items() if at >= newest - OVERLAP)[-_MOST_SEEN:]
        return Bookmark(
            after=self.after if page else since.isoformat(),
            page=page,
            seen=tuple((key, at.isoformat()) for at, key in recent),
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """One row of a search."""

    id: str
    kind: str
    updated_at: datetime
    name: str = ""


def flows(answer: Mapping[str, Any]) -> list[Flow]:
    """The rows of a search; a row without id or time would be lost silently, so it is an error."""
    rows = answer.get("results", [])
    if not isinstance(rows, list):
        raise unreadable()
    found = []
    for row in rows:
        if not isinstance(row, dict):
            raise unreadable()
        updated_at = instant(row.get("updatedAt")) or instant(row.get("submittedAt"))
        if not row.get("flowId") or updated_at is None:
            raise unreadable()
        found.append(Flow(str(row["flowId"]), str(row.get("flowType", "")), updated_at, str(row.get("name") or "")))
    return found
