"""What happened: payments of invoices, whole, together, in parts, short, twice; and money that pays no invoice.

An event is the truth. It knows no text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.bench.bank_lines.world import Bill, Buyer, World

CHARGES = (300, 500, 850, 1200, 1500, 1850, 2500)


@dataclass(slots=True)
class Event:
    """`pays`: cents given to each invoice; the line is their sum, less `credit`, less `short`, plus `over`."""

    kind: str
    day: int
    cents: int
    buyer: Buyer | None = None
    pays: dict[int, int] = field(default_factory=dict)
    credit: int = 0  # key of a credit used; 0: none
    style: str = "nothing"  # how it is written: rf, number, free, near, cut, nothing
    names: tuple[int, ...] = ()  # the bills that the text names
    payer: Buyer | None = None  # another than the buyer
    over: int = 0
    of: int = 0  # cents of the payment that it repeats on the same day: either may be the first
    instructed: tuple[int, str] | None = None


@dataclass(slots=True)
class Credit:
    key: int
    buyer: Buyer
    cents: int
    day: int


@dataclass
class Story:
    events: list[Event]
    credits: list[Credit]


def tell(world: World) -> Story:
    """Every invoice is paid some way or other, or never; in the order of the days."""
    random = Random(f"{world.seed} events")
    story = Story([], [])
    for buyer in world.buyers:
        bills = list(world.by_buyer.get(buyer.key, ()))
        while bills:
            count = random.randint(2, 7) if len(bills) > 1 and random.random() < 0.06 else 1
            taken = [bill for bill in bills[:count] if bill.currency == bills[0].currency]
            bills = [bill for bill in bills if bill not in taken]
            _pay(random, story, buyer, taken)
    for _line in range(len(world.bills) // 20):
        story.events.append(_unrelated(random, world))
    random.shuffle(story.events)
    story.events.sort(key=lambda event: event.day)
    return story


def _pay(random: Random, story: Story, buyer: Buyer, bills: list[Bill]) -> None:
    day = max(bill.day for bill in bills) + max(1, round(random.gauss(28, 14)))
    total = sum(bill.cents for bill in bills)
    event = Event("one", day, total, buyer, {bill.key: bill.cents for bill in bills}, style=_style(random, buyer))
    event.names = tuple(event.pays)
    chance = random.random()
    if bills[0].currency != "EUR":
        event.kind, event.instructed = "foreign", (total, "USD")
        event.cents = round(total * 0.92 * random.uniform(0.98, 1.02))
    elif len(bills) > 1:
        event.kind = "together"
        if event.style in {"number", "free", "rf"} and random.random() < 0.3:
            event.style = "cut"
        if chance < 0.12:
            _deduct(random, story, event)
    elif chance < 0.04:
        return  # never paid
    elif chance < 0.40:
        _odd_one(random, story, event, chance, bills[0])
    story.events.append(event)


def _odd_one(random: Random, story: Story, event: Event, chance: float, bill: Bill) -> None:
    if chance < 0.07:
        _in_parts(random, story, event, bill)
    elif chance < 0.10:
        event.kind, short = "short", random.choice((*CHARGES, bill.cents // 50, 1, 2))
        event.cents = bill.cents - min(short, bill.cents // 20)
        event.pays = {bill.key: event.cents}
    elif chance < 0.115:
        event.kind, event.over = "over", random.choice((1, 500, 1000, bill.cents // 10))
        event.cents += event.over
    elif chance < 0.13:
        later = random.randint(0, 20)
        again = Event("twice", event.day + later, event.cents, event.buyer, style=event.style, names=event.names)
        again.of = 0 if later else event.cents
        story.events.append(again)
    elif chance < 0.16:
        name = f"HOLDING {random.randrange(10**6)} PARTICIPATIONS"
        event.kind = "third"
        event.payer = Buyer(-1, name, f"FR76{random.randrange(10**23):023}", "", 999, 0, "camt", "")
    elif chance < 0.19:
        _deduct(random, story, event)
    elif chance < 0.28:
        event.style = "near"
    elif chance < 0.30:
        event.kind, event.style = "service", "nothing"
        event.cents -= max(25, event.cents * 15 // 1000 + 25)
    elif chance < 0.31:
        back = Event(
            "returned", event.day + random.randint(1, 8), -event.cents, event.buyer, names=event.names, style="number"
        )
        story.events.append(back)


def _in_parts(random: Random, story: Story, event: Event, bill: Bill) -> None:
    """Two to four lines for one invoice; one in five does not say so."""
    count = random.randint(2, 4)
    share = bill.cents // count
    style = "nothing" if random.random() < 0.2 else random.choice(("rf", "number", "free"))
    for part in range(1, count):
        story.events.append(
            Event("part", event.day + 20 * part, share, event.buyer, {bill.key: share}, style=style, names=(bill.key,))
        )
    first = bill.cents - share * (count - 1)
    event.kind, event.cents, event.pays, event.style = "part", first, {bill.key: first}, style


def _deduct(random: Random, story: Story, event: Event) -> None:
    cents = max(500, event.cents * random.randint(5, 40) // 100)
    if cents >= event.cents or event.buyer is None:
        return
    credit = Credit(len(story.credits) + 1, event.buyer, cents, event.day - random.randint(2, 20))
    story.credits.append(credit)
    event.kind, event.credit, event.cents = "netted", credit.key, event.cents - cents


def _style(random: Random, buyer: Buyer) -> str:
    return random.choice(("rf", "number", "free", "nothing")) if buyer.habit == "mixed" else buyer.habit


def _unrelated(random: Random, world: World) -> Event:
    """A grant, a refund of VAT, a sale by card: three in ten of the amount of some invoice."""
    bill = random.choice(world.bills)
    cents = bill.cents if random.random() < 0.3 else random.randrange(500, 500_000)
    return Event("unrelated", min(364, bill.day + random.randint(1, 60)), cents)
