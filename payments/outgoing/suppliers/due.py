"""What is to be paid to suppliers by a day, discounts worth taking, and what is held and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.invoice_rows import InvoiceKind
from billing.purchases.doubts import REJECTED
from billing.purchases.models import PurchaseInvoice, PurchaseQuerySet, PurchaseStatus, SupplierIban, SupplierRule
from config.kernel.models import Company
from config.kernel.money import ZERO, round2
from payments.models import PayingSettings, PaymentRunLine

MOST_SHOWN = 300  # purchases of one worktable; the rest comes in a following run
DISPUTED, NO_IBAN, IBAN_UNCONFIRMED = "disputed", "no_iban", "iban_unconfirmed"
NOT_APPROVED, CURRENCY, IN_RUN, CREDIT, SETTLED = "not_approved", "currency", "in_run", "credit", "settled"
DIFFERENT_IBAN = "iban_changed"
WHY: dict[str, Any] = {
    REJECTED: _("Rejetée par sa plateforme : demandez une autre facture au fournisseur."),
    DISPUTED: _("Contestée : réglez le litige d’abord."),
    NO_IBAN: _("Aucun IBAN confirmé pour ce fournisseur."),
    IBAN_UNCONFIRMED: _("IBAN non confirmé : appelez le fournisseur à un numéro connu, puis confirmez-le."),
    DIFFERENT_IBAN: _("L’IBAN a changé depuis la préparation : retirez la ligne, ou préparez-la de nouveau."),
    NOT_APPROVED: _("Pas encore approuvée ni comptabilisée."),
    CURRENCY: _("Dans une autre devise : réglez-la par votre banque, puis enregistrez le règlement."),
    IN_RUN: _("Déjà dans le lot %(run)s."),
    CREDIT: _("Les avoirs de ce fournisseur la couvrent : imputez-les d’abord."),
    SETTLED: _("Déjà réglée, ou moins due que le montant choisi."),
}
# what knows of purchases that were rejected after their approval: the keys of those among the given ones
REJECTIONS: list[Callable[[Sequence[PurchaseInvoice]], set[int]]] = []


@dataclass(frozen=True, slots=True)
class Held:
    """Why a purchase is not paid, by one of the codes of WHY; `run`: the number of the run that has it."""

    code: str
    run: str = ""

    @property
    def sentence(self) -> str:
        return str(WHY[self.code]) % {"run": self.run} if self.run else str(WHY[self.code])


@dataclass(frozen=True, slots=True)
class Offer:
    """A discount (TTC) for paying by a day, and what it yields a year, in percent."""

    amount: Decimal
    until: date
    yearly_rate: Decimal
    is_worth: bool


@dataclass(slots=True)
class Candidate:
    """A purchase with what is left of it, where it is paid to, and what stands against it; a credit note is netted."""

    purchase: PurchaseInvoice
    amount: Decimal
    iban: str = ""
    offer: Offer | None = None
    held: Held | None = None

    @property
    def discount(self) -> Decimal:
        """What is taken unless somebody says otherwise."""
        return self.offer.amount if self.offer is not None and self.offer.is_worth else ZERO

    @property
    def paid(self) -> Decimal:
        return self.purchase.sign * self.amount - self.discount


@dataclass(slots=True)
class Worktable:
    """What may be chosen, with the credit notes that are netted, and what is held."""

    due: list[Candidate] = field(default_factory=list)
    held: list[Candidate] = field(default_factory=list)
    is_cut: bool = False


def settings_of(company_id: int) -> PayingSettings:
    """The company's choices; those it starts with where it has made none."""
    found = PayingSettings.everywhere.filter(company=company_id).first()
    return found or PayingSettings(company_id=company_id)


def worktable(*, company: Company, until: date, pay_on: date) -> Worktable:
    """What falls due by `until`, or gives a discount worth taking where it is paid on `pay_on`. Six queries."""
    table = Worktable()
    rows = list(_rows(company, until, pay_on)[: MOST_SHOWN + 1])
    table.is_cut = len(rows) > MOST_SHOWN
    candidates = candidates_of(rows[:MOST_SHOWN], pay_on=pay_on)
    shown = [one for one in candidates if one.held or one.purchase.due_date <= until or one.discount]
    free = [one for one in shown if one.held is None]
    credits_of = _credits(company, {one.purchase.supplier_id for one in free}, pay_on)
    for supplier, group in _by_supplier(free).items():
        notes = credits_of.get(supplier, [])
        if sum((one.paid for one in (*group, *notes)), ZERO) <= 0:
            for one in group:
                one.held = Held(CREDIT)
            continue
        # netted to the account of the first invoice: one transfer, less the credit
        for note in notes:
            note.iban = group[0].iban
        table.due += [*group, *notes]
    table.held = [one for one in shown if one.held is not None]
    return table


def _rows(company: Company, until: date, pay_on: date) -> PurchaseQuerySet:
    """Those due, and later ones whose supplier gives a discount; not yet booked ones too, which are held."""
    discounted = Q(
        supplier__purchase_rule__discount_percent__gt=0,
        issue_date__gte=pay_on - timedelta(days=366),
        status=PurchaseStatus.BOOKED,
    )
    waiting = (PurchaseStatus.TO_CHECK, PurchaseStatus.TO_APPROVE, PurchaseStatus.APPROVED, PurchaseStatus.BOOKED)
    rows = PurchaseInvoice.everywhere.filter(Q(due_date__lte=until) | discounted, company=company, status__in=waiting)
    rows = rows.exclude(kind=InvoiceKind.CREDIT_NOTE).select_related("supplier")
    found: PurchaseQuerySet = rows.order_by("due_date", "id")
    return found


def _by_supplier(candidates: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    groups: dict[int, list[Candidate]] = defaultdict(list)
    for one in candidates:
        groups[one.purchase.supplier_id].append(one)
    return groups


def _credits(company: Company, suppliers: Collection[int], pay_on: date) -> dict[int, list[Candidate]]:
    """The credit notes of these suppliers that may be netted now."""
    rows = PurchaseInvoice.everywhere.filter(
        company=company, kind=InvoiceKind.CREDIT_NOTE, status=PurchaseStatus.BOOKED, supplier__in=suppliers
    )
    notes = candidates_of(list(rows.select_related("supplier").order_by("issue_date", "id")), pay_on=pay_on)
    return _by_supplier([note for note in notes if note.held is None])


def candidates_of(purchases: Sequence[PurchaseInvoice], *, pay_on: date, of_run: int | None = None) -> list[Candidate]:
    """Each with what is left of it, the account it is paid to and what holds it; `of_run`: the run that asks.

    Three queries, and one for each of REJECTIONS.
    """
    if not purchases:
        return []
    company_id, suppliers = purchases[0].company_id, {row.supplier_id for row in purchases}
    known: dict[int, list[SupplierIban]] = defaultdict(list)
    for iban in SupplierIban.everywhere.filter(supplier__in=suppliers, rejected_at=None).order_by("-seen_at", "-id"):
        known[iban.supplier_id].append(iban)
    rules = {rule.supplier_id: rule for rule in SupplierRule.everywhere.filter(supplier__in=suppliers)}
    in_runs = PaymentRunLine.everywhere.filter(purchase__in=purchases, ended_at=None).exclude(run=of_run)
    runs = dict(in_runs.values_list("purchase_id", "run__number"))
    rejected = {key for told in REJECTIONS for key in told(purchases)}
    worth = settings_of(company_id).discount_rate
    found = []
    for row in purchases:
        iban, problem = account_to_pay(row, known[row.supplier_id])
        held = _held(row, runs.get(row.pk, ""), "" if row.is_credit_note else problem, row.pk in rejected)
        offer = offer_of(row, rules.get(row.supplier_id), pay_on, worth)
        found.append(Candidate(row, row.balance, iban, offer, held))
    return found


def account_to_pay(purchase: PurchaseInvoice, known: Sequence[SupplierIban]) -> tuple[str, str]:
    """The IBAN that a purchase is paid to, and what stands against it.

    `known`: the supplier's, not rejected, the latest first. Where the document names none: the last confirmed, unless
    another one was seen since.
    """
    if purchase.iban:
        is_confirmed = any(row.iban == purchase.iban and row.is_confirmed for row in known)
        return purchase.iban, "" if is_confirmed else IBAN_UNCONFIRMED
    if not known:
        return "", NO_IBAN
    return known[0].iban, "" if known[0].is_confirmed else IBAN_UNCONFIRMED


def _held(purchase: PurchaseInvoice, run: str, iban_problem: str, is_rejected: bool) -> Held | None:
    if purchase.status == PurchaseStatus.PAID or purchase.status in {PurchaseStatus.REFUSED, PurchaseStatus.REPLACED}:
        return Held(SETTLED)
    if is_rejected or (purchase.status != PurchaseStatus.BOOKED and REJECTED in purchase.doubts):
        return Held(REJECTED)
    if purchase.status != PurchaseStatus.BOOKED:
        return Held(NOT_APPROVED)
    if purchase.disputed_at is not None:
        return Held(DISPUTED)
    if run:
        return Held(IN_RUN, run)
    if purchase.currency != "EUR":
        return Held(CURRENCY)
    return Held(iban_problem) if iban_problem else None


def offer_of(purchase: PurchaseInvoice, rule: SupplierRule | None, pay_on: date, worth: Decimal) -> Offer | None:
    """The discount of an untouched invoice paid on that day; its yield: d / (100 − d) over the days saved."""
    if rule is None or not rule.discount_percent or purchase.is_credit_note or purchase.balance != purchase.total_gross:
        return None
    until = purchase.issue_date + timedelta(days=rule.discount_days)
    if pay_on > until or purchase.due_date <= pay_on:
        return None
    percent = rule.discount_percent
    days = (purchase.due_date - pay_on).days
    yearly = round2(percent / (100 - percent) * 100 * 365 / days)
    return Offer(round2(purchase.total_gross * percent / 100), until, yearly, yearly >= worth)


OPEN_BALANCE = F("total_gross") - F("amount_paid") - F("amount_credited") - F("amount_deposited")
