"""The technical account by which a company calls Chorus Pro: what keeps it from working, and when its password ends.

A password that ended closes every call (401), without a word before: Chorus Pro tells its last day to whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta

from config.kernel import typography
from config.kernel.clock import local_day
from config.kernel.errors import RemoteError, Sentence
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import PlatformAccount
from einvoicing.platforms.chorus_pro.lookups import Lookups
from einvoicing.platforms.chorus_pro.structures import TechnicalAccount
from einvoicing.services.accounts import PATIENCE
from einvoicing.services.public_bodies import UNATTACHED
from einvoicing.services.routing import CHORUS_PRO, settings_of

WARNED = timedelta(days=15)
ENDED = "Le mot de passe du compte technique a expiré le %(day)s\u00a0: renouvelez-le dans Chorus Pro, puis ici."
ENDS = "Le mot de passe du compte technique expire le %(day)s\u00a0: renouvelez-le dans Chorus Pro, puis ici."
_NO_COMMITMENT = "0000000000"


def password_warning(account: PlatformAccount, day: date) -> Sentence | None:
    """From fifteen days before the end of the password on; None while all is well, or the end is not known."""
    ends = account.password_expires_on
    if ends is None or ends - day > WARNED:
        return None
    return Sentence(ENDED if ends < day else ENDS, {"day": typography.day(ends)})


def warnings_of(*, account: PlatformAccount, at: datetime) -> list[Sentence | str]:
    """What does not work though the connection does, and the password's end. No transaction open.

    Each API is asked once, since an application is subscribed to each by itself. Raises SecretUnreadable.
    """
    if account.kind != CHORUS_PRO:
        return []
    with closing(Lookups(replace(settings_of(account), read_timeout=PATIENCE))) as lookups:
        found: list[Sentence | str] = list(_read(account, lookups))
    warning = password_warning(account, local_day(at))
    return [*found, warning] if warning else found


def read_password_end(*, account: PlatformAccount) -> None:
    """Once a day: what Chorus Pro says of the password, kept for the home page; a failure leaves what was known."""
    try:
        with closing(Lookups(replace(settings_of(account), read_timeout=PATIENCE))) as lookups:
            _keep(account, lookups)
    except (RemoteError, SecretUnreadable):
        return  # polling says on the home page that the platform does not answer


def _read(account: PlatformAccount, lookups: Lookups) -> Iterator[Sentence | str]:
    try:
        own = _keep(account, lookups)
        if own is None:
            yield UNATTACHED
        else:
            lookups.engagement_exists(own, _NO_COMMITMENT)
    except RemoteError as error:
        yield error.message


def _keep(account: PlatformAccount, lookups: Lookups) -> TechnicalAccount | None:
    """The structure it is attached to, None without one; the end of its password is kept."""
    own = lookups.technical_account(account.company.siret)
    if own is not None and own.password_expires_on != account.password_expires_on:
        account.password_expires_on = own.password_expires_on
        PlatformAccount.everywhere.filter(pk=account.pk).update(password_expires_on=own.password_expires_on)
    return own
