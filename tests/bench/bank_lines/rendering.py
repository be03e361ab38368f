"""The two renderings of what happened: what the company's ledger says, and what the bank's lines say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.bench.bank_lines import noise
from tests.bench.bank_lines.events import Credit, Event
from tests.bench.bank_lines.world import Bill, World, day_of

CUT = (18, 24, 35, 70)
STRANGERS = (
    "DGFIP REMBOURSEMENT TVA",
    "CPAM INDEMNITES",
    "REGION SUBVENTION",
    "CB REMISE",
    "ASSURANCES DU MIDI",
    "EDF",
)
SERVICES = ("STRIPE PAYMENTS EUROPE", "SUMUP PAYMENTS", "PAYPAL EUROPE SARL")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An invoice as the company's books tell it."""

    key: int
    number: str
    reference: str
    cents: int
    buyer: int
    buyer_name: str
    issued_on: date
    due_on: date
    currency: str


@dataclass(frozen=True, slots=True)
class BankRow:
    """A movement as the bank tells it."""

    place: int
    cents: int
    on: date
    text: str
    structured: str
    counterparty: str
    iban: str
    end_to_end: str
    instructed: tuple[int, str] | None = None


def ledger_row(bill: Bill) -> LedgerRow:
    day = day_of(bill.day)
    return LedgerRow(
        bill.key, bill.number, reference_of(bill.number), bill.cents, bill.buyer.key, bill.buyer.name, day,
        day + timedelta(days=30), bill.currency,
    )  # fmt: skip


def credit_number(credit: Credit) -> str:
    return f"AVO-2026-{credit.key:05}"


def reference_of(number: str) -> str:
    """ISO 11649, from the number's letters and digits."""
    text = "".join(sign for sign in number if sign.isalnum())
    figures = "".join(str(int(sign, 36)) for sign in text + "RF00")
    return f"RF{98 - int(figures) % 97:02}{text}"


def bank_row(world: World, event: Event, place: int) -> BankRow:
    """What the bank writes of it, in its manner; seeded by the event's place, so that no rendering moves another."""
    random = Random(f"{world.seed} line {place}")
    text, structured = _written(random, world, event)
    payer = event.payer or event.buyer
    if payer is None:
        name, iban, bank = random.choice(STRANGERS), f"FR76{random.randrange(10**23):023}", "camt"
    elif event.kind == "service":
        name, iban, bank = random.choice(SERVICES), "IE64IRCE92050112345678", "camt"
    else:
        name, iban, bank = payer.name, payer.account(event.day), payer.bank
    if bank == "cfonb":
        text, name = f"{random.choice(noise.PREFIXES)}{text}", noise.upper_without_accents(name)[: random.choice(CUT)]
        text, iban = noise.upper_without_accents(text), "" if random.random() < 0.5 else iban
    elif bank == "short":
        name = noise.upper_without_accents(name)[: random.choice(CUT)]
    return BankRow(
        place, event.cents, day_of(event.day), text[:140].strip(), structured, name.strip(), iban,
        random.choice(("NOTPROVIDED", "", f"{random.randrange(10**12):012}")), event.instructed,
    )  # fmt: skip


def _written(random: Random, world: World, event: Event) -> tuple[str, str]:
    """The text, and the structured reference."""
    numbers = [world.bills[key - 1].number for key in event.names]
    if event.kind == "returned":
        return f"REJET VIREMENT {numbers[0]}", ""
    if event.style == "rf" and numbers:
        references = [reference_of(number) for number in numbers]
        return ("", references[0]) if len(numbers) == 1 and random.random() < 0.6 else (" ".join(references), "")
    if event.style == "number":
        return random.choice((", ", " ", " + ", "/ ")).join(numbers), ""
    if event.style == "free":
        written = [random.choice(noise.WHOLE)(random, number) for number in numbers]
        return random.choice(noise.FREE).format(n=" ".join(written)), ""
    if event.style == "near":
        written = noise.spoilt(random, numbers[0])
        return random.choice(("{n}", "Règlement {n}", "VIR {n} merci")).format(n=written), ""
    if event.style == "cut":
        whole = " ".join(numbers)
        return whole[: max(len(numbers[0]), len(whole) - random.randint(3, 30))], ""
    return random.choice(("", "VIREMENT", "REGLEMENT FACTURE", "LOYER MAI", "merci", "CDE 4711", "NOTPROVIDED")), ""
