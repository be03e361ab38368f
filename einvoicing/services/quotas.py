"""How many calls an application makes: its limits for a minute and a day, and the pause its platform asks for (429).

PISTE counts by application: the accounts of all companies that use the same one share its quota and its pause. The
counts are one row of it, so that every worker sees them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from config.kernel.clock import PARIS
from config.kernel.errors import RemoteError
from config.kernel.http_failures import AnsweredError
from einvoicing.models import ApplicationCalls

QUOTA = "quota"  # code of the error
_TOO_MANY = 429
USUAL_PAUSE = 60  # seconds, after a 429 that does not say when to come back
ASKED_TO_SLOW_DOWN = "La plateforme demande de ralentir : les appels reprennent à l’heure qu’elle a fixée."
SPENT = "Le quota d’appels à cette plateforme est atteint : les appels reprennent d’eux-mêmes."


def has_slowed_down(error: RemoteError) -> bool:
    """Whether a call failed for want of quota: nothing is wrong with the document, the account or the platform."""
    return error.code == QUOTA or (isinstance(error, AnsweredError) and error.response.status == _TOO_MANY)


@dataclass(frozen=True, slots=True)
class ApplicationGate:
    """The quota of one application. 0 is without limit. `share`: of the limits, for calls that leave some to others.

    `at`: the moment the calls count for, now when None.
    """

    environment: str
    client_id: str  # '' for an account that names no application: nothing is counted
    per_minute: int = 0
    per_day: int = 0
    share: float = 1.0
    at: datetime | None = None

    def enter(self) -> None:
        """Count one call. Raises RemoteError (quota), which says how many seconds to wait."""
        if not self.client_id:
            return
        at = self.at or timezone.now()
        minute, day = _starts(at)
        if self._count(at, minute, day):
            return
        self._make_row()  # the application's first call finds none
        if not self._count(at, minute, day):
            self._refuse(at, minute, day)

    def slow_down(self, seconds: int | None) -> None:
        """Every account of the application waits that long."""
        at = self.at or timezone.now()
        self._make_row()
        self._rows().update(resumes_at=at + timedelta(seconds=USUAL_PAUSE if seconds is None else seconds))

    def _count(self, at: datetime, minute: datetime, day: datetime) -> bool:
        """One statement: of two workers that come at once with one call left, the second finds it gone."""
        counted = self._rows().annotate(
            in_minute=Case(When(minute=minute, then=F("calls_in_minute")), default=Value(0)),
            in_day=Case(When(day=day.date(), then=F("calls_in_day")), default=Value(0)),
        )
        passes = Q(resumes_at=None) | Q(resumes_at__lte=at)
        passes &= _within("in_minute", self._most(self.per_minute)) & _within("in_day", self._most(self.per_day))
        made = counted.filter(passes).update(
            minute=minute, calls_in_minute=F("in_minute") + 1, day=day.date(), calls_in_day=F("in_day") + 1
        )
        return bool(made)

    def _make_row(self) -> None:
        row = ApplicationCalls(environment=self.environment, client_id=self.client_id)
        ApplicationCalls.objects.bulk_create([row], ignore_conflicts=True)

    def _most(self, limit: int) -> int:
        """Our share of it; one call at least."""
        return max(1, int(limit * self.share)) if limit else 0

    def _rows(self) -> QuerySet[ApplicationCalls]:
        return ApplicationCalls.objects.filter(environment=self.environment, client_id=self.client_id)

    def _refuse(self, at: datetime, minute: datetime, day: datetime) -> NoReturn:
        calls = self._rows().get()
        if calls.resumes_at is not None and calls.resumes_at > at:
            sentence, until = ASKED_TO_SLOW_DOWN, calls.resumes_at
        elif self.per_minute and calls.minute == minute and not self._is_day_spent(calls, day):
            sentence, until = SPENT, minute + timedelta(minutes=1)
        else:
            sentence, until = SPENT, day + timedelta(days=1)
        wait = max(1, round((until - at).total_seconds()))
        raise RemoteError(sentence, retryable=True, code=QUOTA, retry_after=wait)

    def _is_day_spent(self, calls: ApplicationCalls, day: datetime) -> bool:
        most = self._most(self.per_day)
        return bool(most) and calls.day == day.date() and calls.calls_in_day >= most


def _starts(at: datetime) -> tuple[datetime, datetime]:
    """Of the minute and of the day in Paris."""
    moment = at.astimezone(PARIS)
    return moment.replace(second=0, microsecond=0), moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _within(column: str, most: int) -> Q:
    return Q(**{f"{column}__lt": most}) if most else Q()
