"""The second factor: who must have one, and codes that are good once, counted like passwords.

Authenticators are those of django-allauth. Whether a code is good is decided here, in PostgreSQL: its own memory of
used codes is a cache of one process, and another would take the same code again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction

from config.kernel.errors import DomainError
from config.kernel.models import Company, User
from config.kernel.sign_in import LONGEST_OF_STRANGERS, Limit, count_try, digest, forgive, pause_until

OF_CODES = 5  # tries before the first pause
PERIOD = 30  # seconds
LAST_STEP = "last_step"  # of a TOTP: the step of the last code that was taken
PRIMARY = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class WrongCode(DomainError):
    code = "wrong_code"
    message = "Ce code est faux, périmé ou déjà utilisé. Attendez le suivant, ou prenez un code de secours."
    status = 401


class CodePaused(DomainError):
    code = "code_paused"
    message = "Trop de codes faux. Attendez %(seconds)s secondes avant de recommencer."
    status = 429

    def __init__(self, pause: timedelta) -> None:
        self.retry_after = max(1, round(pause.total_seconds()))
        super().__init__(seconds=self.retry_after)


def has_second_factor(user: User) -> bool:
    """True where the person has an authenticator or a key; recovery codes alone are none."""
    return Authenticator.objects.filter(user_id=user.pk, type__in=PRIMARY).exists()


def must_have_second_factor(user: User, companies: Iterable[Company]) -> bool:
    """True for superusers, as the installation has it, and for whoever works in a company that asks for it."""
    if user.is_superuser and settings.MFA_FOR_SUPERUSERS:
        return True
    return any(company.requires_mfa for company in companies)


def companies_of(user: User) -> list[Company]:
    """Where the person works."""
    return list(Company.objects.filter(memberships__user=user).order_by("pk"))


def use_code(user: User, code: str, *, at: datetime) -> Authenticator:
    """The authenticator whose code this is, which is spent by it. Raises WrongCode, CodePaused."""
    limit = Limit(digest("code", str(user.pk)), OF_CODES, LONGEST_OF_STRANGERS)
    before = count_try(limit, at=at)
    if before is None:
        raise CodePaused(pause_until(limit, at=at))
    with transaction.atomic():
        # of two with the same code at once, the second waits here, and then finds it spent
        rows = Authenticator.objects.select_for_update(no_key=True).filter(user_id=user.pk).order_by("pk")
        found = next((row for row in rows.exclude(type=Authenticator.Type.WEBAUTHN) if _takes(row, code, at)), None)
    if found is None:
        raise WrongCode
    forgive(limit, before, at=at)
    return found


def _takes(authenticator: Authenticator, code: str, at: datetime) -> bool:
    if authenticator.type != Authenticator.Type.TOTP:
        return bool(authenticator.wrap().validate_code(code))
    secret, now = decrypt(authenticator.data["secret"]), int(at.timestamp()) // PERIOD
    # the code before is taken too (RFC 6238 §5.2), unless it or a later one was
    for step in range(max(now - 1, authenticator.data.get(LAST_STEP, 0) + 1), now + 1):
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            spend(authenticator, step)
            return True
    return False


def spend(authenticator: Authenticator, step: int) -> None:
    """From now on only codes of later steps are taken."""
    authenticator.data[LAST_STEP] = step
    authenticator.save(update_fields=["data"])
