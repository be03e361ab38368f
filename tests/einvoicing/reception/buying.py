"""A company that buys from one supplier it knows: its paper, its Factur-X, its XML, and what was recorded before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.purchases.content import LineContent, PurchaseContent, VatContent
from billing.purchases.models import SupplierIban
from billing.purchases.recording import record_purchase
from billing.purchases.suppliers import save_rule
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing import document as model
from einvoicing.formats import cii, facturx
from einvoicing.models import ReceivedDocument, ReceptionChannel
from einvoicing.reception.queues import RECEIVED, SCANS
from einvoicing.reception.storing import store_document
from tests.einvoicing.documents import NOTES, PROCESSING_B2B
from tests.einvoicing.reception.drawn import layouts, sheets
from tests.einvoicing.reception.drawn.facts import Facts, Item, Party
from tests.factories import people, story
from tests.factories.purchases import a_supplier

ON = date(2026, 11, 25)
AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
IBAN, OTHER_IBAN = "FR7630004000031234567890143", "FR7630006000011234567890189"
SUPPLIER = Party("Imprimerie Vasseur SARL", "732829320", "4 quai de la Loire", "44000", "Nantes", "00074", IBAN)
STRANGER = Party("Nouveau Fournisseur SAS", "552081317", "1 rue Neuve", "69001", "Lyon", "00015", OTHER_IBAN)
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


def a_recent_invoice(company: Company, **values: Any) -> Facts:
    """One of these days, for pages, which have the clock of everybody."""
    today = local_day(timezone.now())
    return an_invoice(company, **{"issued": today - timedelta(days=5), "due": today + timedelta(days=25), **values})


def received(company: Company, data: bytes, name: str = "facture.pdf") -> ReceivedDocument:
    """A document that was dropped by hand today, once the queues have read it."""
    at = timezone.now()
    with company_scope(company):
        document = store_document(
            company_id=company.pk, channel=ReceptionChannel.UPLOAD, name=name, data=data, actor=story.ACTOR, at=at
        )
    RECEIVED.sweep(now=lambda: at)
    SCANS.sweep(now=lambda: at)
    document.refresh_from_db()
    return document


def a_buying_company(company: Company | None = None) -> Company:
    """It knows its supplier, has confirmed its account, and recorded three invoices of it."""
    company = company or story.a_company()
    person = Actor("USER", "Ada", user_id=people.a_person(company).pk)
    supplier = a_supplier(
        company, name=SUPPLIER.name, siret=SUPPLIER.siret, vat_number=SUPPLIER.vat, iban=IBAN, actor=person
    )
    with company_scope(company):
        for facts in earlier(company):
            record_purchase(
                company_id=company.pk,
                supplier=supplier,
                content=content(facts),
                received_on=facts.issued,
                actor=person,
                at=AT,
            )
    return company


def forbid_validation(company: Company) -> None:
    with company_scope(company):
        supplier = Customer.objects.suppliers().get()
        save_rule(supplier=supplier, values={"may_validate_itself": False}, actor=story.ACTOR, at=AT)


def forget_ibans(company: Company) -> None:
    with company_scope(company):
        SupplierIban.objects.all().delete()
