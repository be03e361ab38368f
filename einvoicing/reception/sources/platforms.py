"""An account at a platform, read by overlapping windows and by identity.

A list is read again from two days before the newest row seen, and a row is told by its identifier alone: several share
one moment, some appear late or in another order. What is announced and cannot be given is owed: it stands in the inbox
and is asked for again, and holds nothing else back.
"""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self, cast

from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.kept import FileRefused
from config.kernel.queue import backoff
from einvoicing.models import ReceptionChannel, ReceptionSource
from einvoicing.platforms.answers import Announced
from einvoicing.platforms.base import ReceivingPlatform
from einvoicing.platforms.registry import connect
from einvoicing.reception.storing import known_ids, store_document
from einvoicing.services.routing import settings_of

OVERLAP = timedelta(days=2)
FIRST_LOOK = timedelta(days=400)
MOST_OWED = 500  # kept by name; what is beyond is found by the daily comparison
LONGEST_CATCH_UP = 600.0  # seconds
IN_A_ROW = 3  # failures after which the platform itself is away
EMPTY = "La plateforme donne un fichier vide."


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where the reading of the list stands: since when, on which page of it, and the newest row met on the way."""

    since: datetime
    page: str = ""
    newest: datetime | None = None

    @classmethod
    def read(cls, cursor: str, *, at: datetime) -> Self:
        if not cursor:
            return cls(at - FIRST_LOOK)
        since, page, newest = json.loads(cursor)
        return cls(datetime.fromisoformat(since), page, datetime.fromisoformat(newest) if newest else None)

    def write(self) -> str:
        return json.dumps([self.since.isoformat(), self.page, self.newest.isoformat() if self.newest else ""])

    def met(self, rows: tuple[Announced, ...], *, at: datetime) -> Self:
        # a row that bears a far day must not carry the window beyond the others
        moments = [min(row.at, at) for row in rows]
        return replace(self, newest=max([*moments, *([self.newest] if self.newest else [])], default=None))

    def at_end(self) -> Self:
        since = max(self.since, self.newest - OVERLAP) if self.newest else self.since
        return replace(self, since=since, page="", newest=None)


def read_platform(source: ReceptionSource, *, at: datetime, seconds: float) -> int:
    """Store what the account has for us and we have not, for so many seconds at most; how many were stored.

    Raises RemoteError, SecretUnreadable when the platform cannot be read; what was stored stays, and the reading goes
    on where it stopped. `polled_at` moves when its list was read to the end.
    """
    account, until = source.account, time.monotonic() + seconds
    if account is None:
        return 0
    with closing(cast(ReceivingPlatform, connect(settings_of(account, at=at)))) as platform:
        fetching = _Fetching(source, platform, at)
        fetching.pay_owed(until)
        bookmark = Bookmark.read(source.cursor, at=at)
        while time.monotonic() < until:
            page = platform.announced(bookmark.since, bookmark.page)
            if not fetching.take(page.rows, until):
                break
            bookmark = bookmark.met(page.rows, at=at)
            bookmark = replace(bookmark, page=page.next_page) if page.next_page else bookmark.at_end()
            _write(source, cursor=bookmark.write(), **({} if bookmark.page else {"polled_at": at, "last_error": ""}))
            if not bookmark.page:
                break
        return fetching.stored


def announced_since(source: ReceptionSource, *, since: datetime, at: datetime) -> dict[str, Announced]:
    """All that the platform lists since then, by identifier. Raises RemoteError, SecretUnreadable."""
    found: dict[str, Announced] = {}
    if source.account is None:
        return found
    with closing(cast(ReceivingPlatform, connect(settings_of(source.account, at=at)))) as platform:
        page = ""
        while True:
            answer = platform.announced(since, page)
            found |= {row.remote_id: row for row in answer.rows}
            page = answer.next_page
            if not page:
                return found


def fetch_missing(source: ReceptionSource, rows: tuple[Announced, ...], *, at: datetime) -> int:
    """Store those that a comparison found missing; how many. Raises RemoteError when the platform is away."""
    if source.account is None or not rows:
        return 0
    with closing(cast(ReceivingPlatform, connect(settings_of(source.account, at=at)))) as platform:
        fetching = _Fetching(source, platform, at)
        fetching.take(rows, time.monotonic() + LONGEST_CATCH_UP, again=True)
        return fetching.stored


class _Fetching:
    """The files of one reading: each is stored as soon as it is there."""

    def __init__(self, source: ReceptionSource, platform: ReceivingPlatform, at: datetime) -> None:
        self.source, self.platform, self.at = source, platform, at
        self.owed: dict[str, dict[str, Any]] = {entry["id"]: entry for entry in source.owed}
        self.stored, self._failures = 0, 0
        self._actor = Actor.platform(str(source))

    def pay_owed(self, until: float) -> None:
        """What was announced before and could not be given, when its time has come."""
        due = [entry for entry in self.owed.values() if entry["next_at"] <= self.at.isoformat()]
        rows = tuple(Announced(one["id"], datetime.fromisoformat(one["at"]), one["name"]) for one in due)
        self.take(rows, until, again=True)

    def take(self, rows: tuple[Announced, ...], until: float, *, again: bool = False) -> bool:
        """Store each that is new; False when the time was over before the last."""
        account = self.source.account
        known = known_ids(account=account, remote_ids=[row.remote_id for row in rows]) if account else set()
        for remote_id in known & self.owed.keys():
            self._settle(remote_id)
        for row in {row.remote_id: row for row in rows}.values():
            if row.remote_id in known or (row.remote_id in self.owed and not again):
                continue
            if time.monotonic() >= until:
                return False
            self._take_one(row)
        return True

    def _take_one(self, row: Announced) -> None:
        try:
            file = self.platform.fetch_received(row)
            if not file.data:
                raise RemoteError(EMPTY, retryable=True, code="empty_file")
            store_document(
                company_id=self.source.company_id,
                channel=ReceptionChannel.PLATFORM,
                account=self.source.account,
                remote_id=row.remote_id,
                name=file.name,
                data=file.data,
                media_type=file.media_type,
                sent_at=row.at,
                actor=self._actor,
                at=self.at,
            )
        except (RemoteError, FileRefused, DomainError) as error:
            self._owe(row, error)
            self._failures += 1
            # one bad document stops nothing; when all fail, it is the platform that is away
            if isinstance(error, RemoteError) and error.retryable and self._failures >= IN_A_ROW:
                raise
        else:
            self._failures = 0
            self.stored += 1
            self._settle(row.remote_id)

    def _owe(self, row: Announced, error: RemoteError | DomainError) -> None:
        before = self.owed.get(row.remote_id, {"since": self.at.isoformat(), "tries": 0})
        if row.remote_id not in self.owed and len(self.owed) >= MOST_OWED:
            return
        tries = before["tries"] + 1
        self.owed[row.remote_id] = {
            "id": row.remote_id,
            "name": row.name[:200],
            "at": row.at.isoformat(),
            "problem": str(error.message)[:300],
            "since": before["since"],
            "tries": tries,
            "next_at": (self.at + backoff(tries)).isoformat(),
        }
        _write(self.source, owed=list(self.owed.values()))

    def _settle(self, remote_id: str) -> None:
        if self.owed.pop(remote_id, None):
            _write(self.source, owed=list(self.owed.values()))


def _write(source: ReceptionSource, **values: Any) -> None:
    ReceptionSource.everywhere.filter(pk=source.pk).update(**values)
    for name, value in values.items():
        setattr(source, name, value)
