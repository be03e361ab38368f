"""Refunds put together in a file of transfers that the bank executes. The file is kept as it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from billing.numbering import next_number
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import CompanyRow
from config.kernel.money import ZERO
from customers.models import Address, AddressKind
from payments.models import BankAccount, Method, PaymentOrder, Refund, RefundKind
from payments.outgoing import pain001
from payments.outgoing.pain001 import Transfer

SERIES = "VIR"


class NothingToOrder(Invalid):
    code = "nothing_to_order"
    message = "Choisissez au moins un remboursement par virement."


class NotOrderable(DomainError):
    code = "refund_not_orderable"
    message = "%(number)s n’attend pas de virement : il est annulé, déjà ordonné, ou payé autrement."


class OtherAccount(DomainError):
    code = "refund_of_another_account"
    message = "%(number)s est comptabilisé sur %(account)s, un autre compte bancaire que « %(name)s »."


class OrderedInThePast(Invalid):
    code = "ordered_in_the_past"
    message = "La date d’exécution est passée."


def refunds_to_order(account: BankAccount | None = None) -> QuerySet[Refund]:
    """Refunds by transfer that no file carries yet, the oldest first; of one bank account where it is given."""
    rows: QuerySet[Refund] = Refund.objects.filter(
        kind=RefundKind.REFUND, method=Method.TRANSFER, cancelled_at=None, order=None, currency="EUR"
    )
    if account is not None:
        rows = rows.filter(account=account.ledger_account)
    return rows.select_related("customer").order_by("made_on", "id")


@transaction.atomic
def order_refunds(
    *, refunds: Sequence[Refund], bank_account: BankAccount, executes_on: date, actor: Actor, at: datetime
) -> PaymentOrder:
    """The file (pain.001) of these refunds from one account. Each is ordered once.

    Raises NothingToOrder, NotOrderable, OtherAccount, OrderedInThePast.
    """
    if executes_on < local_day(at):
        raise OrderedInThePast(fields={"executes_on": OrderedInThePast.message})
    keys = [refund.pk for refund in refunds]
    locked = list(Refund.everywhere.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    if not locked:
        raise NothingToOrder
    for refund in locked:
        if not refund.waits_for_an_order or refund.currency != "EUR":
            raise NotOrderable(number=refund.number)
        if refund.account != bank_account.ledger_account or refund.company_id != bank_account.company_id:
            raise OtherAccount(number=refund.number, account=refund.account, name=bank_account.name)
    ordered = sorted(locked, key=lambda refund: refund.number)
    order = insert_order(bank_account, _transfers(ordered), executes_on=executes_on, at=at)
    Refund.everywhere.filter(pk__in=keys).update(order=order)
    seal_order(order, [*locked, *{refund.customer for refund in locked}], actor=actor, at=at)
    return order


def insert_order(
    account: BankAccount, transfers: Sequence[Transfer], *, executes_on: date, at: datetime
) -> PaymentOrder:
    """The next order of an account, with its file; the caller seals it, with what it pays. Raises pain001.NotValid."""
    number = next_number(company_id=account.company_id, series=SERIES, on=local_day(at))
    content = pain001.render(
        number=number,
        name=account.company.name,
        iban=account.iban,
        bic=account.bic,
        transfers=transfers,
        executes_on=executes_on,
        at=at,
    )
    order: PaymentOrder = PaymentOrder.everywhere.create(
        company_id=account.company_id,
        number=number,
        bank_account=account,
        executes_on=executes_on,
        currency="EUR",
        count=len(transfers),
        total=sum((transfer.amount for transfer in transfers), ZERO),
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        made_at=at,
    )
    return order


def seal_order(order: PaymentOrder, paid: Sequence[CompanyRow], *, actor: Actor, at: datetime) -> None:
    """Told of the order, of what it pays and of whom."""
    audit.record(
        "payments.order.made",
        subject=order,
        also=paid,
        actor=actor,
        at=at,
        seal=True,
        data={"number": order.number, "count": order.count, "total": order.total, "sha256": order.sha256},
    )


def structured_addresses(customers: Iterable[int]) -> dict[int, dict[str, str]]:
    """The billing addresses of third parties, by their keys, as the file asks for them."""
    rows = Address.everywhere.filter(kind=AddressKind.BILLING, customer__in=set(customers))
    return {row.customer_id: _structured(row) for row in rows}


def _transfers(refunds: Sequence[Refund]) -> list[Transfer]:
    addresses = structured_addresses(refund.customer_id for refund in refunds)
    return [
        Transfer(
            name=refund.customer.name,
            iban=refund.iban,
            amount=refund.amount,
            wording=f"{refund.number} {refund.reason}",
            end_to_end_id=refund.end_to_end_id,
            address=addresses.get(refund.customer_id, {}),
        )
        for refund in refunds
    ]


def _structured(address: Address) -> dict[str, str]:
    return {
        "street_name": address.line,
        "postcode": address.postcode[:16],
        "town": address.city[:35],
        "country": address.country,
    }
