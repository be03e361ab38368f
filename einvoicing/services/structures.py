"""The services of a public body, asked of Chorus Pro when a person wants to choose one."""

from __future__ import annotations

from contextlib import closing

from billing.models import Invoice
from einvoicing.models import PlatformAccount
from einvoicing.platforms.chorus_pro.client import ChorusProPlatform
from einvoicing.platforms.chorus_pro.structures import Service
from einvoicing.services.routing import CHORUS_PRO, settings_of


def services_of_buyer(*, account: PlatformAccount, invoice: Invoice) -> list[Service]:
    """The active services a supplier may write to; none where Chorus Pro does not know the buyer.

    Raises RemoteError, SecretUnreadable.
    """
    siret = str(invoice.buyer.get("siret") or "")
    if account.kind != CHORUS_PRO or not siret:
        return []
    with closing(ChorusProPlatform(settings_of(account))) as platform:
        structure = platform.structure(siret)
    return [service for service in structure.services if service.is_active] if structure else []
