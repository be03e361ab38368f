"""The demonstration: two companies, their people, half a year of business told through the services."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.conf import settings

from billing.models import Invoice, MovementReason, OrderStatus, Product
from billing.services.generating import generate_invoice
from billing.services.invoices import save_draft
from billing.services.lines import LineInput
from billing.services.orders import confirm_order, save_order, ship_order
from billing.services.products import move_stock, save_product
from config.kernel import outside
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import Company, User
from config.kernel.roles import Role
from config.kernel.scope import across_companies, company_scope
from config.rehearsal.buying import supplies
from config.rehearsal.cast import (
    DURAND,
    GOODS,
    INDIVIDUALS,
    LOGINS,
    ORGANISATIONS,
    PASSWORD,
    PUBLIC_BODIES,
    SERVICES,
    VERONE,
    Login,
)
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

SEED = 2026


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
        supplies(verone, actor, at)
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
