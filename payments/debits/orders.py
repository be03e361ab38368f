"""Orders to the bank: the announced debits of one scheme in one file, and that file taken back before its day."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n
from sepaxml.validation import ValidationError

from billing.models import EmailStatus, Invoice
from billing.numbering import next_number
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import creditor_identifier
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.rows import lock
from customers.models import Address, AddressKind
from payments.debits import pain008
from payments.debits.announcing import earliest_order_day
from payments.debits.mandates import lapse_days
from payments.models import BankAccount, DebitOrder, DebitStatus, DirectDebit, HoldKind, ReminderHold
from payments.portal.notices import paused_invoices
from payments.services.allocations import lock_invoices
from payments.services.cash import settings_of

SERIES = "PRL"
MOST_DEBITS = 1000  # of one file


class NothingToOrder(Invalid):
    code = "nothing_to_order"
    message = "Choisissez au moins un prélèvement annoncé, d’un seul type de mandat."


class NoCreditorIdentifier(DomainError):
    code = "no_creditor_identifier"
    message = "Enregistrez d’abord votre identifiant créancier SEPA (ICS), que votre banque vous a donné."


class DebitRefused(DomainError):
    code = "debit_refused"
    message = "%(invoice)s ne peut pas être prélevée : %(why)s"


class FileRefused(DomainError):
    code = "debit_file_refused"
    message = "Le fichier serait refusé par la banque : vérifiez les noms, les IBAN et les références des mandats."


class OrderTooLate(DomainError):
    code = "order_too_late"
    message = "%(number)s ne peut plus être annulé ici : le premier prélèvement est du %(day)s."


WHY_PAID = n("elle ne doit plus rien.")
WHY_DISPUTED = n("elle est contestée.")
WHY_CREDITED = n("elle est annulée par un avoir.")
WHY_MANDATE = n("son mandat est révoqué ou caduc.")
WHY_TAKEN = n("elle n’est plus annoncée.")
WHY_PROMISED = n("son client a promis de la payer : levez la promesse, ou attendez que son jour soit passé.")
WHY_SAID_PAID = n("son client dit l’avoir payée : traitez d’abord son message.")
WHY_UNTOLD = n("son avis n’est pas encore parti : il part avec le courrier, dans quelques minutes.")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A debit as it will be asked for: what the invoice still owes, on a day that the bank can still meet."""

    debit: DirectDebit
    amount: Decimal
    collected_on: date
    problem: str = ""

    @property
    def words(self) -> str:
        """The problem as the reader reads it."""
        return str(_("Non prélevée : %(why)s") % {"why": _(self.problem)}) if self.problem else ""


def prepare(debits: Sequence[DirectDebit], *, at: datetime) -> list[Prepared]:
    """What a file made now would ask for, and what stands against each."""
    earliest = earliest_order_day(at)
    limits = lapse_days([debit.mandate for debit in debits])
    awaited = _awaited_from_customers(debits, local_day(at))
    return [
        Prepared(
            debit,
            min(debit.amount, max(debit.invoice.balance, ZERO)),
            max(debit.collected_on, earliest),
            _why_not(debit, limits[debit.mandate_id], at) or awaited.get(debit.invoice_id, "") or _untold(debit),
        )
        for debit in debits
    ]


def why_not_debited(debit: DirectDebit, at: datetime) -> str:
    """What stands against a debit now, its notice apart; '' for nothing."""
    limit = lapse_days([debit.mandate])[debit.mandate_id]
    return _why_not(debit, limit, at) or _awaited_from_customers([debit], local_day(at)).get(debit.invoice_id, "")


def _awaited_from_customers(debits: Sequence[DirectDebit], today: date) -> dict[int, str]:
    """The invoices that their customers will pay, or say they have paid: debited too, they would be paid twice."""
    if not debits:
        return {}
    said = dict.fromkeys(paused_invoices(debits[0].company_id, today), WHY_SAID_PAID)
    promises = ReminderHold.everywhere.filter(
        invoice__in=[debit.invoice_id for debit in debits], kind=HoldKind.PROMISE, ended_at=None, until__gte=today
    )
    return {**said, **dict.fromkeys(promises.values_list("invoice_id", flat=True), WHY_PROMISED)}


def _untold(debit: DirectDebit) -> str:
    return WHY_UNTOLD if debit.notice and debit.notice.status in {EmailStatus.QUEUED, EmailStatus.SENDING} else ""


def _why_not(debit: DirectDebit, limit: date | None, at: datetime) -> str:
    """The reason not to debit this invoice now; '' for none."""
    invoice, mandate = debit.invoice, debit.mandate
    if debit.status != DebitStatus.ANNOUNCED:
        return WHY_TAKEN
    if invoice.status == "CREDITED":
        return WHY_CREDITED
    if invoice.balance <= 0:
        return WHY_PAID
    if invoice.disputed_at is not None:
        return WHY_DISPUTED
    if mandate.revoked_at is not None or limit is None or limit < local_day(at):
        return WHY_MANDATE
    return ""


def announced(company: Company, scheme: str) -> Sequence[DirectDebit]:
    """The debits that wait for a file, the nearest first."""
    rows = DirectDebit.everywhere.filter(company=company, status=DebitStatus.ANNOUNCED, mandate__scheme=scheme)
    rows = rows.select_related("invoice__customer", "mandate__customer", "notice")
    return list(rows.order_by("collected_on", "id")[:MOST_DEBITS])


@transaction.atomic
def make_order(
    *, company: Company, debits: Sequence[DirectDebit], bank_account: BankAccount, actor: Actor, at: datetime
) -> DebitOrder:
    """One file for the bank. Each invoice is judged again under lock: paid, disputed or credited, it is refused.

    Raises NothingToOrder, NoCreditorIdentifier, DebitRefused, FileRefused.
    """
    identifier = settings_of(company.pk).creditor_identifier
    if not identifier:
        raise NoCreditorIdentifier
    rows = _locked(company, debits)
    prepared = prepare(rows, at=at)
    for one in prepared:
        if one.problem:
            raise DebitRefused(invoice=str(one.debit.invoice), why=_(one.problem))
    scheme = rows[0].mandate.scheme
    number = next_number(company_id=company.pk, series=SERIES, on=local_day(at))
    file = _file(company, number, scheme, identifier, bank_account, prepared, at)
    order: DebitOrder = DebitOrder.everywhere.create(
        company=company, number=number, scheme=scheme, bank_account=bank_account, debit_count=len(prepared),
        total=sum((one.amount for one in prepared), ZERO),
        first_collected_on=min(one.collected_on for one in prepared),
        xml=file.data.decode(), sha256=hashlib.sha256(file.data).hexdigest(), made_at=at,
    )  # fmt: skip
    for one in prepared:
        _order(one, order, file.batches[one.debit.end_to_end_id], actor, at)
    audit.record(
        "payments.debit_order.made", subject=order, actor=actor, at=at,
        data={"number": number, "amount": order.total, "count": order.debit_count, "sha256": order.sha256},
    )  # fmt: skip
    return order


def _locked(company: Company, debits: Sequence[DirectDebit]) -> list[DirectDebit]:
    """The debits locked after their invoices, by key. Raises NothingToOrder."""
    lock_invoices(Invoice.everywhere.in_bulk([debit.invoice_id for debit in debits]).values())
    rows = DirectDebit.everywhere.select_for_update(no_key=True, of=("self",)).filter(
        company=company, pk__in=[debit.pk for debit in debits]
    )
    found = list(rows.select_related("invoice__customer", "mandate__customer", "notice").order_by("pk"))
    if not found or len({row.mandate.scheme for row in found}) > 1:
        raise NothingToOrder
    return found


def _order(one: Prepared, order: DebitOrder, batch: str, actor: Actor, at: datetime) -> None:
    invoice = one.debit.invoice
    states.move(
        one.debit, DebitStatus.ORDERED, tag="payments.debit.ordered", actor=actor, at=at,
        also=[invoice, invoice.customer, order], data={"invoice": invoice.number, "number": order.number},
        order=order, batch=batch, amount=one.amount, collected_on=one.collected_on,
    )  # fmt: skip


def _file(
    company: Company, number: str, scheme: str, identifier: str, account: BankAccount, prepared: Sequence[Prepared],
    at: datetime,
) -> pain008.OrderFile:  # fmt: skip
    address = pain008.PostalAddress(company.address_line, company.postcode, company.city, company.country)
    creditor = pain008.Creditor(
        company.name, account.iban, account.bic, creditor_identifier.compact(identifier), address
    )
    places = Address.everywhere.filter(
        customer__in=[one.debit.mandate.customer_id for one in prepared], kind=AddressKind.BILLING
    )
    by_customer = {place.customer_id: place for place in places}
    collections = [_collection(one, by_customer.get(one.debit.mandate.customer_id)) for one in prepared]
    try:
        return pain008.write_order(number, scheme, creditor, collections, made_at=at)
    except ValidationError as error:
        raise FileRefused from error


def _collection(one: Prepared, place: Address | None) -> pain008.Collection:
    mandate = one.debit.mandate
    if mandate.signed_on is None:
        raise ValueError("a mandate that nobody signed debits nothing")
    return pain008.Collection(
        end_to_end_id=one.debit.end_to_end_id,
        amount=one.amount,
        collected_on=one.collected_on,
        sequence=one.debit.sequence,
        mandate_reference=mandate.reference,
        signed_on=mandate.signed_on,
        debtor_name=mandate.debtor_name,
        iban=mandate.iban,
        bic=mandate.bic,
        address=pain008.PostalAddress(place.line, place.postcode, place.city, place.country) if place else None,
        text=f"Facture {one.debit.invoice.number}",
    )


@transaction.atomic
def cancel_order(*, order: DebitOrder, reason: str, actor: Actor, at: datetime) -> DebitOrder:
    """The file was not sent, or the bank took it back: its debits wait for another file. Raises OrderTooLate."""
    row = lock(order)
    rows = list(DirectDebit.everywhere.filter(order=row).select_related("invoice__customer").order_by("invoice_id"))
    lock_invoices(debit.invoice for debit in rows)
    gone = any(debit.status != DebitStatus.ORDERED for debit in rows)
    if row.cancelled_at or gone or row.first_collected_on <= local_day(at):
        raise OrderTooLate(number=row.number, day=f"{row.first_collected_on:%d/%m/%Y}")
    for debit in rows:
        states.move(
            debit, DebitStatus.ANNOUNCED, tag="payments.debit.returned_to_list", actor=actor, at=at,
            also=[debit.invoice, debit.invoice.customer], data={"invoice": debit.invoice.number}, order=None,
        )  # fmt: skip
    DebitOrder.everywhere.filter(pk=row.pk).update(cancelled_at=at, cancelled_because=reason[:200])
    audit.record(
        "payments.debit_order.cancelled", subject=row, actor=actor, at=at,
        data={"number": row.number, "reason": reason},
    )  # fmt: skip
    order.refresh_from_db()
    return order
