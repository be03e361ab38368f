"""The company's account at its payment provider: configured by the owner, its secret written and never shown."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.inbound import sources
from config.kernel.models import Company, WebhookSource
from config.kernel.outbound import PublicAdapter, is_simulator, refusal
from payments.checkouts.models import ProviderAccount
from payments.providers import registry
from payments.providers.base import DEADLINE, Provider, ProviderSettings

_WALLET = re.compile(r"(467|511)[0-9]{3,7}", re.ASCII)
_FEES = re.compile(r"6[0-9]{2,9}", re.ASCII)


class NoProvider(DomainError):
    code = "no_payment_provider"
    message = "Le paiement par carte n’est pas proposé ici."


def account_of(company_id: int) -> ProviderAccount | None:
    """The account that takes cards for the company now; None without one, or switched off, or without its secret."""
    found: ProviderAccount | None = ProviderAccount.everywhere.filter(company_id=company_id, is_enabled=True).first()
    return found if found is not None and found.secret_cipher else None


@transaction.atomic
def save_account(
    *,
    company: Company,
    kind: str,
    base_url: str,
    page_url: str,
    ledger_account: str,
    fee_account: str,
    is_enabled: bool,
    secret: str,
    actor: Actor,
    at: datetime,
) -> ProviderAccount:
    """Write the company's account; '' keeps the secret that is there. Raises Invalid.

    An address for its messages is made with the first one: what signs them is typed there (« Webhooks reçus »).
    """
    # two owners at once would both insert the company's row
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    found = ProviderAccount.everywhere.filter(company=company).first()
    row = found or ProviderAccount(company=company, created_at=at)
    if base_url.rstrip("/") != row.base_url and found and not secret:
        # what opens one service must not be shown to another
        raise Invalid(fields={"secret": "L’adresse change : saisissez de nouveau la clé."})
    if is_enabled and not (secret or row.secret_cipher):
        raise Invalid(fields={"secret": "Sans clé, rien ne peut être encaissé."})
    row.kind, row.base_url, row.is_enabled = _kind(kind), _address("base_url", base_url), is_enabled
    row.page_origin = _origin(_address("page_url", page_url or base_url))
    row.ledger_account = _account("ledger_account", ledger_account, _WALLET)
    row.fee_account = _account("fee_account", fee_account, _FEES)
    if secret:
        row.set_secret(secret)
    columns = ["kind", "base_url", "is_enabled", "page_origin", "ledger_account", "fee_account", "secret_cipher"]
    if found is None:
        row.save(force_insert=True)
    else:
        row.save(update_fields=columns)
    if not WebhookSource.everywhere.filter(company=company, source=kind).exists():
        sources.create_source(company=company, source=kind, secret="", actor=actor, at=at)
    data = {"service": str(row), "active": is_enabled, "secret_changed": bool(secret)}
    audit.record("payments.provider.saved", subject=row, actor=actor, at=at, data=data)
    return row


def _kind(kind: str) -> str:
    if kind not in registry.PROVIDERS:
        raise Invalid(fields={"kind": "Choisissez un service de la liste."})
    return kind


def _address(name: str, url: str) -> str:
    problem = refusal(url, loopback=is_simulator(url))
    if problem:
        raise Invalid(fields={name: problem})
    return url.rstrip("/")


def _origin(url: str) -> str:
    target = urlsplit(url)
    return f"{target.scheme}://{target.netloc}"


def _account(name: str, number: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(number.strip()):
        raise Invalid(fields={name: "Ce numéro de compte ne convient pas ici."})
    return number.strip()


def connect(account: ProviderAccount) -> Provider:
    """A conversation with the provider. Raises SecretUnreadable, RemoteError."""
    adapter = PublicAdapter(deadline=DEADLINE, loopback=is_simulator(account.base_url))
    return registry.connect(account.kind, ProviderSettings(account.base_url, account.secret(), adapter))
