"""The demonstration: two companies, their people, half a year of business told through the services."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.conf import settings

from billing.models import Invoice, MovementReason, OrderStatus, Product
from billing.services.invoices import generate_invoice, save_draft
from billing.services.lines import LineInput
from billing.services.orders import confirm_order, save_order, ship_order
from billing.services.products import move_stock, save_product
from config.kernel import outside
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import Company, User, VatRegime
from config.kernel.roles import Role
from config.kernel.scope import across_companies, company_scope
from config.rehearsal.founding import found_company, open_sandbox_account
from customers.models import Customer, CustomerKind, PaymentTerms
from customers.services import save_customer
from einvoicing.models import PlatformAccount
from einvoicing.services.sending import issue_checked
from payments.models import Method
from payments.services.allocations import Share
from payments.services.bank import import_statement
from payments.services.payments import record_payment
from payments.statements.sample import Entry, camt053

PASSWORD = "quittance-demo"  # noqa: S105 - printed on every start of the demonstration, which never runs in production
SEED = 2026


@dataclass(frozen=True, slots=True)
class Login:
    who: str
    email: str
    role: str


LOGINS = (
    Login("staff", "claire@verone.example", "gérante de Vérone Mobilier et de l’Atelier Durand"),
    Login("accountant", "hugo@verone.example", "comptable de Vérone Mobilier"),
    Login("sales", "ines@verone.example", "commerciale de Vérone Mobilier"),
    Login("superuser", "admin@quittance.example", "administration Django, /admin/"),
    Login("partner", "partenaire@integration.example", "système partenaire, REST"),
)

VERONE: dict[str, Any] = {
    "name": "Vérone Mobilier",
    "legal_form": "SAS",
    "share_capital": "150 000 €",
    "siren": "732829320",
    "siret": "73282932000074",
    "rcs_city": "Lyon",
    "address_line": "12 quai Saint-Antoine",
    "postcode": "69002",
    "city": "Lyon",
    "email": "facturation@verone.example",
    "phone": "04 72 00 00 00",
    "iban": "FR7630006000011234567890189",
    "bic": "AGRIFRPP",
}
DURAND: dict[str, Any] = {
    "name": "Atelier Durand",
    "legal_form": "EI",
    "siren": "404833048",
    "siret": "40483304800022",
    "address_line": "3 rue du Four",
    "postcode": "35000",
    "city": "Rennes",
    "email": "bonjour@atelier-durand.example",
    "iban": "FR1420041010050500013M02606",
    "vat_regime": VatRegime.FRANCHISE,
    "accent_color": "#7a3e2b",
}

ORGANISATIONS = (
    ("Maison Lumière", "55210055400013", "18 rue de la Paix", "75002", "Paris"),
    ("Hôtel des Trois Fontaines", "81245678800015", "1 place du Capitole", "31000", "Toulouse"),
    (
        "Cabinet Ferrand & Associés – expertise comptable et commissariat aux comptes",
        "38012986646850",
        "4 cours Mirabeau",
        "13100",
        "Aix-en-Provence",
    ),
    ("Librairie du Passage", "33370344500010", "11 rue de Brest", "69002", "Lyon"),
    ("Brasserie Georges-Henri", "30217634200012", "30 cours de Verdun", "69002", "Lyon"),
    ("Coopérative Les Vignes Hautes", "39860733300059", "Route des Crêtes", "21200", "Beaune"),
)
PUBLIC_BODIES = (
    ("Commune de Belleville", "21690019100018", "105 rue de la République", "69220", "Belleville", "SERVICE-ACHATS"),
)
INDIVIDUALS = (("Ada", "Moreau"), ("Jean-Baptiste", "Lefèvre-Dumoulin"), ("Naïma", "Benali"))
GOODS = (
    ("CH-01", "Chaise Bistrot, hêtre", "120"),
    ("TB-04", "Table ronde 110 cm, noyer", "690"),
    ("LU-02", "Suspension laiton", "185.50"),
    ("ET-09", "Étagère murale", "95"),
    ("FA-03", "Fauteuil Lauriston", "1240"),
)
SERVICES = (("PO-01", "Livraison et pose", "75", "HUR"), ("CO-01", "Conseil en aménagement", "110", "HUR"))


def seed(*, at: datetime) -> bool:
    """Seed the demonstration once; False when it is there already."""
    if User.objects.filter(email=LOGINS[0].email).exists():
        return False
    people = {login.who: _person(login) for login in LOGINS}
    roles = {
        people["staff"]: Role.OWNER,
        people["accountant"]: Role.ACCOUNTANT,
        people["sales"]: Role.SALES,
        people["partner"]: Role.ACCOUNTANT,
    }
    verone = found_company(values=VERONE, people=roles)
    durand = found_company(values=DURAND, people={people["staff"]: Role.OWNER})
    actor = Actor.user(people["staff"])
    with outside.alone(), company_scope(verone):
        _half_a_year(verone, actor, at)
    with outside.alone(), company_scope(durand):
        customer = _customer(durand, ORGANISATIONS[3], actor, at)
        lines = [
            LineInput(
                description="Illustration de couverture", quantity=Decimal(1), unit_price=Decimal(650), is_service=True
            )
        ]
        draft = save_draft(invoice=None, customer=customer, values={}, lines=lines, actor=actor, at=at)
        issue_checked(invoice=draft, actor=actor, at=at)
    return True


def follow_the_sandbox() -> None:
    """Another PORT of `make run` moves the simulated platform: the demonstration's accounts follow it."""
    url = settings.SANDBOX_URL
    accounts = PlatformAccount.everywhere.filter(
        client_id__startswith="demo-", base_url__startswith="http://127.0.0.1:"
    )
    # both companies of the demonstration use the one simulator
    with across_companies():
        accounts.exclude(base_url=url).update(base_url=url, token_url=f"{url}/oauth/token")


def _person(login: Login) -> User:
    if login.who == "superuser":
        return User.objects.create_superuser(login.email, PASSWORD, first_name="Administration")
    first, last = {
        "staff": ("Claire", "Vasseur"),
        "accountant": ("Hugo", "Perrin"),
        "sales": ("Inès", "Carpentier"),
    }.get(login.who, ("Système", "partenaire"))
    return User.objects.create_user(
        login.email, PASSWORD, first_name=first, last_name=last, is_partner=login.who == "partner"
    )


def _half_a_year(company: Company, actor: Actor, at: datetime) -> None:
    """Six months of orders and invoices up to yesterday; e-invoicing is switched on for the last fortnight."""
    chance = random.Random(SEED)  # noqa: S311 - a demonstration that is the same everywhere
    start = at - timedelta(days=182)
    customers = _customers(company, actor, start)
    products = _products(company, actor, start)
    switched_on = at - timedelta(days=14)
    account_open = False
    promises: list[tuple[datetime, Invoice]] = []
    for days in sorted(chance.sample(range(182), 54)):
        when = start + timedelta(days=days, hours=chance.randrange(3))
        if when >= switched_on and not account_open:
            open_sandbox_account(company, at=when)
            account_open = True
        invoice = _sale(chance.choice(customers), products, chance, actor, when)
        promises.append((when + timedelta(days=chance.randint(4, 50)), invoice))
    # in the order of their days: the numbers of a series never go back
    for paid, invoice in sorted(promises, key=itemgetter(0)):
        if paid < at and chance.random() > 0.12:
            _pay(invoice, chance, actor, paid)
    _work_in_progress(customers, products, chance, actor, at)
    _bank_of_today(company, actor, at)


def _customer(company: Company, buyer: tuple[str, ...], actor: Actor, at: datetime, **more: Any) -> Customer:
    name, siret, line, postcode, city = buyer[:5]
    slug = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())[:12]
    values = {
        "kind": CustomerKind.ORGANISATION,
        "name": name,
        "siret": siret,
        "email": f"compta@{slug}.example",
        "terms": PaymentTerms.objects.get(name="30 jours"),
        **more,
    }
    address = {"line": line, "postcode": postcode, "city": city}
    return save_customer(customer=None, company_id=company.pk, values=values, address=address, actor=actor, at=at)


def _customers(company: Company, actor: Actor, at: datetime) -> list[Customer]:
    found = [_customer(company, buyer, actor, at) for buyer in ORGANISATIONS]
    found += [
        _customer(
            company,
            body,
            actor,
            at,
            is_public_body=True,
            service_code=body[5],
            requires_service_code=True,
            requires_commitment=True,
        )
        for body in PUBLIC_BODIES
    ]
    for first, last in INDIVIDUALS:
        values = {
            "kind": CustomerKind.INDIVIDUAL,
            "first_name": first,
            "last_name": last,
            "email": f"{last.split('-')[0].lower().replace('è', 'e')}@particulier.example",
            "terms": PaymentTerms.objects.get(name="À réception"),
        }
        address = {"line": "7 allée des Tilleuls", "postcode": "69006", "city": "Lyon"}
        found.append(
            save_customer(customer=None, company_id=company.pk, values=values, address=address, actor=actor, at=at)
        )
    return found


def _products(company: Company, actor: Actor, at: datetime) -> list[Product]:
    found = []
    for reference, name, price in GOODS:
        values = {"reference": reference, "name": name, "unit_price": Decimal(price), "tracks_stock": True}
        product = save_product(product=None, company_id=company.pk, values=values, actor=actor, at=at)
        move_stock(product=product, quantity=Decimal(400), reason=MovementReason.RECEIPT, actor=actor, at=at)
        found.append(product)
    for reference, name, price, unit in SERVICES:
        values = {"reference": reference, "name": name, "unit_price": Decimal(price), "unit": unit, "is_service": True}
        found.append(save_product(product=None, company_id=company.pk, values=values, actor=actor, at=at))
    return found


def _lines(products: list[Product], chance: random.Random) -> list[LineInput]:
    chosen = chance.sample(products, chance.randint(1, 4))
    return [LineInput.of_product(product, Decimal(chance.randint(1, 8))) for product in chosen]


def _sale(customer: Customer, products: list[Product], chance: random.Random, actor: Actor, at: datetime) -> Invoice:
    reference = f"ENG-{at:%Y}-{chance.randint(100, 999)}" if customer.requires_commitment else ""
    lines = _lines(products, chance)
    values = {"purchase_order": reference}
    order = save_order(order=None, customer=customer, values=values, lines=lines, actor=actor, at=at)
    confirm_order(order=order, actor=actor, at=at)
    ship_order(order=order, actor=actor, at=at)
    return issue_checked(invoice=generate_invoice(order=order, actor=actor, at=at), actor=actor, at=at)


def _pay(invoice: Invoice, chance: random.Random, actor: Actor, at: datetime) -> None:
    amount = invoice.balance if chance.random() > 0.1 else (invoice.balance / 2).quantize(Decimal("0.01"))
    record_payment(
        customer=invoice.customer,
        amount=amount,
        method=Method.TRANSFER,
        paid_on=local_day(at),
        shares=[Share(invoice, amount)],
        reference=invoice.payment_reference,
        actor=actor,
        at=at,
    )


def _work_in_progress(
    customers: list[Customer], products: list[Product], chance: random.Random, actor: Actor, at: datetime
) -> None:
    """What a person finds on the desk this morning: orders at each step, a draft."""
    for wanted in (OrderStatus.DRAFT, OrderStatus.PENDING, OrderStatus.SHIPPED):
        order = save_order(
            order=None, customer=customers[0], values={}, lines=_lines(products, chance), actor=actor, at=at
        )
        if wanted != OrderStatus.DRAFT:
            confirm_order(order=order, actor=actor, at=at)
        if wanted == OrderStatus.SHIPPED:
            ship_order(order=order, actor=actor, at=at)
    save_draft(invoice=None, customer=customers[1], values={}, lines=_lines(products, chance), actor=actor, at=at)


def _bank_of_today(company: Company, actor: Actor, at: datetime) -> None:
    """A statement of this morning: one transfer that matches exactly, one without a reference, one expense."""
    open_invoices = list(Invoice.objects.outstanding().select_related("customer").order_by("due_date")[:2])
    entries = [
        Entry(amount=Decimal("-48.00"), counterparty="Banque Rhodanienne", remittance="Frais de tenue de compte")
    ]
    for invoice, remittance in zip(open_invoices, ("REF {rf}", "Reglement facture"), strict=False):
        text = remittance.format(rf=invoice.payment_reference)
        entries.append(Entry(amount=invoice.balance, counterparty=invoice.customer.name[:70], remittance=text))
    day = local_day(at)
    data = camt053(company.iban, Decimal("25340.12"), entries, day, f"REL-{day:%Y%m%d}")
    import_statement(company=company, data=data, filename=f"releve-{day:%Y%m%d}.xml", actor=actor, at=at)
