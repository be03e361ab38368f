"""How many calls an account makes: its limits for a minute and a day, and the pause that a platform asks for (429).

The counts are columns of the account, so that every worker sees them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from config.kernel.clock import PARIS
from config.kernel.errors import RemoteError
from config.kernel.http_failures import AnsweredError
from einvoicing.models import PlatformAccount

QUOTA = "quota"  # code of the error
_TOO_MANY = 429
USUAL_PAUSE = 60  # seconds, after a 429 that does not say when to come back
ASKED_TO_SLOW_DOWN = "La plateforme demande de ralentir : les appels reprennent à l’heure qu’elle a fixée."
SPENT = "Le quota d’appels à cette plateforme est atteint : les appels reprennent d’eux-mêmes."


def has_slowed_down(error: RemoteError) -> bool:
    """Whether a call failed for want of quota: nothing is wrong with the document, the account or the platform."""
    return error.code == QUOTA or (isinstance(error, AnsweredError) and error.response.status == _TOO_MANY)


@dataclass(frozen=True, slots=True)
class AccountGate:
    """The quota of one account. 0 is without limit. `share`: of the limits, for calls that leave some to others.

    `at`: the moment the calls count for, now when None.
    """

    account_id: int | None
    per_minute: int = 0
    per_day: int = 0
    share: float = 1.0
    at: datetime | None = None

    def enter(self) -> None:
        """Count one call. Raises RemoteError (quota), which says how many seconds to wait."""
        if self.account_id is None:
            return
        at = self.at or timezone.now()
        minute, day = _starts(at)
        counted = self._rows().annotate(
            in_minute=Case(When(minute_of_calls=minute, then=F("calls_in_minute")), default=Value(0)),
            in_day=Case(When(day_of_calls=day.date(), then=F("calls_in_day")), default=Value(0)),
        )
        passes = Q(resumes_at=None) | Q(resumes_at__lte=at)
        passes &= _within("in_minute", self._most(self.per_minute)) & _within("in_day", self._most(self.per_day))
        made = counted.filter(passes).update(
            minute_of_calls=minute,
            calls_in_minute=F("in_minute") + 1,
            day_of_calls=day.date(),
            calls_in_day=F("in_day") + 1,
        )
        if not made:
            self._refuse(at, minute, day)

    def slow_down(self, seconds: int | None) -> None:
        """The whole account waits that long."""
        at = self.at or timezone.now()
        self._rows().update(resumes_at=at + timedelta(seconds=USUAL_PAUSE if seconds is None else seconds))

    def _most(self, limit: int) -> int:
        """Our share of it; one call at least."""
        return max(1, int(limit * self.share)) if limit else 0

    def _rows(self) -> QuerySet[Any]:
        return PlatformAccount.everywhere.filter(pk=self.account_id)

    def _refuse(self, at: datetime, minute: datetime, day: datetime) -> None:
        """Raises RemoteError, unless the account is gone."""
        account = self._rows().first()
        if account is None:
            return
        if account.resumes_at is not None and account.resumes_at > at:
            sentence, until = ASKED_TO_SLOW_DOWN, account.resumes_at
        elif self.per_minute and account.minute_of_calls == minute and not self._is_day_spent(account, day):
            sentence, until = SPENT, minute + timedelta(minutes=1)
        else:
            sentence, until = SPENT, day + timedelta(days=1)
        wait = max(1, round((until - at).total_seconds()))
        raise RemoteError(sentence, retryable=True, code=QUOTA, retry_after=wait)

    def _is_day_spent(self, account: PlatformAccount, day: datetime) -> bool:
        most = self._most(self.per_day)
        return bool(most) and account.day_of_calls == day.date() and account.calls_in_day >= most


def _starts(at: datetime) -> tuple[datetime, datetime]:
    """Of the minute and of the day in Paris."""
    moment = at.astimezone(PARIS)
    return moment.replace(second=0, microsecond=0), moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _within(column: str, most: int) -> Q:
    return Q(**{f"{column}__lt": most}) if most else Q()
