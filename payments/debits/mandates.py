"""Mandates: prepared to be signed, signed, revoked. One account, one signature: another account is another mandate."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import bic as bics
from config.kernel.identifiers import iban as ibans
from config.kernel.rows import lock
from customers.models import Customer
from payments.models import DebitStatus, DirectDebit, Mandate, Scheme

# what SEPA lets in a mandate reference (EPC217-08): no space, and neither first nor last a slash
REFERENCE = re.compile(r"(?!/)[A-Za-z0-9+?/:().,'-]{1,35}(?<!/)")


class MandateRefused(Invalid):
    code = "mandate_refused"


class MandateNotOpen(DomainError):
    code = "mandate_not_open"
    message = "Le mandat %(reference)s est déjà signé ou révoqué."


class MandateRevoked(DomainError):
    code = "mandate_revoked"
    message = "Le mandat %(reference)s est déjà révoqué."


class HasPendingDebits(DomainError):
    code = "has_pending_debits"
    message = "Des prélèvements de ce mandat sont en cours : annulez-les d’abord."


WRONG_REFERENCE = "Une RUM a 35 caractères au plus : lettres, chiffres et + ? / : ( ) . , ' -, sans espace."
TAKEN = "Un autre mandat porte déjà cette référence."
NO_HOLDER = "Indiquez le titulaire du compte."
PERSON_B2B = "Un particulier ne signe pas de mandat interentreprises : choisissez Core."
SIGNED_LATER = "La date de signature est dans le futur."


@transaction.atomic
def prepare_mandate(
    *,
    customer: Customer,
    debtor_name: str,
    iban: str,
    actor: Actor,
    at: datetime,
    bic: str = "",
    reference: str = "",
    scheme: str = Scheme.CORE,
    is_one_off: bool = False,
    notice_days: int | None = None,
    language: str = "fr",
    signed_on: date | None = None,
) -> Mandate:
    """A mandate to print and sign; with `signed_on` one that is signed already. Raises MandateRefused by field."""
    mandate = Mandate(
        company_id=customer.company_id, customer=customer, scheme=scheme, is_one_off=is_one_off,
        notice_days=notice_days, language=language, debtor_name=debtor_name.strip()[:70], signed_on=signed_on,
        created_at=at,
    )  # fmt: skip
    mandate.reference = reference.strip() or f"MDT{mandate.pk}"
    problems = _fill_account(mandate, iban, bic)
    problems |= _problems(mandate, at)
    if problems:
        raise MandateRefused(fields=problems)
    try:
        with transaction.atomic():
            mandate.save(force_insert=True)
    except IntegrityError as error:
        raise MandateRefused(fields={"reference": TAKEN}) from error
    audit.record("payments.mandate.prepared", subject=mandate, also=[customer], actor=actor, at=at, data=_told(mandate))
    return mandate


def _fill_account(mandate: Mandate, iban: str, bic: str) -> dict[str, str]:
    problems: dict[str, str] = {}
    try:
        mandate.iban = ibans.validate(iban)
    except Invalid as error:
        problems["iban"] = error.sentence
    try:
        mandate.bic = bics.validate(bic) if bic.strip() else ""
    except Invalid as error:
        problems["bic"] = error.sentence
    return problems


def _problems(mandate: Mandate, at: datetime) -> dict[str, str]:
    problems = {}
    if not REFERENCE.fullmatch(mandate.reference):
        problems["reference"] = WRONG_REFERENCE
    if not mandate.debtor_name:
        problems["debtor_name"] = NO_HOLDER
    if mandate.scheme == Scheme.B2B and mandate.customer.is_individual:
        problems["scheme"] = PERSON_B2B
    if mandate.signed_on and mandate.signed_on > local_day(at):
        problems["signed_on"] = SIGNED_LATER
    return problems


def _told(mandate: Mandate) -> dict[str, str]:
    return {"reference": mandate.reference, "customer": mandate.customer.name, "iban": mandate.iban}


@transaction.atomic
def sign_mandate(*, mandate: Mandate, signed_on: date, actor: Actor, at: datetime) -> Mandate:
    """The debtor has signed: from now on it may be used. Raises MandateNotOpen, MandateRefused."""
    row = lock(mandate)
    if row.signed_on or row.revoked_at:
        raise MandateNotOpen(reference=row.reference)
    if signed_on > local_day(at):
        raise MandateRefused(fields={"signed_on": SIGNED_LATER})
    Mandate.everywhere.filter(pk=row.pk).update(signed_on=signed_on)
    audit.record("payments.mandate.signed", subject=row, also=[row.customer], actor=actor, at=at, data=_told(row))
    mandate.refresh_from_db()
    return mandate


@transaction.atomic
def revoke_mandate(*, mandate: Mandate, reason: str, actor: Actor, at: datetime) -> Mandate:
    """Never used again. Raises MandateRevoked, HasPendingDebits."""
    row = lock(mandate)
    if row.revoked_at:
        raise MandateRevoked(reference=row.reference)
    if DirectDebit.everywhere.filter(mandate=row, status__in=DirectDebit.PENDING).exists():
        raise HasPendingDebits
    Mandate.everywhere.filter(pk=row.pk).update(revoked_at=at, revoked_because=reason[:200])
    data = {**_told(row), "reason": reason}
    audit.record("payments.mandate.revoked", subject=row, also=[row.customer], actor=actor, at=at, data=data)
    mandate.refresh_from_db()
    return mandate


def lapse_days(mandates: Collection[Mandate]) -> dict[int, date | None]:
    """The day after which each may no longer be used: 36 months after its last collection, or its signature; None for
    one that nobody signed. One query.
    """
    statuses = [DebitStatus.ORDERED, DebitStatus.COLLECTED, DebitStatus.RETURNED]
    rows = DirectDebit.everywhere.filter(mandate__in={mandate.pk for mandate in mandates}, status__in=statuses)
    used = dict(rows.values_list("mandate").annotate(last=Max("collected_on")))
    return {mandate.pk: _lapses_after(used.get(mandate.pk) or mandate.signed_on) for mandate in mandates}


def _lapses_after(start: date | None) -> date | None:
    if start is None:
        return None
    year, month = divmod(start.year * 12 + start.month - 1 + Mandate.LAPSES_AFTER_MONTHS, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def usable_mandates(customers: Collection[int], on: date) -> dict[int, Mandate]:
    """The mandate by which each of these customers may be debited on this day: the one signed last. Three queries.

    One that was signed for a record that was merged into theirs stays under that record, and serves too.
    """
    theirs = Q(customer__in=customers) | Q(customer__merged_into__in=customers)
    found = Mandate.everywhere.filter(theirs, signed_on__isnull=False, revoked_at=None)
    rows = list(found.select_related("customer").order_by("signed_on", "id"))
    limits = lapse_days(rows)
    # a mandate for one debit that has been used, or is being used
    used = DirectDebit.everywhere.filter(mandate__in=[row.pk for row in rows if row.is_one_off])
    spent = set(used.exclude(status=DebitStatus.CANCELLED).values_list("mandate", flat=True))
    usable: dict[int, Mandate] = {}
    for row in rows:
        limit = limits[row.pk]
        if limit is not None and on <= limit and row.pk not in spent:
            served = {row.customer_id, row.customer.merged_into_id} & set(customers)
            usable |= dict.fromkeys(served, row)
    return usable
