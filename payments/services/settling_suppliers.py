"""What a bank line shows of suppliers: payments found again, purchases that it pays, transfers that come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from billing.purchases.settling import lock_purchases
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.models import CompanyRow
from payments.models import Match, MatchPart, PartKind, SupplierPayment, SupplierShare
from payments.outgoing.suppliers.recording import announce, pay_supplier
from payments.outgoing.suppliers.taking_back import lock_payments, return_supplier_payment
from payments.services.booking_lines import move_supplier_payment
from payments.services.decisions import Decision
from payments.services.settling_parts import OfSupplier, Part, PurchasesPaid, SupplierPaid, SupplierReturned

GIVEN_BACK = "Retour de la banque"


class SupplierPaymentNotFree(DomainError):
    code = "supplier_payment_not_free"
    message = "%(number)s est annulé, dans une autre devise, ou déjà rapproché d’une autre ligne."


def lock_suppliers(parts: Iterable[OfSupplier]) -> None:
    """Before any number is taken: purchases first, then payments, as whoever cancels one holds them."""
    found = list(parts)
    payments = [part.payment.pk for part in found if not isinstance(part, PurchasesPaid)]
    back = [part.payment.pk for part in found if isinstance(part, SupplierReturned)]
    purchases = {due.purchase.pk for part in found if isinstance(part, PurchasesPaid) for due in part.dues}
    if back:
        purchases |= set(SupplierShare.everywhere.filter(payment__in=back).values_list("purchase_id", flat=True))
    lock_purchases(purchases)
    lock_payments(payments)


def rows_of_suppliers(parts: Sequence[Part]) -> list[CompanyRow]:
    """What must be of the line's company."""
    rows: list[CompanyRow] = [part.payment for part in parts if isinstance(part, SupplierPaid | SupplierReturned)]
    return rows + [due.purchase for part in parts if isinstance(part, PurchasesPaid) for due in part.dues]


def settle_supplier(decision: Decision, part: OfSupplier) -> None:
    """Raises SupplierPaymentNotFree, and what recording a payment or its return raises."""
    if isinstance(part, SupplierPaid):
        _find(decision, part)
    elif isinstance(part, PurchasesPaid):
        _pay(decision, part)
    else:
        _take_back(decision, part)


def _find(decision: Decision, part: SupplierPaid) -> None:
    """Link a payment or return that stands already, whole, and book it on this bank's account if it was on another."""
    payment = lock_payments([part.payment])[part.payment.pk]
    is_taken = MatchPart.everywhere.filter(supplier_payment=payment, match__undone_at=None).exists()
    if is_taken or not payment.is_live or payment.currency != decision.line.currency:
        raise SupplierPaymentNotFree(number=payment.number)
    line, actor, at = decision.line, decision.actor, decision.at
    move_supplier_payment(decision.match, line, payment, actor=actor, at=at)
    decision.add(PartKind.SUPPLIER, part.amount, supplier_payment=payment)
    decision.concern(payment, payment.supplier)
    announce([payment], on=line.booked_on, actor=actor, at=at)


def _pay(decision: Decision, part: PurchasesPaid) -> None:
    line = decision.line
    payment = pay_supplier(
        dues=part.dues,
        method=part.method,
        # banks date some movements ahead; a payment is never in the future
        made_on=min(line.booked_on, local_day(decision.at)),
        bank_account=line.account,
        iban=line.counterparty_iban,
        reference=line.remittance,
        actor=decision.actor,
        at=decision.at,
    )
    decision.add(PartKind.SUPPLIER, -payment.amount, supplier_payment=payment, is_recorded=True)
    decision.concern(payment, payment.supplier, *(due.purchase for due in part.dues))


def _take_back(decision: Decision, part: SupplierReturned) -> None:
    line = decision.line
    returned = return_supplier_payment(
        payment=part.payment,
        returned_on=min(line.booked_on, local_day(decision.at)),
        reason=" ".join(word for word in (GIVEN_BACK, line.return_code) if word),
        bank_account=line.account,
        actor=decision.actor,
        at=decision.at,
    )
    decision.add(PartKind.SUPPLIER, returned.amount, supplier_payment=returned, is_recorded=True)
    decision.concern(returned, part.payment, returned.supplier)


def lock_recorded(matches: Iterable[Match]) -> None:
    """What undoing the matches cancels of suppliers, in the order of its locks."""
    recorded = MatchPart.everywhere.filter(match__in=list(matches), is_recorded=True)
    payments = SupplierPayment.everywhere.filter(pk__in=recorded.values("supplier_payment_id"))
    shares = SupplierShare.everywhere.filter(payment__in=payments)
    lock_purchases(set(shares.values_list("purchase_id", flat=True)))
    lock_payments(payments)
