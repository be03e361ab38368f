"""Getting ready for e-invoicing: what is complete, what is missing, and switching the transmission on.

The essential steps are the company's identity and a platform that answers. Customers and drafts can follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from billing.models import Invoice
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.identifiers import electronic_address, siren, siret, vat
from config.kernel.models import Company, VatRegime
from customers.models import Address, AddressKind, Customer, CustomerKind
from customers.territories import DOMESTIC
from einvoicing.models import PlatformAccount
from einvoicing.services.accounts import CHANGEABLE, save_account
from einvoicing.services.documents import preflight
from einvoicing.services.routing import carrier_of
from einvoicing.validation.report import Report

# what a document must carry of its seller, and how each is checked (BG-4, BG-5; art. L441-9 C. com. for the mentions)
IDENTITY: dict[str, Callable[[Company], bool]] = {
    "name": lambda company: bool(company.name.strip()),
    "siren": lambda company: siren.is_valid(company.siren),
    "siret": lambda company: siret.is_valid(company.siret, siren=company.siren),
    "vat_number": lambda company: vat.is_valid(company.vat_number) or _needs_no_vat_number(company),
    "electronic_address": lambda company: electronic_address.is_valid(company.electronic_address, siren=company.siren),
    "address_line": lambda company: bool(company.address_line.strip()),
    "postcode": lambda company: bool(company.postcode.strip()),
    "city": lambda company: bool(company.city.strip()),
    "late_penalty_mention": lambda company: bool(company.late_penalty_mention.strip()),
    "recovery_mention": lambda company: bool(company.recovery_mention.strip()),
    "discount_mention": lambda company: bool(company.discount_mention.strip()),
}


# what of it a Swiss company is not asked for
FRENCH_ALONE = {"siren", "siret", "electronic_address", "recovery_mention"}


class NotReady(DomainError):
    code = "not_ready"
    message = "Complétez d’abord la fiche de la société et reliez une plateforme qui répond."


@dataclass(frozen=True, slots=True)
class Platform:
    """Where most invoices will go. Without an account nothing is set up; `answers`: its last reading went well."""

    account: PlatformAccount | None

    @property
    def answers(self) -> bool:
        account = self.account
        return (
            account is not None and account.polled_at is not None and not account.last_error and not account.is_offline
        )

    @property
    def is_active(self) -> bool:
        return self.answers and self.account is not None and self.account.sends_automatically


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    organisations: int
    waiting: int


def identity_gaps(company: Company) -> list[str]:
    """The fields of the company that are missing or wrong."""
    asked = IDENTITY.keys() - (FRENCH_ALONE if company.is_swiss else set())
    return [name for name, is_good in IDENTITY.items() if name in asked and not is_good(company)]


def _needs_no_vat_number(company: Company) -> bool:
    """Under the exemption for small businesses a number is not needed, but a wrong one is still wrong."""
    return company.vat_regime == VatRegime.FRANCHISE and not company.vat_number


def platform_of(company: Company) -> Platform:
    """The account that takes invoices to companies. One query."""
    return Platform(carrier_of(company.pk, is_public=False))


def is_ready(company: Company, platform: Platform) -> bool:
    """Whether the essential steps are done; never of a Swiss company, whose invoices no platform takes."""
    return platform.answers and not company.is_swiss and not identity_gaps(company)


def waiting_customers() -> QuerySet[Any]:
    """The organisations in scope whose invoices could not reach them, each with what it lacks (see `lacks`).

    A French one wants a SIRET and an electronic address, any one a billing address, a public body its service code.
    """
    return _organisations().filter(
        Q(has_address=False)
        | _is_french() & (Q(siret="") | Q(electronic_address=""))
        | Q(requires_service_code=True, service_code="")
    )


def customer_counts() -> CustomerCounts:
    """How many organisations are billed, and how many are not ready. One query."""
    counted = _organisations().aggregate(
        organisations=Count("pk"), waiting=Count("pk", filter=Q(pk__in=waiting_customers().values("pk")))
    )
    return CustomerCounts(**counted)


def lacks(customer: Any) -> list[str]:
    """The fields that a row of `waiting_customers` lacks; `billing_line` stands for the whole address."""
    found = [] if customer.has_address else ["billing_line"]
    if customer.is_french:
        found += [name for name in ("siret", "electronic_address") if not getattr(customer, name)]
    if customer.requires_service_code and not customer.service_code:
        found.append("service_code")
    return found


def _organisations() -> QuerySet[Any]:
    billing = Address.everywhere.filter(customer=OuterRef("pk"), kind=AddressKind.BILLING)
    rows = Customer.objects.active().customers().filter(kind=CustomerKind.ORGANISATION)
    found: QuerySet[Any] = rows.annotate(
        has_address=Exists(billing), country=Subquery(billing.values("country")[:1])
    ).annotate(is_french=_is_french())
    return found


def _is_french() -> Q:
    """With a SIREN; or nothing that says it is foreign: another country's address or VAT number."""
    has_foreign_vat = ~Q(vat_number="") & ~Q(vat_number__startswith="FR")
    lives_abroad = Q(country__isnull=False) & ~Q(country__in=DOMESTIC)
    return ~Q(siren="") | ~(has_foreign_vat | lives_abroad)


def drafts() -> QuerySet[Any]:
    """The drafts in scope that can be judged."""
    found: QuerySet[Any] = Invoice.objects.filter(number=None).select_related("company", "customer__terms")
    return found


def judge(*, invoice: Invoice, at: datetime) -> Report | DomainError:
    """What the official rules say of the draft, or why there is nothing to judge. Nothing is stored."""
    try:
        return preflight(invoice=invoice, at=at)
    except DomainError as error:
        return error


@transaction.atomic
def activate(*, company: Company, actor: Actor, at: datetime) -> list[PlatformAccount]:
    """From now on invoices leave for their platform when they are issued. Returns the accounts that changed.

    Raises NotReady, Invalid.
    """
    platform = platform_of(company)
    if not is_ready(company, platform):
        raise NotReady
    carriers = {
        account.pk: account
        for account in (platform.account, carrier_of(company.pk, is_public=True))
        if account is not None
    }
    asleep = [account for account in carriers.values() if not account.sends_automatically]
    for account in asleep:
        values = {name: getattr(account, name) for name in CHANGEABLE} | {"sends_automatically": True}
        save_account(company=company, kind=account.kind, values=values, secrets={}, actor=actor, at=at)
    return asleep
