"""A company that buys from one supplier it knows: its paper, its Factur-X, its XML, and what was recorded before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.purchases.content import LineContent, PurchaseContent, VatContent
from billing.purchases.models import PurchaseInvoice, SupplierIban, SupplierRule
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing import document as model
from einvoicing.formats import cii, facturx
from tests.einvoicing.documents import NOTES, PROCESSING_B2B
from tests.einvoicing.reception.drawn import layouts, sheets
from tests.einvoicing.reception.drawn.facts import Facts, Item, Party
from tests.factories import story

ON = date(2026, 11, 25)
AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
IBAN, OTHER_IBAN = "FR7630004000031234567890143", "FR7630006000011234567890189"
SUPPLIER = Party("Imprimerie Vasseur SARL", "732829320", "4 quai de la Loire", "44000", "Nantes", "00074", IBAN)
TWENTY = Decimal(20)


def buyer_of(company: Company) -> Party:
    return Party(company.name, company.siren, company.address_line, company.postcode, company.city, company.siret[9:])


def an_invoice(company: Company, **values: Any) -> Facts:
    """1,000.00 + 200.00 of printing, of the supplier that the company knows."""
    given: dict[str, Any] = {
        "seed": 4,
        "supplier": SUPPLIER,
        "buyer": buyer_of(company),
        "number": "F-2026-0417",
        "is_credit": False,
        "issued": date(2026, 11, 20),
        "due": date(2026, 12, 20),
        "order": "",
        "items": [
            Item("Impression de plaquettes", Decimal(8), Decimal("100.00"), TWENTY),
            Item("Livraison express", Decimal(1), Decimal("200.00"), TWENTY),
        ],
        **values,
    }
    base = sum((item.net for item in given["items"]), Decimal(0))
    return Facts(rows=[(TWENTY, base, base / 5)], **given)


def as_page(facts: Facts, layout: str = "classic") -> bytes:
    return sheets.as_pdf(layouts.draw(facts, layout))


def as_model(facts: Facts, **values: Any) -> model.Invoice:
    """The facts as EN 16931; `values` replace terms of it."""
    given: dict[str, Any] = {
        "number": facts.number,
        "issue_date": facts.issued,
        "type_code": "381" if facts.is_credit else "380",
        "due_date": facts.due,
        "business_process": "S1",
        "notes": (*NOTES, PROCESSING_B2B),
        "seller": _party(facts.supplier),
        "buyer": _party(facts.buyer),
        "delivery": model.Delivery(date=facts.issued),
        "payment": model.Payment(means_code="30", iban=facts.supplier.iban, account_name=facts.supplier.name),
        "totals": model.Totals(lines=facts.net, net=facts.net, vat=facts.vat, gross=facts.gross, payable=facts.gross),
        "vat": tuple(
            model.VatSubtotal(category="S", rate=rate, base=base, amount=amount) for rate, base, amount in facts.rows
        ),
        "lines": tuple(
            model.Line(
                id=str(place),
                name=item.name,
                quantity=item.quantity,
                unit_price=item.price,
                net=item.net,
                vat_category="S",
                vat_rate=item.rate,
            )
            for place, item in enumerate(facts.items, 1)
        ),
        **values,
    }
    return model.Invoice(**given)


def _party(party: Party) -> model.Party:
    return model.Party(
        name=party.name,
        siren=party.siren,
        siret=party.siret,
        vat_number=party.vat,
        electronic_address=party.siren,
        electronic_scheme="0225",
        address=model.Address(line_one=party.street, postcode=party.postcode, city=party.city, country="FR"),
    )


def as_xml(facts: Facts, **values: Any) -> bytes:
    return cii.render(as_model(facts, **values))


def as_facturx(facts: Facts, *, page: Facts | None = None, **values: Any) -> bytes:
    """The XML in its page; `page` draws another one."""
    invoice = as_model(facts, **values)
    return facturx.embed(
        as_page(page or facts), cii.render(invoice), number=invoice.number, issued_at=AT, seller=facts.supplier.name
    )


def content(facts: Facts, **values: Any) -> PurchaseContent:
    """What was recorded of an earlier one."""
    given: dict[str, Any] = {
        "number": facts.number,
        "issue_date": facts.issued,
        "due_date": facts.due,
        "supplier_name": facts.supplier.name,
        "total_net": facts.net,
        "total_vat": facts.vat,
        "total_gross": facts.gross,
        "lines": tuple(LineContent(description=item.name, net=item.net, vat_rate=item.rate) for item in facts.items),
        "vat_rows": tuple(VatContent(rate=rate, base=base, amount=amount) for rate, base, amount in facts.rows),
        "iban": facts.supplier.iban,
        **values,
    }
    return PurchaseContent(**given)


def earlier(company: Company, count: int = 3) -> list[Facts]:
    """Invoices of the months before, of other amounts."""
    return [
        an_invoice(
            company,
            number=f"F-2026-03{place:02}",
            issued=date(2026, 9, 20) - timedelta(days=30 * place),
            due=date(2026, 10, 20) - timedelta(days=30 * place),
            items=[Item("Impression", Decimal(1), Decimal(900 + 10 * place), TWENTY)],
        )
        for place in range(count)
    ]


def a_buying_company() -> Company:
    """It knows its supplier, has confirmed its account, and recorded three invoices of it."""
    company = story.a_company()
    supplier = story.a_customer(
        company, name=SUPPLIER.name, siret=SUPPLIER.siret, vat_number=SUPPLIER.vat, is_supplier=True
    )
    with company_scope(company):
        SupplierIban.objects.create(company=company, supplier=supplier, iban=IBAN, seen_at=AT, confirmed_at=AT)
        for place, facts in enumerate(earlier(company)):
            said = content(facts)
            PurchaseInvoice.objects.create(
                company=company,
                supplier=supplier,
                reference=f"ACH-{place}",
                number=said.number,
                issue_date=said.issue_date,
                due_date=said.due_date,
                received_on=said.issue_date,
                total_net=said.total_net,
                total_vat=said.total_vat,
                total_gross=said.total_gross,
                created_at=AT,
                supplier_name=said.supplier_name,
            )
    return company


def forbid_validation(company: Company) -> None:
    with company_scope(company):
        SupplierRule.objects.create(
            company=company, supplier=Customer.objects.suppliers().get(), may_validate_itself=False
        )


def forget_ibans(company: Company) -> None:
    with company_scope(company):
        SupplierIban.objects.all().delete()
