"""API keys: made once, shown once, kept as a digest; revoked at once."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.models import ApiKey, Company, User
from config.kernel.roles import ACTIONS, READERS
from config.kernel.scope import across_companies, company_scope

MARK = "qk"
# the last use is for people to read: it need not be written at each call
_USE_WRITTEN_EVERY = timedelta(minutes=1)

SCOPES = tuple(sorted([*ACTIONS, *(f"{area}.read" for area in READERS)]))


class KeyInvalid(Invalid):
    code = "key_invalid"
    message = "Cette clé d’API ne peut pas être créée ainsi."


def _digest(secret: str) -> str:
    # 256 random bits need no slow hash
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_key(
    *,
    company: Company,
    name: str,
    scopes: Sequence[str],
    by: User,
    at: datetime,
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key, and its text, which nobody can read again. Raises KeyInvalid with a sentence per field."""
    problems = {}
    if not name.strip():
        problems["name"] = "Donnez un nom à la clé : celui du système qui l’emploie."
    if not scopes or set(scopes) - set(SCOPES):
        problems["scopes"] = "Choisissez au moins un droit de la liste."
    if expires_at is not None and expires_at <= at:
        problems["expires_at"] = "La date d’expiration est passée."
    try:
        allowed = [str(ipaddress.ip_network(network.strip())) for network in networks if network.strip()]
    except ValueError:
        problems["networks"] = "Une adresse s’écrit 203.0.113.7, un réseau 203.0.113.0/24."
    if problems:
        raise KeyInvalid(fields=problems)
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key: ApiKey = ApiKey.everywhere.create(
        company=company,
        name=name.strip(),
        prefix=prefix,
        digest=_digest(secret),
        scopes=sorted(set(scopes)),
        networks=allowed,
        expires_at=expires_at,
        created_by=by,
        created_at=at,
    )
    audit.record(
        "kernel.key.created", subject=key, actor=Actor.user(by), at=at, data={"name": key.name, "scopes": key.scopes}
    )
    return key, f"{MARK}_{prefix}_{secret}"


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: Actor, at: datetime) -> None:
    """Refuse the key from the next call on. Nothing happens to a key already revoked."""
    if ApiKey.everywhere.filter(pk=key.pk, revoked_at=None).update(revoked_at=at):
        audit.record("kernel.key.revoked", subject=key, actor=actor, at=at, data={"name": key.name})
    key.refresh_from_db()


def find_key(text: str, *, address: str, at: datetime) -> ApiKey | None:
    """The live key of this text, called from an address it accepts; None for everything else, without saying why."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != MARK or not secret:
        return None
    # the key itself says of which company its caller is
    with across_companies():
        key = ApiKey.everywhere.select_related("company").filter(prefix=prefix).first()
    # the prefix finds the row, the rest is compared in constant time: the index must not tell how much of it was right
    if key is None or not hmac.compare_digest(key.digest, _digest(secret)):
        return None
    if not key.is_live(at) or not key.accepts(address):
        return None
    if key.last_used_at is None or at - key.last_used_at > _USE_WRITTEN_EVERY or key.last_used_ip != address:
        with company_scope(key.company_id):
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=at, last_used_ip=address)
    found: ApiKey = key
    return found
