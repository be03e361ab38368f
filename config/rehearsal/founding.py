"""A company ready to work: its identity, its people, its bank account, its terms, its platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from config.kernel.identifiers import vat
from config.kernel.models import Company, Membership, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.kernel.services import SWISS_MENTIONS
from config.sandbox.accounts import CLIENT_SECRET
from customers.services import ensure_terms
from einvoicing.models import PlatformAccount
from payments.models import BankAccount


@transaction.atomic
def found_company(*, values: Mapping[str, Any], people: Mapping[User, Role]) -> Company:
    """Create a company with the usual payment terms, its bank account and its members."""
    company = Company.objects.create(**{**_usual(values), **values})
    with company_scope(company):
        ensure_terms(company.pk)
        bank = {"iban": company.iban, "bic": company.bic, "currency": company.currency}
        BankAccount.objects.create(company=company, name="Compte courant", **bank)
    for user, role in people.items():
        Membership.objects.create(user=user, company=company, role=role)
    return company


def _usual(values: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from its number: a SIREN, or an IDE in Switzerland."""
    if "uid" in values:
        return {"vat_number": f"{values['uid']}TVA", "country": "CH", **SWISS_MENTIONS}
    siren = values["siren"]
    return {"vat_number": vat.from_siren(siren), "electronic_address": siren, "country": "FR"}


def open_sandbox_account(company: Company, *, base_url: str = "", at: datetime) -> PlatformAccount:
    """Connect the company to the simulated platform, over the same protocol as a real one."""
    base_url = base_url or settings.SANDBOX_URL
    with company_scope(company):
        account = PlatformAccount(
            company=company,
            kind="afnor",
            name="Plateforme de démonstration",
            base_url=base_url,
            token_url=f"{base_url}/oauth/token",
            client_id=f"demo-{company.siren}",
        )
        account.set_client_secret(CLIENT_SECRET)
        account.save(force_insert=True)
    return account
