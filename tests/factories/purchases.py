"""Purchases for tests, through the services."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import PurchaseInvoice
from billing.purchases.checking import check_purchase, save_purchase
from billing.purchases.content import LineContent, PurchaseContent, VatContent
from billing.purchases.drafts import PurchaseLineInput
from billing.purchases.models import PurchaseOrder, Receipt
from billing.purchases.orders import OrderLineInput, place_order, save_purchase_order
from billing.purchases.postings import OWED_BY_US
from billing.purchases.receiving import receive_goods
from billing.purchases.recording import record_purchase
from billing.purchases.suppliers import save_supplier
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.money import HUNDRED, ZERO, round2
from config.kernel.scope import company_scope
from customers.models import Customer
from tests.factories.story import ACTOR, AT, LYON, a_siren, a_siret

_serial = itertools.count(1)
DAY = date(2026, 11, 10)


def a_supplier(company: Company, *, address: dict[str, str] | None = None, **values: Any) -> Customer:
    """An organisation in Lyon that bills us, or whatever `values` and `address` say."""
    more = {name: values.pop(name) for name in ("iban", "bic", "rule", "actor") if name in values}
    given: dict[str, Any] = {"name": "Papeteries du Rhône", "siret": a_siret(a_siren()), **values}
    with company_scope(company):
        return save_supplier(
            supplier=None,
            company_id=company.pk,
            values=given,
            address=LYON | (address or {}),
            at=AT,
            **{"actor": ACTOR, **more},
        )


def a_foreign_supplier(company: Company, country: str, **values: Any) -> Customer:
    abroad = {"line": "1 High Street", "postcode": "1000", "city": "Ville", "country": country}
    return a_supplier(company, address=abroad, **{"name": f"Fremd {country}", "siret": "", **values})


def a_bought_line(net: str = "100.00", rate: str = "20", **values: Any) -> LineContent:
    return LineContent(
        **{"description": "Ramettes de papier", "net": Decimal(net), "vat_rate": Decimal(rate), **values}
    )


def content(lines: Sequence[LineContent] = (), **values: Any) -> PurchaseContent:
    """A document whose sums hold; amounts follow from its lines."""
    lines = tuple(lines or [a_bought_line()])
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        key = (line.vat_category, line.vat_rate)
        bases[key] = bases.get(key, ZERO) + line.net
    rows = tuple(
        VatContent(category=category, rate=rate, base=base, amount=round2(base * rate / HUNDRED))
        for (category, rate), base in bases.items()
    )
    net, vat = sum((row.base for row in rows), ZERO), sum((row.amount for row in rows), ZERO)
    given = {
        "number": f"F-{next(_serial):05}",
        "issue_date": DAY,
        "total_net": net,
        "total_vat": vat,
        "total_gross": net + vat,
        "lines": lines,
        "vat_rows": rows,
    }
    return PurchaseContent(**{**given, **values})


def a_purchase(supplier: Customer, lines: Sequence[LineContent] = (), **values: Any) -> PurchaseInvoice:
    """A document as it was recorded: TO_CHECK."""
    known = ("doubts", "is_auto_validated", "received_on", "actor", "at")
    more = {name: values.pop(name) for name in known if name in values}
    with company_scope(supplier.company_id):
        return record_purchase(
            company_id=supplier.company_id,
            supplier=supplier,
            content=content(lines, **values),
            **{"received_on": local_day(AT), "actor": ACTOR, "at": AT, **more},
        )


def ordered(description: str = "Ramette A4 80 g", quantity: str = "20", price: str = "4.50", **values: Any) -> Any:
    """A line of an order."""
    given = {"account": "606400", **values}
    return OrderLineInput(description=description, quantity=Decimal(quantity), unit_price=Decimal(price), **given)


def an_order(supplier: Customer, lines: Sequence[OrderLineInput] = (), **values: Any) -> PurchaseOrder:
    """A draft order to a supplier."""
    lines = list(lines or [ordered()])
    with company_scope(supplier.company_id):
        return save_purchase_order(
            order=None, supplier=supplier, values=values, lines=lines, actor=ACTOR, at=values.pop("at", AT)
        )


def a_placed_order(supplier: Customer, lines: Sequence[OrderLineInput] = (), **values: Any) -> PurchaseOrder:
    """An order that its supplier has."""
    order = an_order(supplier, lines, **values)
    with company_scope(supplier.company_id):
        return place_order(order=order, actor=ACTOR, at=AT)


def received(order: PurchaseOrder, *quantities: str | int, **values: Any) -> Receipt:
    """What came of each line of an order, in their order."""
    with company_scope(order.company_id):
        keys = order.lines.order_by("position").values_list("pk", flat=True)
        came = {key: Decimal(quantity) for key, quantity in zip(keys, quantities, strict=False)}
        given = {"received_on": local_day(AT), "actor": ACTOR, "at": AT, **values}
        return receive_goods(order=order, quantities=came, **given)


def kept(net: str, account: str, regime: str = "GOODS", rate: str = "20", **values: Any) -> PurchaseLineInput:
    """A line as a person leaves it."""
    given = {"description": f"Achat {account}", "net": Decimal(net), "vat_rate": Decimal(rate)}
    return PurchaseLineInput(account=account, regime=regime, **{**given, **values})


def a_checked_purchase(supplier: Customer, lines: Sequence[PurchaseLineInput], **values: Any) -> PurchaseInvoice:
    """A purchase whose lines a person has chosen: booked at once where no rule of approval applies."""
    more = {name: values[name] for name in ("actor", "at") if name in values}
    act = {"actor": ACTOR, "at": AT, **more}
    bought = [
        LineContent(
            description=line.description,
            net=line.net,
            vat_rate=ZERO if line.regime in OWED_BY_US else line.vat_rate,
            vat_category="AE" if line.regime in OWED_BY_US else line.vat_category,
        )
        for line in lines
    ]
    purchase = a_purchase(supplier, bought, **values)
    with company_scope(supplier.company_id):
        save_purchase(purchase=purchase, values={}, lines=lines, **act)
        return check_purchase(purchase=purchase, **act)
