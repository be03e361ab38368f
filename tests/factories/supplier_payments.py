"""Suppliers and what they are owed, for tests of paying them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.purchases.checking import check_purchase, save_purchase
from billing.purchases.disputing import dispute_purchase
from billing.purchases.doubts import settle_doubt
from billing.purchases.models import PurchaseInvoice, SupplierIban, SupplierRule
from billing.purchases.regimes import Regime
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from payments.models import BankAccount, Method, PaymentRun, SupplierPayment
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.ordering import order_run
from payments.outgoing.suppliers.preparing import Choice, prepare_run
from payments.outgoing.suppliers.recording import pay_supplier
from tests.factories import money, people, purchases
from tests.factories.story import ACTOR, AT, IBAN

DAY = local_day(AT)
ACCOUNTS = {Regime.ASSET: "218300", Regime.SERVICES: "622600"}


def a_supplier(company: Company, name: str = "Fournitures du Nord", *, iban: str = IBAN, **rule: Any) -> Customer:
    """With a confirmed account, and a rule of purchase where one is given."""
    supplier = purchases.a_supplier(company, name=name)
    with company_scope(company):
        if iban:
            an_iban(supplier, iban)
        if rule:
            SupplierRule.objects.update_or_create(company=company, supplier=supplier, defaults=rule)
    return supplier


def an_iban(supplier: Customer, iban: str, *, is_confirmed: bool = True, at: datetime = AT) -> SupplierIban:
    confirmed_at = at if is_confirmed else None
    row: SupplierIban = SupplierIban.everywhere.create(
        company_id=supplier.company_id, supplier=supplier, iban=iban, seen_at=at, confirmed_at=confirmed_at
    )
    return row


def a_purchase(
    supplier: Customer,
    net: str = "100",
    *,
    vat: str = "20",
    regime: str = Regime.GOODS,
    due_on: date = DAY,
    is_disputed: bool = False,
    **values: Any,
) -> PurchaseInvoice:
    """A booked purchase of one line."""
    account = ACCOUNTS.get(Regime(regime), "606300")
    lines = [purchases.kept(net, account, regime=regime, rate=vat)]
    given = {"due_date": due_on, "issue_date": min(due_on, DAY), "received_on": DAY, **values}
    bought = [purchases.a_bought_line(net, vat, description=line.description) for line in lines]
    row = purchases.a_purchase(supplier, bought, **given)
    with company_scope(supplier.company_id):
        save_purchase(purchase=row, values={}, lines=lines, actor=ACTOR, at=AT)
        # two of a supplier and an amount look alike: a person has looked
        for doubt in list(row.doubts):
            settle_doubt(purchase=row, doubt=doubt, actor=a_payer(supplier.company), at=AT)
        check_purchase(purchase=row, actor=ACTOR, at=AT)
        if is_disputed:
            dispute_purchase(purchase=row, code="AUTRE", reason="Prix", actor=ACTOR, at=AT)
        row.refresh_from_db()
    return row


def a_payer(company: Company, role: str = "ACCOUNTANT") -> Actor:
    """A person who may pay."""
    return Actor.user(people.a_person(company, role))  # type: ignore[arg-type]


def a_run(
    rows: Sequence[PurchaseInvoice], actor: Actor, *, at: datetime = AT, amounts: Sequence[str] = (), **values: Any
) -> PaymentRun:
    """Prepared of these purchases, whole unless amounts are given."""
    wanted = [Decimal(amount) for amount in amounts] or [row.balance for row in rows]
    company = Company.objects.get(pk=rows[0].company_id)
    with company_scope(company):
        return prepare_run(
            choices=[Choice(row, amount) for row, amount in zip(rows, wanted, strict=True)],
            bank_account=values.pop("bank_account", None) or money.a_bank_account(company),
            executes_on=values.pop("executes_on", local_day(at)),
            actor=actor,
            at=at,
            **values,
        )


def an_ordered_run(rows: Sequence[PurchaseInvoice], actor: Actor, *, at: datetime = AT, **values: Any) -> PaymentRun:
    run = a_run(rows, actor, at=at, **values)
    with company_scope(run.company_id):
        return order_run(run=run, total=run.total, actor=actor, at=at)


def a_payment(*rows: PurchaseInvoice, at: datetime = AT, **values: Any) -> SupplierPayment:
    """Recorded by hand, of what is left of them."""
    company = Company.objects.get(pk=rows[0].company_id)
    defaults: dict[str, Any] = {"method": Method.TRANSFER, "made_on": local_day(at), "actor": ACTOR, "at": at}
    with company_scope(company):
        account: BankAccount = money.a_bank_account(company)
        dues = [Due(row, row.balance) for row in rows]
        return pay_supplier(dues=dues, **{"bank_account": account, **defaults, **values})
