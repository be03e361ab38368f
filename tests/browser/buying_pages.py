"""The pages of buying with long names: doubts, an account to confirm, an approval, a credit note."""

from __future__ import annotations

from decimal import Decimal

from billing.purchases.approval_rules import save_approval_rule
from billing.purchases.models import SupplierIban
from config.kernel.models import Company, User
from config.kernel.scope import company_scope
from tests.factories import purchases
from tests.factories.story import ACTOR, AT, IBAN

LONG = "Société Nouvelle d’Exploitation des Établissements Lefebvre-Desmoulins & Fils"


def buying_addresses(company: Company) -> list[str]:
    supplier = purchases.a_supplier(company, name=LONG)
    doubtful = purchases.a_purchase(supplier, iban=IBAN, doubts=["unusual_amount"])
    booked = purchases.a_checked_purchase(supplier, [purchases.kept("90.00", "606400")])
    note = purchases.a_checked_purchase(supplier, [purchases.kept("30.00", "606400")], kind="381")
    with company_scope(company):
        people = list(User.objects.filter(memberships__company=company)[:1])
        values = {"name": "Plus de 1 000 €", "above": Decimal(1000)}
        save_approval_rule(rule=None, company=company, values=values, approvers=people, actor=ACTOR, at=AT)
        waiting = purchases.a_checked_purchase(supplier, [purchases.kept("2000.00", "606100")])
    order = purchases.a_placed_order(supplier, [purchases.ordered(f"{LONG} 80 g A4")])
    purchases.received(order, 25, delivery_note="BL-2026-000000451-B")
    line = purchases.a_bought_line("96", description=f"{LONG} 80 g A4", quantity=Decimal(26))
    billed = purchases.a_purchase(supplier, [line], order_reference=order.number)
    iban = SupplierIban.everywhere.get(supplier=supplier)
    return [
        *("/purchases/", "/purchases/new/", "/purchases/approvals/", "/purchases/suppliers/", "/settings/purchases/"),
        *(row.get_absolute_url() for row in (doubtful, booked, waiting)),
        *(f"{doubtful.get_absolute_url()}{act}/" for act in ("edit", "refuse", "doubts/unusual_amount")),
        *(f"/purchases/approvals/{waiting.pk}/", f"{note.get_absolute_url()}credit/"),
        *(f"/purchases/suppliers/{supplier.pk}/", f"/purchases/suppliers/{supplier.pk}/edit/"),
        f"/purchases/ibans/{iban.pk}/confirm/",
        *("/purchases/orders/", "/purchases/orders/new/", order.get_absolute_url(), billed.get_absolute_url()),
        *(f"{order.get_absolute_url()}receive/", f"{billed.get_absolute_url()}order/"),
    ]
