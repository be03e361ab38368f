"""Moving VAT from 44574 to 44571 as invoices are paid, and back as payments are taken back: the difference of two
cumulative amounts, so that nothing drifts, whatever comes and goes in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.ledger import accounts
from billing.ledger.entries import Entry, Posting, post
from billing.ledger.vat.waiting import Held, Tax, held_by, unpaid_part
from billing.models import Invoice, Journal
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import CompanyRow
from config.kernel.money import HUNDRED, round2


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """So much of an invoice settled on a day by `by`, in its currency; negative where it is taken back."""

    invoice: Invoice
    amount: Decimal
    by: CompanyRow
    piece: str
    on: date

    @property
    def day(self) -> date:
        """No VAT falls due before its invoice waits for it."""
        return max(self.on, self.invoice.issue_date or self.on)


def move_settled_vat(settled: Sequence[Settled], *, actor: Actor, at: datetime) -> None:
    """Book what these make due, in their order, on locked invoices that count them already: D 44574 / C 44571, an
    entry for each `by` and day. One query where no VAT waits; none where invoices are of goods alone.
    """
    held = held_by({each.invoice.pk: each.invoice for each in settled}.values())
    if not held:
        return
    grouped: dict[tuple[str, date], list[tuple[Settled, Posting]]] = {}
    for each, posting in _moves(settled, held):
        grouped.setdefault((each.by.subject, each.day), []).append((each, posting))
    entries = [_entry(pairs) for pairs in grouped.values()]
    post(entries, journal=Journal.MISCELLANEOUS, day=local_day(at), actor=actor, at=at)


def _moves(settled: Sequence[Settled], held: Mapping[int, Mapping[str, Held]]) -> Iterator[tuple[Settled, Posting]]:
    parts = {each.invoice.pk: unpaid_part(each.invoice) for each in settled if each.invoice.pk in held}
    # the invoice counts all of them: what was left before each is found from what comes after it
    left = {key: part[0] + _sum(settled, key) for key, part in parts.items()}
    waiting = {key: {account: each.waiting for account, each in held[key].items()} for key in parts}
    for each in settled:
        key = each.invoice.pk
        if key not in parts:
            continue
        left[key] -= each.amount
        for account, of in held[key].items():
            target = of.standing.of(left[key], parts[key][1])
            moved, waiting[key][account] = waiting[key][account] - target, target
            yield from ((each, posting) for posting in _postings(account, moved, key) if posting.amount)


def _sum(settled: Sequence[Settled], key: int) -> Decimal:
    return sum((each.amount for each in settled if each.invoice.pk == key), Decimal(0))


def _postings(account: str, moved: Tax, invoice_id: int) -> Iterator[Posting]:
    waiting_account = accounts.waiting_account(account)
    yield Posting(waiting_account, moved.vat, base=moved.base, invoice_id=invoice_id)
    yield Posting(account, -moved.vat, base=-moved.base, invoice_id=invoice_id)


def _entry(pairs: Sequence[tuple[Settled, Posting]]) -> Entry:
    first = pairs[0][0]
    numbers = ", ".join(dict.fromkeys(str(each.invoice) for each, _posting in pairs))
    return Entry(
        label=f"TVA exigible sur {first.piece} : {numbers}",
        piece=first.piece,
        piece_date=first.on,
        source=first.by,
        on=first.day,
        postings=[posting for _each, posting in pairs],
    )


def given_back_postings(invoice: Invoice, vat: Mapping[Decimal, Decimal]) -> list[Posting]:
    """D 44574 as far as VAT waits there, then 44571, for VAT by rate that a write-off gives back."""
    held = held_by([invoice]).get(invoice.pk, {}) if vat else {}
    postings = []
    for rate, part in vat.items():
        account = accounts.vat_account(rate)
        whole = Tax(part, round2(part * HUNDRED / rate))
        taken = _as_far_as(whole, held.get(account, Held()).waiting)
        rest = whole - taken
        postings.append(Posting(accounts.waiting_account(account), taken.vat, base=taken.base, invoice_id=invoice.pk))
        postings.append(Posting(account, rest.vat, base=rest.base))
    return [posting for posting in postings if posting.amount]


def _as_far_as(wanted: Tax, waiting: Tax) -> Tax:
    if wanted.vat * waiting.vat <= 0:
        return Tax()
    return wanted if abs(wanted.vat) < abs(waiting.vat) else waiting
