"""How a company receives: which accounts are read for supplier invoices, and its mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.models import Company
from config.kernel.outbound import refusal
from einvoicing.models import ReceptionChannel, ReceptionSource


@transaction.atomic
def save_mailbox(
    *, company: Company, values: Mapping[str, Any], password: str, actor: Actor, at: datetime
) -> ReceptionSource:
    """Connect the mailbox, or change how it is reached; an empty password leaves the one that is kept.

    Raises Invalid: an address that is not public, or no password at all.
    """
    if problem := refusal(f"https://{values['host']}", loopback=True):
        raise Invalid(fields={"host": problem})
    rows = ReceptionSource.everywhere.select_for_update(no_key=True)
    source = rows.filter(company=company, channel=ReceptionChannel.MAILBOX).first()
    if source is None:
        if not password:
            raise Invalid(fields={"password": "Le mot de passe de la boîte est nécessaire."})
        source = ReceptionSource(company=company, channel=ReceptionChannel.MAILBOX, created_at=at)
    moved = (source.host, source.login, source.folder) != (values["host"], values["login"], values["folder"])
    changes = {**values, "last_error": "", "polled_at": None, **({"cursor": ""} if moved else {})}
    for name, value in changes.items():
        setattr(source, name, value)
    if password:
        source.set_password(password)
    source.save(update_fields=[*changes, "password_cipher"] if not source._state.adding else None)
    return _said(source, actor, at)


@transaction.atomic
def switch_source(*, source: ReceptionSource, is_enabled: bool, actor: Actor, at: datetime) -> ReceptionSource:
    """Read the source, or leave it alone; what was received stays."""
    ReceptionSource.everywhere.filter(pk=source.pk).update(is_enabled=is_enabled)
    source.is_enabled = is_enabled
    return _said(source, actor, at)


def _said(source: ReceptionSource, actor: Actor, at: datetime) -> ReceptionSource:
    data = {"source": str(source), "enabled": source.is_enabled}
    audit.record("einvoicing.reception.changed", subject=source, actor=actor, at=at, data=data)
    return source
