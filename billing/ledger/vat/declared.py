"""What a VAT return declares, read from the books line by line: each euro with its document, its day and its entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum

from billing import exchange
from billing.ledger import accounts
from billing.models import Invoice, InvoiceKind, JournalLine, VatSubtotal
from billing.natures import CHARGED, Nature, own_parts
from billing.purchases import accounts as buying
from config.kernel.models import Company
from config.kernel.money import HUNDRED, ZERO, round2
from customers.exemptions import FRANCHISE_CODE

DUE, DEDUCTIBLE = accounts.DECLARED_DUE, accounts.DECLARED_DEDUCTIBLE
SETTLEMENT = "billing.vatreturn:"
_RATE_OF = {account: rate for rate, account in (accounts.VAT_ACCOUNTS | accounts.SWISS_VAT_ACCOUNTS).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredLine:
    """Tax on an account on a day, positive where it adds to its side; without account, a sale that bears none.

    `document` tells lines of one document apart from others: those of one net off one another in a period.
    """

    day: date
    number: str
    label: str
    piece: str
    source: str
    document: str
    account: str
    base: Decimal
    vat: Decimal
    rate: Decimal = ZERO
    nature: Nature | None = None
    entry_id: int | None = None

    @property
    def is_due(self) -> bool:
        return self.account.startswith(DUE)


def lines_within(company: Company, start: date, end: date) -> Iterator[DeclaredLine]:
    """The tax of the days between, both included: due and deductible, in the order of the books."""
    rows = _rows(company, start, end, (*DUE, *DEDUCTIBLE)).order_by("day", "entry_id", "position")
    columns = ("day", "entry__number", "label", "entry__piece", "entry__source", "invoice_id", "account", "base")
    for day, number, label, piece, source, invoice, account, base, debit, credit, entry in rows.values_list(
        *columns, "debit", "credit", "entry_id"
    ):
        line = DeclaredLine(
            day=day,
            number=number,
            label=label,
            piece=piece,
            source=source,
            document=f"billing.invoice:{invoice}" if invoice and not _is_of_a_note(source, invoice) else source,
            account=account,
            base=base or ZERO,
            vat=debit - credit,
            entry_id=entry,
        )
        yield _with_its_rate(line, has_base=base is not None)


def _is_of_a_note(source: str, invoice: int) -> bool:
    """A credit note stands by itself: the law wants what it gives back apart."""
    return source.startswith("billing.invoice:") and source != f"billing.invoice:{invoice}"


def _with_its_rate(line: DeclaredLine, *, has_base: bool) -> DeclaredLine:
    sign = -1 if line.is_due else 1
    vat, base = sign * line.vat, sign * line.base
    rate = _RATE_OF.get(line.account)
    if rate is None:
        rate = nearest_rate(vat, base) if has_base else Decimal(20)
    if not has_base and line.is_due:
        base = round2(vat * HUNDRED / rate)
    return replace(line, vat=vat, base=base, rate=rate)


def nearest_rate(vat: Decimal, base: Decimal) -> Decimal:
    """The rate of the law that gives this tax of this base; the standard one of a base of nothing."""
    if not base:
        return Decimal(20)
    found = vat * HUNDRED / base
    return min(accounts.VAT_ACCOUNTS, key=lambda rate: abs(rate - found))


def sales_without_vat(company: Company, start: date, end: date) -> Iterator[DeclaredLine]:
    """What was sold without VAT on these days, by nature: exported, within the Union, exempt; none of the franchise."""
    rows = VatSubtotal.everywhere.filter(company=company, invoice__issue_date__range=(start, end))
    keys = rows.exclude(category__in=CHARGED).exclude(exemption_code=FRANCHISE_CODE).values("invoice_id")
    issued = Invoice.everywhere.issued().filter(company=company)
    documents = issued.filter(pk__in=keys, issue_date__range=(start, end)).order_by("issue_date", "number")
    read = ("lines", "vat_subtotals", "deductions__deposit__lines", "deductions__deposit__vat_subtotals")
    for document in documents.select_related("corrects").prefetch_related(*read):
        sign = -1 if document.is_credit_note else 1
        yield from _without_vat(document, document, sign)
        for row in document.deductions.all():
            yield from _without_vat(row.deposit, document, -sign)
    replaced = issued.filter(kind=InvoiceKind.CORRECTED, issue_date__range=(start, end)).select_related("corrects")
    for document in replaced:
        if document.corrects is not None:
            yield from _without_vat(document.corrects, document, -1, rate_of=document.corrects)


def _without_vat(
    sold_in: Invoice, document: Invoice, sign: int, *, rate_of: Invoice | None = None
) -> Iterator[DeclaredLine]:
    """In the currency of the books, at the rate of `rate_of`, or of the document itself."""
    for nature, sold in exchange.parts_in_books(own_parts(sold_in), rate_of or document).items():
        if nature.vat_category in CHARGED or nature.motive == FRANCHISE_CODE or not sold.net:
            continue
        yield DeclaredLine(
            day=document.issue_date or date.min,
            number="",
            label=document.buyer_name,
            piece=document.number or "",
            source=document.subject,
            document=document.subject,
            account="",
            base=sign * sold.net,
            vat=ZERO,
            nature=nature,
        )


def totals_within(company: Company, start: date, end: date) -> tuple[Decimal, Decimal]:
    """Due and deductible of the days between. Two queries, whatever their number of lines."""
    sums = []
    for prefixes, owed, against in ((DUE, "credit", "debit"), (DEDUCTIBLE, "debit", "credit")):
        rows = _rows(company, start, end, prefixes).order_by()
        sums.append(Decimal(rows.aggregate(sum=Sum(F(owed) - F(against), default=ZERO))["sum"]))
    return sums[0], sums[1]


def _rows(company: Company, start: date, end: date, prefixes: tuple[str, ...]) -> QuerySet[JournalLine]:
    """What a return settles is not of its days any more, nor what a year carries on."""
    asked = Q()
    for prefix in prefixes:
        asked |= Q(account__gte=prefix, account__lt=f"{int(prefix) + 1}")
    rows = JournalLine.everywhere.filter(asked, company=company, day__gte=start, day__lte=end, is_carried=False)
    return rows.exclude(entry__source__startswith=SETTLEMENT).exclude(entry__journal="AN")


SELF_ASSESSED: dict[str, str] = {
    buying.INTRA_EU_VAT: "B2",
    buying.ABROAD_VAT: "A3",
    buying.IMPORT_VAT: "A4",
    buying.CONSTRUCTION_VAT: "A2",
}
