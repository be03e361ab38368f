"""Which platforms an invoice goes to: one carries it to its buyer, mirrors keep a copy.

A platform for public bodies alone (Chorus Pro) comes before a general one for them, and is never asked for others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q

from billing.models import Invoice
from config.kernel.outbound import PublicAdapter
from einvoicing.models import ApplicationCalls, PlatformAccount
from einvoicing.platforms.base import PlatformSettings
from einvoicing.platforms.chorus_pro.addresses import Addresses, addresses
from einvoicing.platforms.registry import PLATFORMS, Provider
from einvoicing.services.quotas import ApplicationGate

CHORUS_PRO = "chorus_pro"
READ_TIMEOUT = 30.0


def usual_settings(kind: str) -> dict[str, Any]:
    """What this installation has for every account of that kind."""
    return settings.CHORUS_PRO if kind == CHORUS_PRO else {}


LONGEST_CONVERSATION = 600.0  # seconds, large files up and down


def addresses_of(account: PlatformAccount) -> Addresses:
    """Where the account's platform is: what it leaves empty is the installation's own, else the State's."""
    usual, known = usual_settings(account.kind), Addresses("", "")
    if account.kind == CHORUS_PRO:
        known = addresses(account.environment)
    return Addresses(
        account.base_url or usual.get("base_url") or known.base_url,
        account.token_url or usual.get("token_url") or known.token_url,
    )


def settings_of(account: PlatformAccount, *, at: datetime | None = None, share: float = 1.0) -> PlatformSettings:
    """How to reach the account, its secrets in clear: never logged, never stored. Raises SecretUnreadable.

    What a Chorus Pro account leaves empty is the installation's own (CHORUS_PRO_* settings). `share`: of the quota of
    calls of its application, counted at `at`, now when None.
    """
    usual, where = usual_settings(account.kind), addresses_of(account)
    client_id = account.client_id or usual.get("client_id", "")
    secret = account.client_secret() if account.client_secret_cipher else ""
    return PlatformSettings(
        kind=account.kind,
        base_url=where.base_url,
        token_url=where.token_url,
        client_id=client_id,
        client_secret=secret or usual.get("client_secret", ""),
        service_name=account.service_name,
        directory_name=account.directory_name,
        organization_id=account.organization_id,
        environment=account.environment,
        login=account.login,
        password=account.password(),
        certificate=usual.get("certificate", ""),
        scope=usual.get("scope", ""),
        retry_attempts=usual.get("retry_attempts", 1),
        retry_delay=usual.get("retry_delay", 0.0),
        read_timeout=usual.get("read_timeout", READ_TIMEOUT),
        writes_receipts=account.writes_receipts,
        date_format=usual.get("date_format", "%Y-%m-%d"),
        gate=ApplicationGate(
            account.environment,
            client_id,
            per_minute=usual.get("calls_per_minute", 0),
            per_day=usual.get("calls_per_day", 0),
            share=share,
            at=at,
        ),
        connections=lambda: PublicAdapter(deadline=LONGEST_CONVERSATION, loopback=True),
    )


def has_quota(at: datetime, *, account: str = "") -> Q:
    """Those whose application was not asked to wait (429). `account`: the way to it, « account__ » of a row."""
    kinds = [kind for kind, provider in PLATFORMS.items() if provider.counts_calls]
    own = usual_settings(CHORUS_PRO).get("client_id", "")
    paused = ApplicationCalls.objects.filter(resumes_at__gt=at).values_list("environment", "client_id")
    found = Q()
    for environment, client_id in paused:
        names = [client_id, ""] if client_id == own else [client_id]
        found &= ~Q(
            **{
                f"{account}kind__in": kinds,
                f"{account}environment": environment,
                f"{account}client_id__in": names,
            }
        )
    return found


def enabled_accounts(company_id: int) -> list[PlatformAccount]:
    """The platform accounts of the company that are switched on, of known kinds; none where e-invoicing is off.

    A Swiss company has none: French e-invoicing is not its own, and its invoices leave by e-mail.
    """
    if not settings.ENABLE_EINVOICING:
        return []
    rows = PlatformAccount.everywhere.filter(company_id=company_id, company__uid="", is_enabled=True).order_by("kind")
    return [row for row in rows if row.kind in PLATFORMS]


def carrier_for(invoice: Invoice) -> PlatformAccount | None:
    """The account that takes the invoice to its buyer, None when none is set up.

    A consumer's invoice goes to a platform that reports it (flux 9), where it has the address BR-FR-12 wants.
    """
    return _carrier_among(enabled_accounts(invoice.company_id), invoice)


def _carrier_among(accounts: list[PlatformAccount], invoice: Invoice) -> PlatformAccount | None:
    if is_individual(invoice):
        email = invoice.buyer.get("email") if invoice.buyer else invoice.customer.email
        accounts = [account for account in accounts if email and PLATFORMS[account.kind].takes_individuals]
    return _carrier(accounts, is_public=is_public(invoice))


def carrier_of(company_id: int, *, is_public: bool) -> PlatformAccount | None:
    """The same before there is an invoice: where those of this kind of customer will go."""
    return _carrier(enabled_accounts(company_id), is_public=is_public)


def accounts_for(invoice: Invoice) -> list[PlatformAccount]:
    """The carrier, then the mirrors."""
    return accounts_of([invoice])[0]


def accounts_of(invoices: Sequence[Invoice]) -> list[list[PlatformAccount]]:
    """The same for each of several invoices of one company. One query."""
    accounts = enabled_accounts(invoices[0].company_id)
    mirrors = [account for account in accounts if PLATFORMS[account.kind].is_mirror]
    carriers = (_carrier_among(accounts, invoice) for invoice in invoices)
    return [[carrier, *mirrors] if carrier else mirrors for carrier in carriers]


def is_mirror(account: PlatformAccount) -> bool:
    return account.kind in PLATFORMS and PLATFORMS[account.kind].is_mirror


def is_individual(invoice: Invoice) -> bool:
    return bool(invoice.buyer.get("kind") == "INDIVIDUAL") if invoice.buyer else invoice.customer.is_individual


def is_public(invoice: Invoice) -> bool:
    return bool(invoice.buyer["is_public_body"]) if invoice.buyer else invoice.customer.is_public_body


def _carrier(accounts: Iterable[PlatformAccount], *, is_public: bool) -> PlatformAccount | None:
    able = [account for account in accounts if _takes(PLATFORMS[account.kind], is_public=is_public)]
    able.sort(key=lambda account: PLATFORMS[account.kind].takes_private)  # those for public bodies alone first
    return able[0] if able else None


def _takes(provider: Provider, *, is_public: bool) -> bool:
    return not provider.is_mirror and (provider.takes_public if is_public else provider.takes_private)
