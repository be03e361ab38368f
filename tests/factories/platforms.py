"""Platforms for tests: a company's account, and the statuses a platform tells, through the services."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from datetime import datetime
from typing import Any

from billing.models import Invoice
from config.kernel.models import Company
from config.kernel.scope import company_scope
from config.sandbox.accounts import CLIENT_SECRET
from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.models import LifecycleEvent, PlatformAccount, RemoteDocument
from einvoicing.services.statuses import apply_document
from tests.factories.story import AT

_serial = itertools.count(1)
NOBODY = "http://127.0.0.1:9"


def a_platform_account(
    company: Company, address: str = NOBODY, *, secret: str = CLIENT_SECRET, **values: Any
) -> PlatformAccount:
    """An account on the simulated platform at `address`; on nobody's when there is none."""
    with company_scope(company):
        account = PlatformAccount(
            company=company,
            base_url=address,
            token_url=f"{address}/oauth/token",
            **{
                "kind": "afnor",
                "name": "Plateforme d’essai",
                "client_id": f"demo-{uuid.uuid4().hex[:12]}",
                **values,
            },
        )
        account.set_client_secret(secret)
        account.save(force_insert=True)
    return account


def give_secret(account: PlatformAccount, secret: str = CLIENT_SECRET) -> None:
    """The owner types another secret."""
    account.set_client_secret(secret)
    PlatformAccount.everywhere.filter(pk=account.pk).update(client_secret_cipher=account.client_secret_cipher)


def status_message(invoice: Invoice, code: str, *, at: datetime = AT, reason: str = "") -> bytes:
    """The CDAR message by which a platform tells the seller this status of the invoice."""
    status = lifecycle.STATUSES[code]
    details = (cdar.StatusDetail(sequence=1, reason_code=reason, reason=lifecycle.reason(reason)),) if reason else ()
    return cdar.render(
        cdar.StatusMessage(
            message_id=f"{invoice.number}_{code}_{next(_serial)}",
            created_at=at,
            issuer=cdar.StatusParty(role="WK"),
            recipients=(cdar.StatusParty(role="SE", identifier=invoice.seller["siren"], scheme="0002"),),
            phase=status.phase,
            status_at=at,
            invoice_number=invoice.number or "",
            untdid_status=status.untdid,
            invoice_type=invoice.kind,
            invoice_date=invoice.issue_date,
            status_code=code,
            status_label=status.label,
            seller_siren=invoice.seller["siren"],
            details=details,
        )
    )


def a_message(
    account: PlatformAccount, data: bytes, *, at: datetime = AT, flow_type: str = "CustomerInvoiceLC"
) -> RemoteDocument:
    """A message of the platform, stored and not yet read."""
    row: RemoteDocument = RemoteDocument.everywhere.create(
        company_id=account.company_id,
        account=account,
        remote_id=str(uuid.uuid4()),
        flow_type=flow_type,
        content=data,
        sha256=hashlib.sha256(data).hexdigest(),
        received_at=at,
    )
    return row


def a_status(account: PlatformAccount, invoice: Invoice, code: str, *, at: datetime = AT) -> LifecycleEvent:
    """A status received and applied."""
    document = a_message(account, status_message(invoice, code, at=at), at=at)
    with company_scope(account.company_id):
        assert apply_document(document_id=document.pk, at=at)
        event: LifecycleEvent = LifecycleEvent.objects.get(document=document)
    return event
