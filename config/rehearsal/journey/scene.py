"""The company of the story, its platform, its product, and customers with sound identifiers."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone
from stdnum import luhn

from billing.models import MovementReason, Product
from billing.services.lines import LineInput
from billing.services.products import move_stock, save_product
from config.kernel.models import Company, User
from config.kernel.roles import Role
from config.rehearsal.cast import LOGINS
from config.rehearsal.founding import found_company, open_sandbox_account
from config.rehearsal.journey.steps import ACTOR, Journey
from customers.models import Customer, PaymentTerms
from customers.services import save_customer
from einvoicing.models import PlatformAccount

TWENTY = Decimal("20")


def a_siren() -> str:
    digits = f"9{secrets.randbelow(10**7):07}"
    return digits + luhn.calc_check_digit(digits)


def a_siret(siren: str) -> str:
    digits = f"{siren}0001"
    return digits + luhn.calc_check_digit(digits)


def found(journey: Journey, platform_url: str) -> Company:
    siren = a_siren()
    now = timezone.now()
    staff = User.objects.filter(email=LOGINS[0].email).first()
    company = found_company(
        values={
            "name": f"Parcours {now:%d/%m %H:%M}",
            "legal_form": "SARL",
            "share_capital": "10 000 €",
            "siren": siren,
            "siret": a_siret(siren),
            "rcs_city": "Paris",
            "address_line": "10 rue de la Bourse",
            "postcode": "75002",
            "city": "Paris",
            "email": "facturation@parcours.example",
            "iban": "FR7630006000011234567890189",
            "bic": "AGRIFRPP",
        },
        people={staff: Role.OWNER} if staff else {},
    )
    open_sandbox_account(company, base_url=platform_url, at=now)
    journey.step("company", id=company.pk, name=company.name, siren=siren, platform=platform_url)
    return company


def leave_account_as_configured(company: Company) -> None:
    """The simulator may have been started for this run only: point the account at the usual address again."""
    url = settings.SANDBOX_URL
    PlatformAccount.objects.filter(company=company).update(base_url=url, token_url=f"{url}/oauth/token")


def a_customer(company: Company, at: datetime, **values: Any) -> Customer:
    return save_customer(
        customer=None,
        company_id=company.pk,
        values={"terms": PaymentTerms.objects.get(name="30 jours"), **values},
        address={"line": "5 avenue de la Gare", "postcode": "69003", "city": "Lyon"},
        actor=ACTOR,
        at=at,
    )


def a_product(journey: Journey, company: Company) -> Product:
    now = timezone.now()
    values = {"reference": "CHAISE", "name": "Chaise Bistrot", "unit_price": Decimal("100.00"), "tracks_stock": True}
    product = save_product(product=None, company_id=company.pk, values=values, actor=ACTOR, at=now)
    move_stock(product=product, quantity=Decimal(50), reason=MovementReason.RECEIPT, actor=ACTOR, at=now)
    journey.step("product", id=product.pk, reference=product.reference, on_hand=str(product.on_hand))
    return product


def a_line(description: str, price: str, *, service: bool = False) -> LineInput:
    return LineInput(
        description=description, quantity=Decimal(1), unit_price=Decimal(price), vat_rate=TWENTY, is_service=service
    )


# -- the customer who does not pay ---------------------------------------------------------------------------------
