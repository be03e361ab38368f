"""Who buys and what is billed: customers with their accounts and habits, and their invoices over a year."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

START, DAYS = date(2026, 1, 1), 365
KINDS = ("SARL", "SAS", "", "EURL", "SCI", "ASSOCIATION", "ETS")
TRADES = (
    "Ateliers", "Boulangerie", "Cabinet", "Clinique", "Domaine", "Électricité", "Garage", "Hôtel", "Imprimerie",
    "Jardins", "Librairie", "Maçonnerie", "Menuiserie", "Pharmacie", "Plomberie", "Restaurant", "Serrurerie",
    "Transports", "Vignobles", "Conseil",
)  # fmt: skip
PLACES = ("du Port", "de la Gare", "des Alpes", "Saint-Rémy", "du Marché", "d’Aquitaine", "de l’Étoile", "du Nord", "")
SYLLABLES = (
    "ba", "bou", "cha", "da", "du", "fer", "ga", "gre", "lam", "le", "ma", "mo", "nau", "pel", "ri", "ro", "sau", "ti",
    "ver",
)  # fmt: skip
PRICES = (29.0, 49.0, 59.9, 79.0, 99.0, 120.0, 150.0, 240.0, 300.0, 588.0)


@dataclass(slots=True)
class Buyer:
    key: int
    name: str
    iban: str
    new_iban: str  # used from `moves_on`
    moves_on: int
    price: int  # cents a month; 0: no subscription
    bank: str  # how its bank's transfers reach us: camt, cfonb or short
    habit: str  # how it writes what it pays
    group: int | None = None  # pays for itself and for this one

    def account(self, day: int) -> str:
        return self.new_iban if day >= self.moves_on else self.iban


@dataclass(slots=True)
class Bill:
    key: int
    number: str
    buyer: Buyer
    day: int
    cents: int
    currency: str = "EUR"


@dataclass
class World:
    seed: int
    buyers: list[Buyer]
    bills: list[Bill]
    by_buyer: dict[int, list[Bill]] = field(default_factory=dict)


HABITS = ("rf", "number", "number", "number", "free", "free", "nothing", "nothing", "mixed", "mixed")


def build(seed: int, size: int) -> World:
    """`size` invoices, of a tenth as many customers."""
    random = Random(f"{seed} world")
    buyers = [_buyer(random, key) for key in range(max(20, size // 10))]
    for buyer in random.sample(buyers, len(buyers) // 50):
        buyer.name = random.choice(buyers).name  # two that bear one name
    for buyer in random.sample(buyers, len(buyers) // 40):
        other = random.choice(buyers)
        if other is not buyer:
            other.iban = other.new_iban = buyer.account(0)  # a group pays for two companies from one account
    raw = []
    for _bill in range(size):
        buyer = random.choice(buyers)
        raw.append((random.randrange(DAYS - 60), buyer))
    raw.sort(key=lambda pair: (pair[0], pair[1].key))
    world = World(seed, buyers, [])
    for serial, (day, buyer) in enumerate(raw, start=1):
        cents = buyer.price if buyer.price and random.random() < 0.9 else _amount(random)
        bill = Bill(serial, f"FAC-2026-{serial:06}", buyer, day, cents, "USD" if random.random() < 0.01 else "EUR")
        world.bills.append(bill)
        world.by_buyer.setdefault(buyer.key, []).append(bill)
    return world


def _buyer(random: Random, key: int) -> Buyer:
    if random.random() < 0.3:
        name = f"{random.choice(('M.', 'Mme', ''))} {_word(random)} {_word(random)}"
    else:
        name = f"{random.choice(KINDS)} {random.choice(TRADES)} {_word(random)} {random.choice(PLACES)}"
    moves = random.randrange(DAYS) if random.random() < 0.05 else DAYS + 1
    return Buyer(
        key,
        " ".join(name.split()),
        _iban(random),
        _iban(random),
        moves,
        round(random.choice(PRICES) * 100) if random.random() < 0.35 else 0,
        random.choice(("camt", "camt", "cfonb", "short")),
        random.choice(HABITS),
    )


def _word(random: Random) -> str:
    return "".join(random.choice(SYLLABLES) for _part in range(random.randint(2, 3))).capitalize()


def _iban(random: Random) -> str:
    return f"FR76{random.randrange(10**23):023}"


def _amount(random: Random) -> int:
    """Cents: half of the invoices between 150 and 1 500 €, some of whole tens."""
    cents = max(1200, round(random.lognormvariate(6.2, 1.2) * 100))
    return cents - cents % 1000 if random.random() < 0.15 and cents > 2000 else cents


def day_of(day: int) -> date:
    return START + timedelta(days=day)
