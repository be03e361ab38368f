"""How well bank lines are matched, and how fast: ours beside three plain rules, on worlds whose truth is known.

Each contender sees the same books and lines, a month at a time, and the same person who books the rest rightly the
same evening; an automatic mistake stands. `automatic` is of all lines; `recall` is right automatic matches of what is
determined (truth.py); the proposals are of what is determined and not automatic. Seeds 1 to 9 are for tuning: the
figures to believe are of others. BENCH_BANK_SEED and BENCH_BANK_SIZES (« 20000,200000,1000000 ») choose.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from random import Random

import pytest

from tests.bench.bank_lines.contenders import CONTENDERS, Ours
from tests.bench.bank_lines.events import Story, tell
from tests.bench.bank_lines.noise import NEAR, spoilt
from tests.bench.bank_lines.rendering import BankRow, bank_row, reference_of
from tests.bench.bank_lines.running import Result, Score, run
from tests.bench.bank_lines.world import World, build

SEED = int(os.environ.get("BENCH_BANK_SEED", "11"))
SIZES = [int(size) for size in os.environ.get("BENCH_BANK_SIZES", "20000,200000").split(",")]
SMALL = 2000


def told(name: str, score: Score) -> str:
    return (
        f"{name:26} {score.lines:8} lines  automatic {share(score.automatic, score.lines)}"
        f"  precision {1 - score.wrong / max(1, score.automatic):.4%} (≥ {score.wilson:.4%})  wrong {score.wrong}"
        f" ({score.wrong_cents / 100:.2f} €)  recall {share(score.found, score.determined)}"
        f"  first {share(score.first, score.proposed)}  among three {share(score.among_three, score.proposed)}"
    )


def share(part: int, whole: int) -> str:
    return f"{part / whole:6.1%}" if whole else "     –"


def tell_result(name: str, result: Result, *, by_kind: bool) -> None:
    total = result.scores["all"]
    print(f"{told(name, total)}  {total.lines / max(result.seconds, 1e-9):7.0f} lines a second of CPU")
    for kind, score in sorted(result.scores.items()) if by_kind else ():
        if kind != "all":
            print(f"    {told(kind, score)}")


@pytest.mark.parametrize("size", SIZES)
def test_bank_lines_are_matched_by_four_contenders(size: int) -> None:
    world = build(SEED, size)
    story = tell(world)
    print(f"\nseed {SEED}, {size} invoices, {len(story.events)} lines")
    results = {}
    for name, contender in CONTENDERS.items():
        results[name] = run(world, contender(), story=story)
        tell_result(name, results[name], by_kind=name == "ours")
    ours = results["ours"].scores["all"]
    assert ours.wrong * 10_000 <= ours.automatic, "one wrong match in ten thousand at most"
    assert all(ours.wrong <= result.scores["all"].wrong for result in results.values())


def small_world() -> tuple[World, Story]:
    world = build(SEED, SMALL)
    return world, tell(world)


def test_the_order_of_the_lines_within_a_day_changes_no_automatic_match() -> None:
    world, story = small_world()
    first = amounts(run(world, Ours(), story=story), story)
    for turn in range(3):
        random = Random(turn)
        assert amounts(run(world, Ours(), random.shuffle, story), story) == first


def amounts(result: Result, story: Story) -> set[tuple[object, ...]]:
    """What was matched, by the day and the amount: of two lines that nothing tells apart, either may pay."""
    return {(story.events[place].day, story.events[place].cents, pays) for place, pays in result.decisions.items()}


def test_the_same_world_again_gives_the_same_decisions() -> None:
    world, story = small_world()
    assert run(world, Ours(), story=story).decisions == run(world, Ours(), story=story).decisions


def test_a_line_seen_again_is_matched_to_nothing_more() -> None:
    """All lines that were matched alone, given once more to the same index: none is matched a second time."""
    world, story = small_world()
    ours = Ours()
    result = run(world, ours, story=story)
    again: Iterable[BankRow] = (bank_row(world, story.events[place], place) for place in result.decisions)
    assert [answer.rule for answer in ours.day(list(again)) if answer.is_auto] == []


def test_no_noise_leaves_a_number_as_it_was() -> None:
    random = Random(SEED)
    for serial in range(1, 2000):
        number = f"FAC-2026-{serial:06}"
        assert number not in spoilt(random, number)
    assert len({noise.__name__ for noise in NEAR}) == len(NEAR)


def test_the_renderings_are_frozen_by_their_seed() -> None:
    world, story = small_world()
    again, other = build(SEED, SMALL), build(SEED + 1, SMALL)
    assert [bill.number for bill in world.bills] == [bill.number for bill in again.bills]
    assert [bill.cents for bill in world.bills] != [bill.cents for bill in other.bills]
    rows = [bank_row(world, event, place) for place, event in enumerate(story.events)]
    assert rows == [bank_row(again, event, place) for place, event in enumerate(tell(again).events)]
    assert reference_of("F-20260042") == "RF69F20260042"
