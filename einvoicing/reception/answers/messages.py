"""The CDAR by which a buyer declares to its supplier a status of an invoice that it received (XP Z12-012)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal

from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.models import ReceivedDocument

SIREN, FRENCH_ADDRESS = "0002", "0225"
MONEY_PAID = "MPA"  # MDT-207


def answer_message(
    document: ReceivedDocument,
    code: str,
    *,
    reason_code: str = "",
    reason: str = "",
    action_code: str = "",
    amount: Decimal | None = None,
    paid_on: date | None = None,
    at: datetime,
) -> cdar.StatusMessage:
    """The message of one status. `amount` and `paid_on`: of 211, with VAT, in the document's currency."""
    status = lifecycle.STATUSES[code]
    company, siren = document.company, _siren(document)
    detail = cdar.StatusDetail(
        sequence=1,
        reason_code=reason_code,
        reason=lifecycle.reason(reason_code) if reason_code else "",
        action_code=action_code,
        action=lifecycle.ACTIONS.get(action_code, ""),
        notes=(reason,) if reason else (),
        characteristics=() if amount is None else (_paid(document, amount, paid_on),),
    )
    says = reason_code or reason or action_code or amount is not None
    return cdar.StatusMessage(
        message_id=f"{document.number}_{code}_{at:%Y%m%d%H%M%S}_{uuid.uuid4().hex[:8]}",
        created_at=at,
        sender=cdar.StatusParty(role="WK"),
        issuer=cdar.StatusParty(role="BY", identifier=company.siren, scheme=SIREN, name=company.name),
        recipients=(
            cdar.StatusParty(
                role="SE",
                identifier=siren,
                scheme=SIREN if siren else "",
                name=document.supplier_name,
                electronic_address=siren,
                electronic_scheme=FRENCH_ADDRESS if siren else "",
            ),
        ),
        phase=status.phase,
        status_at=at,
        invoice_number=document.number,
        untdid_status=status.untdid,
        invoice_type=document.kind,
        invoice_received_at=document.received_at,
        invoice_date=document.issue_date,
        status_code=code,
        status_label=status.label,
        seller_siren=siren,
        details=(detail,) if says else (),
    )


def _siren(document: ReceivedDocument) -> str:
    """The supplier's; '' for one abroad, which has none."""
    key = document.supplier_key
    return key if len(key) == 9 and key.isdigit() else ""


def _paid(document: ReceivedDocument, amount: Decimal, paid_on: date | None) -> cdar.Characteristic:
    return cdar.Characteristic(
        type_code=MONEY_PAID, amount=amount, currency=document.currency or "EUR", value_date=paid_on
    )
