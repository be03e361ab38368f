"""A circuit breaker per company and platform: after too many failures in a row nothing is tried for a while.

Its state is two columns of the account, so that every worker sees it. When the wait is over one transmission goes
first, alone: its success lets the others follow, its failure doubles the wait.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q

from config.kernel.errors import RemoteError
from config.kernel.http_failures import AnsweredError
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import ErrorClass, PlatformAccount, Report, SupplierAnswer, Transmission
from einvoicing.services.routing import has_quota

FAILURES = 5  # in a row
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=1)


def passable(*, at: datetime) -> Q:
    """Transmissions whose account may be tried now."""
    is_closed = Q(account__open_until=None) | Q(account__open_until__lte=at)
    return Q(account__is_offline=False) & is_closed & has_quota(at, account="account__")


def take_turn(row: Transmission | Report | SupplierAnswer, *, at: datetime, lease: timedelta) -> bool:
    """Whether this one may go. After a suspension the first to ask goes, and the others wait for its outcome."""
    if row.account.open_until is None:
        return True
    waiting = PlatformAccount.everywhere.filter(pk=row.account_id, open_until__lte=at)
    # compare-and-swap: of the workers that ask at once one moves `open_until`, and the others see it closed again
    return bool(waiting.update(open_until=at + lease))


def note_success(account: PlatformAccount) -> None:
    """The platform answered: failures are counted from zero again, and the others may follow."""
    PlatformAccount.everywhere.filter(pk=account.pk).exclude(failures=0, open_until=None).update(
        failures=0, open_until=None
    )


def note_failure(account: PlatformAccount, error: RemoteError, *, at: datetime) -> None:
    """Count what says that the platform is ill, or no longer knows us; an answer about one document says it is well."""
    if class_of(error) not in {ErrorClass.NETWORK, ErrorClass.AUTH}:
        note_success(account)
        return
    rows = PlatformAccount.everywhere.filter(pk=account.pk)
    # counted by PostgreSQL: two failures at once are two, whichever worker read the account first
    rows.update(failures=F("failures") + 1)
    failures = rows.values_list("failures", flat=True).get()
    if failures >= FAILURES:
        wait = min(FIRST_WAIT * 2 ** min(failures - FAILURES, 10), LONGEST_WAIT)
        rows.update(open_until=at + wait)


def let_one_through(account: PlatformAccount, *, at: datetime) -> None:
    """End the wait of an account that a person says is mended: one transmission goes first."""
    PlatformAccount.everywhere.filter(pk=account.pk, open_until__gt=at).update(open_until=at)


def class_of(error: RemoteError) -> ErrorClass:
    """Who can end it: the owner (AUTH), whoever prepares invoices (VALIDATION, FORMAT), or time (NETWORK)."""
    if isinstance(error, AnsweredError):
        if error.response.status in {401, 403}:
            return ErrorClass.AUTH
        return ErrorClass.NETWORK if error.retryable else ErrorClass.FORMAT
    if error.code in {"invalid_client", "invalid_grant", "unauthorized", "forbidden", SecretUnreadable.code}:
        return ErrorClass.AUTH
    return ErrorClass.NETWORK if error.retryable or error.outcome_unknown else ErrorClass.FORMAT
