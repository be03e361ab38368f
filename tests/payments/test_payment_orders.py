"""A file of transfers: refunds in a pain.001 that holds against its schema, each ordered once."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from config.kernel.clock import local_day
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import company_scope
from payments.models import Method, Refund
from payments.outgoing.ordering import (
    NothingToOrder,
    NotOrderable,
    OrderedInThePast,
    OtherAccount,
    order_refunds,
    refunds_to_order,
)
from payments.outgoing.pain001 import NAMES
from payments.outgoing.refunding import cancel_refund, refund_customer
from tests.factories import money, story
from tests.factories.story import ACTOR, AT, IBAN

pytestmark = pytest.mark.django_db
WHO: dict[str, Any] = {"actor": ACTOR, "at": AT}
DAY = local_day(AT)


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def a_refund(company: Company, amount: str, **values: Any) -> Refund:
    customer = story.a_customer(company, name="Société Générale d’Œuvres & Cie")
    money.a_payment(customer, amount)
    options = {"method": Method.TRANSFER, "iban": IBAN, "bank_account": money.a_bank_account(company), **values}
    return refund_customer(
        customer=customer, amount=Decimal(amount), reason="Trop-perçu", made_on=DAY, **options, **WHO
    )


def told(order: Any, path: str) -> list[str]:
    root = etree.fromstring(bytes(order.content))
    return [node.text for node in root.iterfind(f".//{path}", NAMES)]


def test_the_file_says_who_gets_what_and_how_much_in_all(company: Company):
    refunds = [a_refund(company, "12.34"), a_refund(company, "1000")]
    account = money.a_bank_account(company)
    order = order_refunds(refunds=refunds, bank_account=account, executes_on=DAY + timedelta(days=1), **WHO)
    assert (order.number, order.count, order.total) == ("VIR-2026-00001", 2, Decimal("1012.34"))
    assert order.sha256 == hashlib.sha256(bytes(order.content)).hexdigest()
    assert told(order, "p:MsgId") == ["VIR-2026-00001"]
    assert told(order, "p:EndToEndId") == [refund.end_to_end_id for refund in refunds]
    assert told(order, "p:InstdAmt") == ["12.34", "1000.00"]
    assert set(told(order, "p:CtrlSum")) == {"1012.34"}
    assert told(order, "p:ReqdExctnDt/p:Dt") == [(DAY + timedelta(days=1)).isoformat()]
    assert told(order, "p:Cdtr/p:PstlAdr/p:TwnNm"), "a structured address"
    assert all(name.isascii() for name in told(order, "p:Cdtr/p:Nm"))
    assert AuditEvent.objects.get(tag="payments.order.made").data["sha256"] == order.sha256


def test_a_refund_is_ordered_once_and_a_cancelled_one_never(company: Company):
    account, once, cancelled = money.a_bank_account(company), a_refund(company, "5"), a_refund(company, "6")
    cancel_refund(refund=cancelled, reason="", **WHO)
    order = order_refunds(refunds=[once], bank_account=account, executes_on=DAY, **WHO)
    assert not refunds_to_order(account).exists()
    for refund in (once, cancelled):
        with pytest.raises(NotOrderable):
            order_refunds(refunds=[refund], bank_account=account, executes_on=DAY, **WHO)
    with pytest.raises(NothingToOrder):
        order_refunds(refunds=[], bank_account=account, executes_on=DAY, **WHO)
    assert Refund.objects.get(order=order) == once


def test_an_order_is_of_one_account_and_not_of_yesterday(company: Company):
    account = money.a_bank_account(company)
    by_hand = a_refund(company, "5", method=Method.CHECK, iban="")
    elsewhere = a_refund(company, "5")
    account.ledger_account = "512900"
    for refund, refusal in ((by_hand, NotOrderable), (elsewhere, OtherAccount)):
        with pytest.raises(refusal):
            order_refunds(refunds=[refund], bank_account=account, executes_on=DAY, **WHO)
    with pytest.raises(OrderedInThePast):
        order_refunds(refunds=[elsewhere], bank_account=account, executes_on=DAY - timedelta(days=1), **WHO)
