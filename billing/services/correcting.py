"""Corrected invoices (384): « Rectifier » an issued invoice by another that replaces it.

In France a 384 replaces the invoice it names (BT-25, exactly one, BR-FR-CO-04); the seller declares the first one
cancelled (220). Nothing of this happens before the corrected invoice is issued. In its issuing transaction:

- the original becomes CREDITED with `replaced_at`: its whole balance is taken off, nothing more is expected on it;
- the journal reverses the original entry and books the corrected invoice;
- the deposits it deducted are free, and the corrected invoice deducts those it kept;
- money received on it is never lost: payments.services.crediting releases it to the customer's credit and puts it at
  once on the corrected invoice, up to what that one asks for. Billing alone refuses an original that holds money.

An original that a credit note touches is refused: the two corrections would overlap. So is a deposit: its credit note
and a new deposit say the same. One corrected invoice per original; a corrected invoice can be corrected in its turn.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from billing.models import Invoice, InvoiceKind, InvoiceLine
from billing.services.deducting import deposits_of, write_deductions
from billing.services.invoices import inputs_of, save_draft
from billing.services.settling import check_correctable, lock_invoice
from config.kernel.actor import Actor
from config.kernel.errors import DomainError


class AlreadyCorrected(DomainError):
    code = "already_corrected"
    message = "%(number)s a déjà sa facture rectificative, en brouillon ou émise."


@transaction.atomic
def draft_correction(*, invoice: Invoice, reason: str, actor: Actor, at: datetime) -> Invoice:
    """A draft 384 with the lines and deposits of the original, to be corrected.

    Raises NotCorrectable, AlreadyCorrected.
    """
    original = lock_invoice(invoice)
    check_correctable(original)
    values = {
        "kind": InvoiceKind.CORRECTED,
        "corrects": original,
        "credit_reason": reason,
        "order_id": original.order_id,
        "purchase_order": original.purchase_order,
        "service_code": original.service_code,
        "contract_reference": original.contract_reference,
        "delivery": original.delivery,
        "currency": original.currency,
        "supply_date": original.supply_date,
        "notes": original.notes,
    }
    lines = inputs_of(list(InvoiceLine.everywhere.filter(invoice=original).order_by("position")))
    try:
        with transaction.atomic():
            draft = save_draft(invoice=None, customer=original.customer, values=values, lines=lines, actor=actor, at=at)
    except IntegrityError as error:
        if "one_corrected_invoice_per_invoice" in str(error):
            raise AlreadyCorrected(number=original.number) from error
        raise
    write_deductions(draft, deposits_of(original))
    return draft
