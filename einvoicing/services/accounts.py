"""The company's account at its platform: how it is reached, its secret (written, never shown), and a try of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid, RemoteError
from config.kernel.models import Company
from config.kernel.outbound import refusal
from einvoicing.models import PlatformAccount
from einvoicing.platforms.registry import PLATFORMS, connect
from einvoicing.services import breaker
from einvoicing.services.routing import settings_of, usual_settings

CHANGEABLE = (
    "name", "environment", "base_url", "token_url", "service_name", "directory_name", "organization_id", "client_id",
    "login", "default_format", "is_enabled", "sends_automatically", "is_offline",
    "writes_receipts",
)  # fmt: skip
SECRETS = ("client_secret", "password")
NOT_GIVEN = "Indiquez le secret que la plateforme vous a donné."
PATIENCE = 10.0  # seconds: a person waits for the answer


@transaction.atomic
def save_account(
    *, company: Company, kind: str, values: Mapping[str, Any], secrets: Mapping[str, str], actor: Actor, at: datetime
) -> PlatformAccount:
    """Open or change the company's account of that kind. A secret that is not given stays what it is.

    Raises Invalid: an address that is not https, a new account without its secret.
    """
    account = PlatformAccount.everywhere.select_for_update(no_key=True).filter(company=company, kind=kind).first()
    is_new = account is None
    account = account or PlatformAccount(company=company, kind=kind)
    _check(
        kind,
        values,
        needs_secret=is_new and not (secrets.get("client_secret") or usual_settings(kind).get("client_secret")),
    )
    changes = {name: [getattr(account, name), values[name]] for name in CHANGEABLE if name in values}
    changes = {name: pair for name, pair in changes.items() if is_new or pair[0] != pair[1]}
    for name, (_old, new) in changes.items():
        setattr(account, name, new)
    if {"base_url", "client_id"} & set(changes):
        # another place or another owner: what was read there before says nothing of here
        account.cursor = ""
    if secrets.get("client_secret"):
        account.set_client_secret(secrets["client_secret"])
    if secrets.get("password"):
        account.set_password(secrets["password"])
        account.password_expires_on = None  # of the one before
    if not changes and not any(secrets.values()):
        return account
    # whatever was wrong may be mended: the next one may go
    account.failures, account.open_until = 0, None
    account.save(force_insert=is_new)
    audit.record(
        "einvoicing.account.created" if is_new else "einvoicing.account.changed",
        subject=account,
        actor=actor,
        at=at,
        data={"platform": account.name, "changes": changes, "secret_changed": any(secrets.values())},
    )
    return account


def _check(kind: str, values: Mapping[str, Any], *, needs_secret: bool) -> None:
    problems: dict[str, str] = {}
    if kind not in PLATFORMS:
        problems["kind"] = "Ce type de plateforme n’est pas pris en charge."
    has_oauth = kind not in PLATFORMS or PLATFORMS[kind].has_oauth
    own = usual_settings(kind)
    for name in ("base_url", "token_url") if has_oauth else ("base_url",):
        if not values.get(name) and own.get(name):
            continue  # the installation's
        if refused := refusal(values.get(name, ""), loopback=True):
            problems[name] = refused
    if needs_secret:
        problems["client_secret"] = NOT_GIVEN
    if problems:
        raise Invalid(fields=problems)


def try_account(*, account: PlatformAccount, at: datetime) -> RemoteError | None:
    """Ask the platform whether it knows us: None when it does, else why not. Call it with no transaction open.

    One that answers ends the suspension of its account. Raises SecretUnreadable.
    """
    problem: RemoteError | None = None
    try:
        with closing(connect(replace(settings_of(account), read_timeout=PATIENCE))) as platform:
            platform.ping()
    except RemoteError as error:
        problem = error
    if problem is None:
        breaker.note_success(account)
    last_error = problem.message[:500] if problem else ""
    PlatformAccount.everywhere.filter(pk=account.pk).update(last_error=last_error)
    return problem
