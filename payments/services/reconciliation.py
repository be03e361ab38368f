"""Reconciliation: bank lines become payments, on evidence (payments.matching), with undo that restores everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.isolating import treat_batches
from config.kernel.models import Company
from payments.debits.collecting import collect_lines
from payments.matching import AUTO, NONE, PROPOSED, Verdict
from payments.models import BankLine, LineStatus, Match
from payments.services.allocations import Share
from payments.services.automatic import book_automatically, explain_automatically, is_payment, match_automatically
from payments.services.proposing import barred_pairs, build_index, judge_all
from payments.services.rules import Memory
from payments.services.settling import AnotherCompany, NothingToMatch, OnlyCredits, settle_line
from payments.services.settling_parts import Credit, Kept, Received, Rest

AT_ONCE = 200  # lines that one transaction matches: their invoices are locked so long


class SeveralCustomers(Invalid):
    code = "several_customers"
    message = "Un virement règle les factures d’un seul client."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did."""

    matched: int
    proposed: int
    left: int


def reconcile(*, company: Company, actor: Actor, at: datetime) -> Outcome:
    """Match what the evidence proves; propose or leave the rest. Safe to run twice, or twice at once.

    Lines are matched some at once in one transaction, under an advisory lock of the company: two runs take turns, and
    a crash keeps what was done. The evidence is read once; the balances are looked at again under lock.
    """
    # first, and before the evidence is read: what we asked the bank for needs none
    collected = collect_lines(company=company, actor=actor, at=at)
    index, barred = build_index(company, at=at), barred_pairs(company=company)
    open_lines = BankLine.everywhere.filter(company=company, status=LineStatus.OPEN)
    lines = list(open_lines.order_by("booked_on", "id"))
    run = _Run(*judge_all(lines, index, barred), Memory.of(company), actor, at, Counter({AUTO: collected}))
    treat_batches(run.batches(lines), run.treat, loop="rapprochement d’une ligne", at=at)
    return Outcome(matched=run.counts[AUTO], proposed=run.counts[PROPOSED], left=run.counts[NONE])


@dataclass(slots=True)
class _Run:
    """One run over the open lines: their verdicts, and what came of them so far."""

    verdicts: Mapping[int, Verdict]
    failed: Mapping[int, Exception]
    memory: Memory
    actor: Actor
    at: datetime
    counts: Counter[str] = field(default_factory=Counter)

    def batches(self, lines: Sequence[BankLine]) -> Iterator[list[BankLine]]:
        """The lines to treat at once: first what is automatic in its order, then the rest.

        Documents come before memory: what may be an invoice's is booked nowhere else. An invoice is in a batch once:
        what a line leaves of it is for a later batch to look at.
        """
        batch: list[BankLine] = []
        paid: set[Hashable] = set()
        rest = []
        for line in lines:
            verdict = self.verdicts[line.pk]
            if verdict.kind != AUTO:
                rest.append(line)
                continue
            keys = {key for key, _amount in verdict.allocations}
            is_alone = not is_payment(verdict) or bool(verdict.credits)
            if batch and (is_alone or len(batch) >= AT_ONCE or keys & paid):
                yield batch
                batch, paid = [], set()
            if is_alone:
                yield [line]
            else:
                batch.append(line)
                paid |= keys
        if batch:
            yield batch
        yield from ([line] for line in rest if line.pk in self.failed)
        judged = [line for line in rest if line.pk not in self.failed]
        yield from (judged[place : place + AT_ONCE] for place in range(0, len(judged), AT_ONCE))

    def treat(self, batch: Sequence[BankLine]) -> None:
        """Of lines that are treated in the same way."""
        first = self.verdicts[batch[0].pk]
        if batch[0].pk in self.failed:
            raise self.failed[batch[0].pk]
        if first.kind != AUTO:
            self._book(batch)
            return
        judged = [(line, self.verdicts[line.pk]) for line in batch]
        if is_payment(first):
            settled = match_automatically(judged, actor=self.actor, at=self.at)
        else:
            settled = sum(explain_automatically(*pair, actor=self.actor, at=self.at) for pair in judged)
        self.counts += Counter({AUTO: settled, PROPOSED: len(batch) - settled})

    def _book(self, batch: Sequence[BankLine]) -> None:
        unexplained = [
            line for line in batch if self.verdicts[line.pk].kind == NONE and not self.verdicts[line.pk].rivals
        ]
        known = [line for line in unexplained if self.memory.booking(line) is not None]
        done = book_automatically(known, actor=self.actor, at=self.at) if known else frozenset()
        self.counts += Counter(AUTO if line.pk in done else self.verdicts[line.pk].kind for line in batch)


@transaction.atomic
def accept_match(
    *,
    line: BankLine,
    shares: Sequence[Share],
    actor: Actor,
    at: datetime,
    credits_used: Sequence[Credit] = (),
    write_offs: Sequence[Rest] = (),
    kept: Kept | None = None,
) -> Match:
    """Match a line as a person decides, with older credits and a small difference settled. What the invoices do not
    take stays the customer's credit.

    Raises NothingToMatch, OnlyCredits, AnotherCompany, SeveralCustomers, AnotherCurrency, LineNotOpen,
    OverAllocated, NothingOutstanding, NotEnoughCredit, and what writing off raises.
    """
    if not shares:
        raise NothingToMatch
    if line.amount <= 0:
        raise OnlyCredits
    if any(share.invoice.company_id != line.company_id for share in shares):
        raise AnotherCompany
    if len({share.invoice.customer_id for share in shares}) > 1:
        raise SeveralCustomers
    customer = shares[0].invoice.customer
    parts = [Received(customer, line.amount, shares, credits_used, write_offs=write_offs, kept=kept)]
    return settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=actor, at=at)
