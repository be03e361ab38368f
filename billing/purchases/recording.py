"""Recording what a supplier sent: each document once, with accounts proposed and whatever speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from billing.models import PurchaseInvoice
from billing.numbering import next_number
from billing.purchases import doubts as known_doubts
from billing.purchases.content import PurchaseContent, VatContent
from billing.purchases.correcting import adopt_corrections, find_corrected
from billing.purchases.deducting import deduct_known_deposits, open_deposit
from billing.purchases.events import purchase_recorded
from billing.purchases.ibans import see_iban
from billing.purchases.matching import match_lines, order_doubts
from billing.purchases.models import PurchaseLine, PurchaseStatus, PurchaseVat
from billing.purchases.proposing import Proposal, propose
from billing.purchases.sums import in_cents, positive
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import iban as iban_number
from config.kernel.money import round2
from customers.models import Customer
from customers.services import mark_as_supplier

SERIES = "ACH"


class PurchaseExists(DomainError):
    """`purchase` is the one that is there already."""

    code = "purchase_exists"
    message = "La facture %(number)s de %(supplier)s est déjà enregistrée : c’est %(reference)s."

    def __init__(self, purchase: PurchaseInvoice) -> None:
        super().__init__(number=purchase.number, supplier=purchase.supplier.name, reference=purchase.reference)
        self.purchase = purchase
        self.fields = {"number": self.sentence}


class NothingBought(Invalid):
    code = "nothing_bought"
    message = "Une facture a un numéro et au moins une ligne."


def find_purchase(*, supplier: Customer, number: str, year: int) -> PurchaseInvoice | None:
    """The purchase of this supplier and number in a year: the same invoice, however it came. What was refused may come
    again."""
    rows = PurchaseInvoice.everywhere.filter(supplier=supplier, number=number.strip(), issue_date__year=year)
    return rows.exclude(status=PurchaseStatus.REFUSED).select_related("supplier").first()


@transaction.atomic
def record_purchase(
    *,
    company_id: int,
    supplier: Customer,
    content: PurchaseContent,
    received_on: date,
    doubts: Sequence[str] = (),
    is_auto_validated: bool = False,
    actor: Actor,
    at: datetime,
) -> PurchaseInvoice:
    """Record the document TO_CHECK, with its lines proposed and its doubts: those given, and those that are found here.

    Amounts in the document's currency; an invoice below zero becomes a credit note. Where its sums do not hold it is
    recorded all the same, with the doubt `sums`. Raises PurchaseExists, NothingBought.
    """
    content = _tidy(positive(content))
    if not content.number or not content.lines:
        raise NothingBought(fields={"number": NothingBought.message})
    if known := find_purchase(supplier=supplier, number=content.number, year=content.issue_date.year):
        raise PurchaseExists(known)
    found = known_doubts.find_doubts(company_id=company_id, supplier=supplier, content=content, received_on=received_on)
    proposals = propose(supplier=supplier, content=content)
    purchase = _write(company_id, supplier, in_cents(content), received_on, actor, at)
    adopt_corrections(purchase)
    write_lines(purchase, content, proposals)
    match_lines(purchase)
    found += sorted(order_doubts(purchase))
    unknown = deduct_known_deposits(purchase, stated=content.deposited)
    purchase.doubts = known_doubts.in_order(
        [*doubts, *found, *(["deposit_unknown"] if unknown else []), *open_deposit(purchase)]
    )
    purchase.is_auto_validated = is_auto_validated and not purchase.doubts
    purchase.save(update_fields=["doubts", "is_auto_validated"])
    mark_as_supplier(customer=supplier, actor=actor, at=at)
    if purchase.iban and iban_number.is_valid(purchase.iban):
        see_iban(
            supplier=supplier,
            iban=purchase.iban,
            bic=content.bic if len(content.bic) in {8, 11} else "",
            seen_in=purchase.subject,
            actor=actor,
            at=at,
        )
    _announce(purchase, actor, at)
    return purchase


def _tidy(content: PurchaseContent) -> PurchaseContent:
    """Texts as the columns hold them, and one row of VAT for each category and rate."""
    iban = iban_number.compact(content.iban)
    rows: dict[tuple[str, Decimal], tuple[Decimal, Decimal]] = {}
    for row in content.vat_rows:
        base, amount = rows.get((row.category, row.rate), (Decimal(0), Decimal(0)))
        rows[row.category, row.rate] = (base + row.base, amount + row.amount)
    merged = tuple(
        VatContent(category=category, rate=rate, base=base, amount=amount)
        for (category, rate), (base, amount) in rows.items()
    )
    return replace(
        content, number=content.number.strip()[:60], iban=iban[:34], vat_rows=merged, currency=content.currency.upper()
    )


def _write(
    company_id: int,
    supplier: Customer,
    content: PurchaseContent,
    received_on: date,
    actor: Actor,
    at: datetime,
) -> PurchaseInvoice:
    corrects = find_corrected(supplier=supplier, kind=content.kind, number=content.corrects_number)
    purchase = PurchaseInvoice(
        company_id=company_id,
        kind=content.kind,
        supplier=supplier,
        supplier_name=content.supplier_name[:200],
        number=content.number,
        issue_date=content.issue_date,
        due_date=content.due_date or supplier.terms.due_date(content.issue_date),
        received_on=received_on,
        supply_date=content.supply_date,
        currency=content.currency,
        vat_on_debits=content.vat_on_debits,
        total_net=content.total_net,
        total_vat=content.total_vat,
        total_gross=content.total_gross,
        iban=content.iban,
        payment_reference=content.payment_reference[:140],
        order_reference=content.order_reference[:60],
        corrects_number=content.corrects_number[:60],
        corrects=corrects,
        created_at=at,
    )
    try:
        # a savepoint: two may record the same document at once, and only the unique index sees both
        with transaction.atomic():
            purchase.reference = next_number(company_id=company_id, series=SERIES, on=local_day(at))
            purchase.save(force_insert=True)
    except IntegrityError as error:
        if "one_purchase_per_supplier_number_and_year" not in str(error):
            raise
        first = find_purchase(supplier=supplier, number=content.number, year=content.issue_date.year)
        if first is None:
            raise
        raise PurchaseExists(first) from error
    return purchase


def write_lines(purchase: PurchaseInvoice, content: PurchaseContent, proposals: Sequence[Proposal]) -> None:
    """The lines with what is proposed for each, and the breakdown of VAT as written."""
    PurchaseLine.everywhere.bulk_create(
        PurchaseLine(
            company_id=purchase.company_id,
            purchase=purchase,
            position=position,
            description=line.description[:500] or purchase.number,
            quantity=line.quantity,
            unit_price=line.unit_price,
            net=round2(line.net),
            vat_category=line.vat_category,
            vat_rate=proposal.vat_rate,
            regime=proposal.regime,
            account=proposal.account,
            proposed_because=dict(proposal.because),
            deductible_share=proposal.deductible_share,
            starts_on=proposal.starts_on,
            ends_on=proposal.ends_on,
        )
        for position, (line, proposal) in enumerate(zip(content.lines, proposals, strict=True), start=1)
    )
    PurchaseVat.everywhere.bulk_create(
        PurchaseVat(
            company_id=purchase.company_id,
            purchase=purchase,
            category=row.category,
            rate=row.rate,
            base=row.base,
            amount=row.amount,
        )
        for row in content.vat_rows
    )


def _announce(purchase: PurchaseInvoice, actor: Actor, at: datetime) -> None:
    data = {
        "reference": purchase.reference,
        "number": purchase.number,
        "supplier": purchase.supplier.name,
        "total": purchase.total_gross,
        "currency": purchase.currency,
    }
    audit.record("billing.purchase.recorded", subject=purchase, actor=actor, at=at, also=[purchase.supplier], data=data)
    purchase_recorded.send(sender=PurchaseInvoice, purchase=purchase, actor=actor, at=at)
