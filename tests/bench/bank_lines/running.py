"""A year of statements through a contender, month by month, with a person who books the rest rightly each day."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Protocol

from tests.bench.bank_lines.events import Credit, Event, Story, tell
from tests.bench.bank_lines.rendering import BankRow, LedgerRow, bank_row, ledger_row
from tests.bench.bank_lines.truth import DETERMINED, class_of
from tests.bench.bank_lines.world import World, build


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one line: `pays` by invoice, in cents; `others`: further proposals, each a set of invoices, best first."""

    is_auto: bool
    pays: dict[int, int]
    credits: frozenset[int] = frozenset()
    others: tuple[frozenset[int], ...] = ()
    rule: str = ""
    is_credit: bool = False  # all of it to the customer's credit
    returned: bool = False


class Contender(Protocol):
    """Sees renderings alone. `day` answers for one day's lines; `learn` is what a person decided of a line."""

    def month(self, rows: Sequence[tuple[LedgerRow, int]], notes: Sequence[tuple[Credit, int]]) -> None: ...
    def day(self, lines: Sequence[BankRow]) -> list[Answer]: ...
    def learn(self, line: BankRow, event: Event) -> None: ...


@dataclass
class Score:
    lines: int = 0
    automatic: int = 0
    wrong: int = 0
    wrong_cents: int = 0
    determined: int = 0
    found: int = 0
    proposed: int = 0
    first: int = 0
    among_three: int = 0

    @property
    def wilson(self) -> float:
        """Lower bound of the precision, at 95 %."""
        if not self.automatic:
            return 0.0
        n, p, z = self.automatic, 1 - self.wrong / self.automatic, 1.96
        return (p + z * z / (2 * n) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)


@dataclass
class Result:
    scores: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    seconds: float = 0.0
    decisions: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    mistakes: list[tuple[BankRow, Event, Answer]] = field(default_factory=list)
    missed: list[tuple[BankRow, Event, Answer]] = field(default_factory=list)


@dataclass
class Books:
    """The truth as it stands: what is really owed, and by whom each account was really used."""

    owed: dict[int, int]
    booked: dict[int, int]  # as the company's ledger stands, right or wrong
    credits: dict[int, int]
    accounts: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def run(
    world: World,
    contender: Contender,
    shuffle: Callable[[list[BankRow]], None] | None = None,
    story: Story | None = None,
) -> Result:
    story = story or tell(world)
    result, months = Result(), defaultdict(lambda: defaultdict(list))
    for place, event in enumerate(story.events):
        months[event.day // 30][event.day].append(bank_row(world, event, place))
    cents = {bill.key: bill.cents for bill in world.bills}
    books = Books(dict(cents), dict(cents), {credit.key: credit.cents for credit in story.credits})
    for month, days in sorted(months.items()):
        rows = [(ledger_row(bill), books.booked[bill.key]) for bill in world.bills if bill.day < (month + 1) * 30]
        notes = [(one, books.credits[one.key]) for one in story.credits if one.day < (month + 1) * 30]
        contender.month(rows, [pair for pair in notes if pair[1] > 0])
        for _day, lines in sorted(days.items()):
            if shuffle:
                shuffle(lines)
            started = time.process_time()
            answers = contender.day(lines)
            result.seconds += time.process_time() - started
            for line, answer in zip(lines, answers, strict=True):
                _judge(result, books, world, story.events[line.place], line, answer)
            for line, answer in zip(lines, answers, strict=True):
                _book(contender, books, story.events[line.place], line, answer)
    return result


def _judge(result: Result, books: Books, world: World, event: Event, line: BankRow, answer: Answer) -> None:
    kind = class_of(world, event, line, books.owed, books.accounts)
    is_right = _is_right(event, answer, line)
    for name in ("all", f"{event.kind} {event.style}" if event.pays else event.kind):
        score = result.scores[name]
        score.lines += 1
        score.determined += kind == DETERMINED
        score.automatic += answer.is_auto
        score.found += answer.is_auto and is_right and kind == DETERMINED
        if answer.is_auto and not is_right:
            score.wrong += 1
            score.wrong_cents += line.cents
        if not answer.is_auto and kind == DETERMINED:
            score.proposed += 1
            score.first += is_right
            score.among_three += is_right or frozenset(event.pays) in answer.others[:2]
    if answer.is_auto:
        result.decisions[line.place] = tuple(sorted(answer.pays.items()))
        if not is_right:
            result.mistakes.append((line, event, answer))
    elif kind == DETERMINED:
        result.missed.append((line, event, answer))


def _is_right(event: Event, answer: Answer, line: BankRow) -> bool:
    if event.kind == "returned":
        return answer.returned
    if event.kind == "twice" and event.of:
        # the same words on the same day: either pays, and the other is the second
        return answer.pays in ({}, dict.fromkeys(event.names, event.of))
    if event.kind == "twice":
        return answer.is_credit and not answer.pays
    if not event.pays:
        return not answer.pays and not answer.is_credit and not answer.returned
    used = frozenset({event.credit} if event.credit else ())
    return answer.pays == event.pays and answer.credits == used


def _book(contender: Contender, books: Books, event: Event, line: BankRow, answer: Answer) -> None:
    """Automatic decisions stand as they are, even wrong; a person books the rest as it truly is."""
    for key, cents in event.pays.items():
        books.owed[key] -= cents
    if event.buyer is not None and line.iban and event.pays:
        books.accounts[line.iban].add(event.buyer.key)
    if answer.is_auto:
        for key, cents in answer.pays.items():
            books.booked[key] -= cents
        for key in answer.credits:
            books.credits[key] = 0
        return
    if event.kind == "short":  # the little rest is written off
        event = Event(event.kind, event.day, event.cents, event.buyer, {key: books.booked[key] for key in event.pays})
    for key, cents in event.pays.items():
        books.booked[key] -= min(cents, books.booked[key])
    if event.credit:
        books.credits[event.credit] = 0
    contender.learn(line, event)


def worlds(seeds: Iterable[int], size: int) -> Iterable[World]:
    return (build(seed, size) for seed in seeds)
