"""Who of the background lives, read from the signs that each process leaves (config/runtime/beating.py)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n

from config.celery import BEAT, QUEUES_AT_WORK
from config.kernel.models import Heartbeat

# two signs that did not come, and a little: told within half a minute
SILENCE = timedelta(seconds=25)
# each worker is given a task that does nothing every ten seconds
STANDSTILL = timedelta(seconds=45)
WORKING, STOPPED, STUCK = STATES = ("working", "stopped", "stuck")
COLUMNS = ("name", "seen_at", "moved_at", "busy")
Sign = tuple[str, datetime, datetime, int]
REMEDIES = {
    WORKING: "",
    STOPPED: n("Relancez-le : « make run », ou le service « worker » ou « beat ». Ce qui attend n’est pas perdu."),
    STUCK: n("Vérifiez que Valkey répond, puis relancez-le. Ce qui attend n’est pas perdu."),
}


@dataclass(frozen=True, slots=True)
class Worker:
    """Who works on a queue, or the clock. `since`: of what is not well; None also for what never started."""

    name: str
    state: str
    since: datetime | None
    seen_at: datetime | None
    busy: int

    @property
    def is_beat(self) -> bool:
        return self.name == BEAT

    @property
    def remedy(self) -> str:
        return _(REMEDIES[self.state]) if self.state != WORKING else ""


def workers(at: datetime) -> list[Worker]:
    """One for each queue that has work, and the clock. One query."""
    return judge(Heartbeat.objects.values_list(*COLUMNS), at)


def judge(signs: Iterable[Sign], at: datetime) -> list[Worker]:
    found = {sign[0]: sign for sign in signs}
    beat = _judge(BEAT, found.get(BEAT), at, rung=True)
    rung = beat.state == WORKING
    return [*(_judge(queue.name, found.get(queue.name), at, rung=rung) for queue in QUEUES_AT_WORK), beat]


def _judge(name: str, sign: Sign | None, at: datetime, *, rung: bool) -> Worker:
    """`rung`: alarms were set meanwhile, so that whoever took none is stuck."""
    if sign is None:
        return Worker(name, STOPPED, None, None, 0)
    _name, seen_at, moved_at, busy = sign
    # one of the future was left before the clock was set back
    if abs(at - seen_at) > SILENCE:
        return Worker(name, STOPPED, seen_at, seen_at, 0)
    if rung and seen_at - moved_at > STANDSTILL:
        return Worker(name, STUCK, moved_at, seen_at, busy)
    return Worker(name, WORKING, None, seen_at, busy)


def not_working(found: Iterable[Worker]) -> list[Worker]:
    return [worker for worker in found if worker.state != WORKING]
