"""What a purchase books, to the cent: computed from its frozen columns alone, so that it can be computed again.

The supplier's own VAT is kept, shared over the lines of its rate; the tax that we owe ourselves is computed once per
regime and rate. Entries by case: PCG; CGI 269, 271, 283-2, 283-2 nonies; what may not be deducted goes into the charge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.ledger import Posting
from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases import accounts
from billing.purchases.models import PurchaseDeposit, PurchaseLine
from billing.purchases.regimes import SELF_ASSESSED, Regime
from billing.sharing import apportion
from config.kernel.money import HUNDRED, ZERO, cents, from_cents, round2

OWED_BY_US = SELF_ASSESSED | {Regime.IMPORT}
DUE_ACCOUNTS: dict[str, str] = {
    Regime.INTRA_EU_GOODS: accounts.INTRA_EU_VAT,
    Regime.SERVICES_ABROAD: accounts.ABROAD_VAT,
    Regime.CONSTRUCTION: accounts.CONSTRUCTION_VAT,
    Regime.IMPORT: accounts.IMPORT_VAT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedLine:
    """One line as it is booked, without the sign of a credit note.

    `cost` goes to `account`, with the tax that may not be deducted; `deductible` to `vat_account`, and from there,
    where it waits for the payment, to `target`; `due` is what we owe the State ourselves, on `due_account`.
    """

    line: PurchaseLine
    account: str
    cost: Decimal
    rate: Decimal
    deductible: Decimal
    vat_account: str
    target: str
    due: Decimal
    due_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VatPart:
    """So much deductible VAT of a rate on an account: where it waits for the payment, `target` is where it goes."""

    rate: Decimal
    account: str
    target: str
    amount: Decimal


def document_rate(line: PurchaseLine) -> Decimal:
    """The rate of the row of the supplier's breakdown that a line is in: none where the tax is ours to state."""
    return ZERO if line.regime in OWED_BY_US else line.vat_rate


def booked_lines(purchase: PurchaseInvoice) -> list[BookedLine]:
    """Every line of the purchase with its tax, in their order."""
    lines = sorted(purchase.lines.all(), key=lambda line: (line.position, line.pk))
    charged = _share_of_document(purchase, lines)
    owed = _owed_by_us(lines)
    return [_booked(purchase, line, charged[line.pk], owed[line.pk]) for line in lines]


def _share_of_document(purchase: PurchaseInvoice, lines: Sequence[PurchaseLine]) -> dict[int, Decimal]:
    """The tax of each rate, as the supplier wrote it, over the lines of the rate; the whole is always given."""
    amounts: dict[Decimal, Decimal] = {}
    for row in purchase.vat_rows.all():
        amounts[row.rate] = amounts.get(row.rate, ZERO) + row.amount
    found = {line.pk: ZERO for line in lines}
    for rate, amount in amounts.items():
        of_rate = [line for line in lines if document_rate(line) == rate]
        if amount and of_rate:
            found |= _shared(amount, of_rate)
    return found


def _owed_by_us(lines: Sequence[PurchaseLine]) -> dict[int, Decimal]:
    found = {line.pk: ZERO for line in lines}
    groups: dict[tuple[str, Decimal], list[PurchaseLine]] = {}
    for line in lines:
        if line.regime in OWED_BY_US:
            groups.setdefault((line.regime, line.vat_rate), []).append(line)
    for (_regime, rate), of_rate in groups.items():
        tax = round2(sum((line.net for line in of_rate), ZERO) * rate / HUNDRED)
        found |= _shared(tax, of_rate)
    return found


def _shared(amount: Decimal, lines: Sequence[PurchaseLine]) -> dict[int, Decimal]:
    weights = [cents(line.net) for line in lines]
    if not sum(weights):  # a line and its whole discount: nothing to share by, and at most a rounding to place
        return {line.pk: amount if place == 0 else ZERO for place, line in enumerate(lines)}
    shares = apportion(cents(amount), weights)
    return {line.pk: from_cents(share) for line, share in zip(lines, shares, strict=True)}


def _booked(purchase: PurchaseInvoice, line: PurchaseLine, charged: Decimal, owed: Decimal) -> BookedLine:
    tax = owed if line.regime in OWED_BY_US else charged
    share = ZERO if line.regime == Regime.NO_VAT else line.deductible_share
    deductible = round2(tax * share / HUNDRED)
    is_asset = line.regime == Regime.ASSET or line.account.startswith("2")
    target = accounts.ASSET_VAT if is_asset else accounts.DEDUCTIBLE_VAT
    return BookedLine(
        line=line,
        account=_cost_account(purchase, line),
        cost=line.net + tax - deductible,
        rate=line.vat_rate,
        deductible=deductible,
        vat_account=accounts.WAITING_VAT if _waits(purchase, line) else target,
        target=target,
        due=owed,
        due_account=DUE_ACCOUNTS.get(line.regime, ""),
    )


def _waits(purchase: PurchaseInvoice, line: PurchaseLine) -> bool:
    """Whether the supplier owes the tax only once it is paid: services, unless on debits, and every deposit."""
    if line.regime in OWED_BY_US or line.regime == Regime.NO_VAT:
        return False
    if _is_of_deposit(purchase):
        return True
    return line.regime == Regime.SERVICES and not purchase.vat_on_debits


def _is_of_deposit(purchase: PurchaseInvoice) -> bool:
    """A deposit, or the credit note of one."""
    if purchase.kind != InvoiceKind.CREDIT_NOTE:
        return purchase.is_deposit
    return purchase.corrects is not None and purchase.corrects.is_deposit


def _cost_account(purchase: PurchaseInvoice, line: PurchaseLine) -> str:
    if _is_of_deposit(purchase):
        return accounts.SUPPLIER_DEPOSITS
    return accounts.PREPAID if is_spread(line) else line.account


def is_spread(line: PurchaseLine) -> bool:
    """Whether the charge is paid in advance: its period touches more than one month."""
    if line.starts_on is None or line.ends_on is None or not line.account.startswith("6"):
        return False
    return (line.starts_on.year, line.starts_on.month) != (line.ends_on.year, line.ends_on.month)


def supplier_account(purchase: PurchaseInvoice) -> str:
    """404 where most of the purchase is fixed assets, else 401: its payment debits the same one."""
    lines = purchase.lines.all()
    assets = sum((line.net for line in lines if line.regime == Regime.ASSET or line.account.startswith("2")), ZERO)
    return accounts.ASSET_SUPPLIERS if 2 * assets > sum((line.net for line in lines), ZERO) else accounts.SUPPLIERS


def vat_parts(purchase: PurchaseInvoice) -> list[VatPart]:
    """The deductible VAT of the purchase by rate and account, less that of the deposits that it deducts."""
    return _merged([*_own_parts(purchase), *_of_deposits(purchase)])


def _own_parts(purchase: PurchaseInvoice) -> list[VatPart]:
    return [
        VatPart(rate=booked.rate, account=booked.vat_account, target=booked.target, amount=booked.deductible)
        for booked in booked_lines(purchase)
        if booked.deductible
    ]


def _of_deposits(purchase: PurchaseInvoice) -> Iterator[VatPart]:
    """What the deposits deduct already, off the account on which the final one has the tax of that rate."""
    own = {part.rate: part for part in reversed(_own_parts(purchase))}
    for deposit in deposits_of(purchase):
        for part in _own_parts(deposit):
            like = own.get(part.rate)
            account = like.account if like else part.target
            yield replace(part, account=account, target=like.target if like else part.target, amount=-part.amount)


def _merged(parts: Iterable[VatPart]) -> list[VatPart]:
    sums: dict[tuple[Decimal, str, str], Decimal] = {}
    for part in parts:
        key = (part.rate, part.account, part.target)
        sums[key] = sums.get(key, ZERO) + part.amount
    return [
        VatPart(rate=rate, account=account, target=target, amount=amount)
        for (rate, account, target), amount in sums.items()
        if amount
    ]


def deposits_of(purchase: PurchaseInvoice) -> list[PurchaseInvoice]:
    """The deposits that the purchase deducts, in the order of their keys."""
    if not purchase.amount_deposited:
        return []
    rows = PurchaseDeposit.everywhere.filter(purchase=purchase).select_related("deposit")
    return [row.deposit for row in rows.order_by("deposit_id")]


def purchase_postings(purchase: PurchaseInvoice) -> list[Posting]:
    """D charges, assets, 486 or 4091, D deductible VAT / C 401 or 404, C the VAT that we owe; the other way round for a
    credit note. A final invoice takes its deposits back from 4091, and their tax, deducted already, from its own.
    """
    sign, third = Decimal(purchase.sign), purchase.supplier_id
    lines, deposits = booked_lines(purchase), deposits_of(purchase)
    sums: dict[str, Decimal] = {}
    for booked in lines:
        sums[booked.account] = sums.get(booked.account, ZERO) + booked.cost
    for part in vat_parts(purchase):
        sums[part.account] = sums.get(part.account, ZERO) + part.amount
    for booked in [booked for deposit in deposits for booked in booked_lines(deposit)]:
        sums[accounts.SUPPLIER_DEPOSITS] = sums.get(accounts.SUPPLIER_DEPOSITS, ZERO) - booked.cost
    payable = purchase.total_gross - purchase.amount_deposited
    with_third = {accounts.SUPPLIER_DEPOSITS: third}
    postings = [Posting(account, sign * amount, with_third.get(account)) for account, amount in sums.items() if amount]
    postings += _owed_to_the_state(lines, deposits, sign)
    return [*postings, Posting(supplier_account(purchase), -sign * payable, third, purchase.due_date)]


def _owed_to_the_state(
    lines: Sequence[BookedLine], deposits: Sequence[PurchaseInvoice], sign: Decimal
) -> list[Posting]:
    """C the VAT that we owe ourselves, with its base, per account and rate; less what the deposits owe already."""
    owed: dict[tuple[str, Decimal], tuple[Decimal, Decimal]] = {}
    parts = [(1, booked) for booked in lines]
    parts += [(-1, booked) for deposit in deposits for booked in booked_lines(deposit)]
    for factor, booked in parts:
        if booked.due_account:
            tax, base = owed.get((booked.due_account, booked.rate), (ZERO, ZERO))
            owed[booked.due_account, booked.rate] = tax + factor * booked.due, base + factor * booked.line.net
    return [Posting(account, -sign * tax, base=-sign * base) for (account, _rate), (tax, base) in owed.items() if tax]


def settled_vat(purchase: PurchaseInvoice, *, settled: Decimal) -> dict[tuple[Decimal, str], Decimal]:
    """How much of the waiting VAT of each rate, by its target, is deductible once so much is settled.

    In proportion, rounded per rate; all of it when nothing remains, so that the last payment takes the cent. What is
    taken back is the difference of two such amounts: nothing drifts, whatever comes and goes in whatever order.
    """
    payable = purchase.total_gross - purchase.amount_deposited
    waiting = [part for part in vat_parts(purchase) if part.account == accounts.WAITING_VAT]
    if settled >= payable:
        return {(part.rate, part.target): part.amount for part in waiting}
    return {(part.rate, part.target): round2(part.amount * settled / payable) for part in waiting}
