"""What a late professional customer owes by law: interest from the day after the due date, and 40 € an invoice.

C. com. L441-10 II and D441-5. Without a clause the rate is the European Central Bank's main refinancing rate on
1 January (or 1 July) plus 10 points; it is never below three times the legal interest rate, also for a rate agreed
by contract. Interest = open amount, VAT included × rate × days / 365, cut at each half-year and each payment.
Nothing of it applies to individuals. A half-year whose rates are not known is never guessed: nothing is computed.
A creditor of Switzerland asks one rate of everybody, and no indemnity (`law`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from config.kernel.money import HUNDRED, ZERO, round2

INDEMNITY = Decimal("40.00")  # D441-5, no VAT
POINTS_ABOVE_ECB = Decimal(10)
TIMES_LEGAL_RATE = 3
DAYS_A_YEAR = 365
NOT_LATE = "La facture n’a pas été payée en retard."


@dataclass(frozen=True)
class HalfYearRates:
    """In percent: the ECB's rate on the first day, and the legal interest rate between professionals."""

    ecb: Decimal
    legal: Decimal
    source: str = "arrêtés semestriels, taux de refinancement BCE"

    @property
    def default(self) -> Decimal:
        return max(self.ecb + POINTS_ABOVE_ECB, self.floor)

    @property
    def floor(self) -> Decimal:
        return TIMES_LEGAL_RATE * self.legal


HalfYear = tuple[int, int]


@dataclass(frozen=True)
class Period:
    """Days at one rate (percent a year) on one open amount (euros)."""

    first: date
    last: date  # included
    open_amount: Decimal
    rate: Decimal

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, kw_only=True)
class LateCharges:
    """In euros. `interest` is None when the rates of `missing` are unknown; the sentence then names them."""

    interest: Decimal | None
    indemnity: Decimal
    periods: tuple[Period, ...] = ()
    missing: tuple[HalfYear, ...] = ()
    sentence: str = ""  # a msgid

    def __str__(self) -> str:
        """In French."""
        return self.worded(str)

    def worded(self, translate: Callable[[str], str]) -> str:
        """The sentence as its reader reads it."""
        sentence = translate(self.sentence)
        return sentence % {"half_years": self.half_years(translate)} if self.missing else sentence

    def half_years(self, translate: Callable[[str], str]) -> str:
        """Those whose rates are missing."""
        halves = ("premier semestre", "second semestre")
        return ", ".join(f"{translate(halves[half - 1])} {year}" for year, half in self.missing)


def half_year(day: date) -> HalfYear:
    """The year, and 1 or 2."""
    return day.year, 1 if day.month <= 6 else 2


def end_of_half_year(day: date) -> date:
    return date(day.year, 6, 30) if day.month <= 6 else date(day.year, 12, 31)


def late_charges(
    *,
    total: Decimal,
    due_on: date,
    today: date,
    is_individual: bool,
    payments: Sequence[tuple[date, Decimal]] = (),
    contract_rate: Decimal | None = None,
    rates: Mapping[HalfYear, HalfYearRates],
) -> LateCharges:
    """What is owed on `today` for one invoice of `total`, its `payments` being (date, amount), in any order.

    Interest runs from the day after `due_on`; the day of a payment still counts.
    """
    if is_individual:
        return LateCharges(
            interest=ZERO,
            indemnity=ZERO,
            sentence="Un particulier ne doit ni pénalités de retard ni indemnité forfaitaire.",
        )
    spans = open_spans(total, due_on, today, payments)
    if not spans:
        return LateCharges(interest=ZERO, indemnity=ZERO, sentence=NOT_LATE)
    missing = tuple(sorted({half_year(first) for first, _, _ in spans} - set(rates)))
    if missing:
        return not_computed(missing)
    periods = tuple(
        Period(first, last, amount, rate_of(rates[half_year(first)], contract_rate)) for first, last, amount in spans
    )
    return LateCharges(
        interest=_interest(periods),
        indemnity=INDEMNITY,
        periods=periods,
        sentence="Pénalités de retard de plein droit (art. L441-10 du code de commerce) et indemnité "
        "forfaitaire de 40 € (art. D441-5).",
    )


def charges_at_one_rate(
    *, total: Decimal, due_on: date, today: date, payments: Sequence[tuple[date, Decimal]], rate: Decimal
) -> LateCharges:
    """What is owed where the law sets one rate (percent a year) for all, and no indemnity: CO art. 104."""
    spans = open_spans(total, due_on, today, payments)
    periods = tuple(Period(first, last, amount, rate) for first, last, amount in spans)
    sentence = "Intérêt moratoire de 5 % l’an (art. 104 CO)." if periods else NOT_LATE
    return LateCharges(interest=_interest(periods), indemnity=ZERO, periods=periods, sentence=sentence)


def _interest(periods: Sequence[Period]) -> Decimal:
    """Rounded once, on the sum: rounding each period would let the cut at a half-year change the amount."""
    return round2(sum((one.open_amount * one.rate * one.days for one in periods), ZERO) / HUNDRED / DAYS_A_YEAR)


def not_computed(missing: tuple[HalfYear, ...]) -> LateCharges:
    """The charges while the rates of these half-years are not known."""
    return LateCharges(
        interest=None,
        indemnity=INDEMNITY,
        missing=missing,
        sentence="Les pénalités ne sont pas calculées : le taux du %(half_years)s n’est pas enregistré. "
        "L’indemnité forfaitaire de 40 € reste due.",
    )


def rate_of(half: HalfYearRates, contract_rate: Decimal | None) -> Decimal:
    """The contract's rate if any, never below the legal floor."""
    return half.default if contract_rate is None else max(contract_rate, half.floor)


def open_spans(
    total: Decimal, due_on: date, today: date, payments: Sequence[tuple[date, Decimal]]
) -> list[tuple[date, date, Decimal]]:
    """(first day, last day, open amount) for each stretch of days late, cut at payments and half-years."""
    spans = []
    open_amount = total - sum((amount for paid_on, amount in payments if paid_on <= due_on), ZERO)
    first = due_on + timedelta(days=1)
    later = sorted((paid_on, amount) for paid_on, amount in payments if due_on < paid_on <= today)
    for stop, paid in [*later, (today, ZERO)]:
        while open_amount > 0 and first <= stop:
            last = min(stop, end_of_half_year(first))
            # the day of a payment still bears interest on what was open before it
            spans.append((first, last, open_amount))
            first = last + timedelta(days=1)
        open_amount -= paid
    return spans
