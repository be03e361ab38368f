"""Whether a reminder may leave, and which: a pure policy, applied when it is drafted and again when it is sent.

Levels by default: friendly 7 days after the due date, firm at 15, final at 30. They follow each other, one at a
time; the final one (mise en demeure) is drafted for a person to send. What a late customer owes is computed in
`payments.dunning.late_interest`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

FRIENDLY, FIRM, FINAL = "FRIENDLY", "FIRM", "FINAL"


@dataclass(frozen=True)
class Level:
    """Leaves `days_late` days after the due date."""

    code: str
    days_late: int
    needs_person: bool = False
    shows_charges: bool = False  # penalties and the 40 € indemnity, for organisations only


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One company's choices."""

    levels: tuple[Level, ...] = (
        Level(FRIENDLY, 7),
        Level(FIRM, 15, shows_charges=True),
        Level(FINAL, 30, needs_person=True, shows_charges=True),
    )
    days_between: int = 7
    bank_data_hours: int = 24
    requires_bank_data: bool = True  # False for a company that records its payments by hand

    def __post_init__(self) -> None:
        delays = [level.days_late for level in self.levels]
        if not delays or delays != sorted(set(delays)) or delays[0] < 1:
            raise ValueError("the levels of a dunning policy come in order, each later than the one before")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is true of one invoice at the moment of the decision."""

    due_on: date
    balance: Decimal
    today: date
    is_draft: bool = False
    is_disputed: bool = False
    is_credited: bool = False
    is_individual: bool = False
    last_level: str = ""  # the code of the last reminder sent, "" for none
    last_sent_on: date | None = None  # to this customer, whatever the invoice
    unmatched_credit_could_cover: bool = False
    bank_data_age_hours: Decimal | float | None = None  # None: no bank data at all
    paused_until: date | None = None  # a pause, last day included
    promised_on: date | None = None  # a promise to pay whose day may still come, that day included
    is_never_reminded: bool = False  # the customer's own setting
    is_being_debited: bool = False  # a direct debit is on its way
    is_working_day: bool = True


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`level` is None when nothing may leave; `reason` is for machines, `sentence` a French msgid."""

    level: str | None
    reason: str
    sentence: str
    params: Mapping[str, str | int | date] = field(default_factory=dict)
    needs_person: bool = False
    with_charges: bool = False

    def __str__(self) -> str:
        """In French, as it is written down."""
        return self.worded(str, french_date)

    def worded(self, translate: Callable[[str], str], day: Callable[[date], str]) -> str:
        """As its reader reads it: `translate` is gettext, and `day` writes a date."""
        values = {name: day(value) if isinstance(value, date) else value for name, value in self.params.items()}
        return translate(self.sentence) % values if values else translate(self.sentence)


DEFAULT_POLICY = Policy()

SENTENCES = {
    "not_issued": "Aucune relance : la facture n’est pas émise.",
    "settled": "Aucune relance : la facture ne doit plus rien.",
    "credited": "Aucune relance : la facture a été annulée par un avoir.",
    "not_due": "Aucune relance : la facture n’est pas échue.",
    "disputed": "Aucune relance : la facture est contestée. Réglez le litige d’abord.",
    "paused": "Aucune relance : les relances sont suspendues jusqu’au %(until)s.",
    "promised": "Aucune relance : le client a promis de régler le %(until)s.",
    "never": "Aucune relance : ce client n’est jamais relancé. Changez ses réglages s’il doit l’être.",
    "debit_pending": "Aucune relance : un prélèvement de cette facture est en cours.",
    "credit_waiting": "Aucune relance : un encaissement non rapproché pourrait payer cette facture. "
    "Rapprochez-le d’abord.",
    "no_bank_data": "Aucune relance : aucun relevé bancaire n’est importé. Importez-en un, ou indiquez que les "
    "paiements sont saisis à la main.",
    "stale_bank_data": "Aucune relance : le dernier relevé bancaire a plus de %(hours)s heures. "
    "Importez le plus récent.",
    "not_a_working_day": "Aucune relance aujourd’hui : ce n’est pas un jour ouvré.",
    "too_soon": "Aucune relance : ce client a été relancé le %(sent_on)s, attendez le %(next_on)s.",
    "not_late_enough": "Aucune relance : la prochaine partira le %(next_on)s.",
    "all_sent": "Aucune relance : toutes ont été envoyées. "
    "Décidez de la suite (injonction de payer, passage en perte).",
    FRIENDLY: "Relance amicale : %(days)s jours de retard.",
    FIRM: "Relance ferme : %(days)s jours de retard.",
    FINAL: "Dernière relance avant mise en demeure, à relire et envoyer : %(days)s jours de retard.",
}
OTHER_LEVEL = "Relance : %(days)s jours de retard."


# what a person may set aside, with a reason; the others are facts that no wish changes
WAIVABLE = frozenset(
    {
        "paused",
        "promised",
        "credit_waiting",
        "no_bank_data",
        "stale_bank_data",
        "not_late_enough",
        "too_soon",
        "not_a_working_day",
    }
)


def decide(facts: Facts, policy: Policy = DEFAULT_POLICY, *, waived: Collection[str] = ()) -> Decision:
    """The level to send now, or the first reason not to that nobody has set aside."""
    for refusal in refusals(facts, policy):
        if refusal.reason not in WAIVABLE or refusal.reason not in waived:
            return refusal
    upcoming = next_level(facts.last_level, policy)
    if upcoming is None:
        return refuse("all_sent")
    return Decision(
        level=upcoming.code,
        reason="due",
        sentence=SENTENCES.get(upcoming.code, OTHER_LEVEL),
        params={"days": (facts.today - facts.due_on).days},
        needs_person=upcoming.needs_person,
        with_charges=upcoming.shows_charges and not facts.is_individual,
    )


def refusals(facts: Facts, policy: Policy = DEFAULT_POLICY) -> Iterator[Decision]:
    """Every reason not to remind now, those of the invoice first."""
    yield from refusals_for_invoice(facts)
    if facts.is_never_reminded:
        yield refuse("never")
    if bank := refuse_for_bank(facts, policy):
        yield bank
    upcoming = next_level(facts.last_level, policy)
    if upcoming is None:
        yield refuse("all_sent")
        return
    due_for_it = facts.due_on + timedelta(days=upcoming.days_late)
    if facts.today < due_for_it:
        yield refuse("not_late_enough", next_on=due_for_it)
    if facts.last_sent_on is not None:
        again_on = facts.last_sent_on + timedelta(days=policy.days_between)
        if facts.today < again_on:
            yield refuse("too_soon", sent_on=facts.last_sent_on, next_on=again_on)
    if not facts.is_working_day:
        yield refuse("not_a_working_day")


def refusals_for_invoice(facts: Facts) -> Iterator[Decision]:
    """The reasons of the invoice itself not to remind of it."""
    if facts.is_draft:
        yield refuse("not_issued")
    if facts.is_credited:
        yield refuse("credited")
    if facts.balance <= 0:
        yield refuse("settled")
    if facts.today <= facts.due_on:
        yield refuse("not_due")
    if facts.is_disputed:
        yield refuse("disputed")
    if facts.is_being_debited:
        yield refuse("debit_pending")
    if facts.paused_until is not None and facts.today <= facts.paused_until:
        yield refuse("paused", until=facts.paused_until)
    if facts.promised_on is not None and facts.today <= facts.promised_on:
        yield refuse("promised", until=facts.promised_on)


def refuse_for_bank(facts: Facts, policy: Policy) -> Decision | None:
    """The reason of the bank data not to remind today; None when there is none. Bank data age in hours."""
    if facts.unmatched_credit_could_cover:
        return refuse("credit_waiting")
    if not policy.requires_bank_data:
        return None
    if facts.bank_data_age_hours is None:
        return refuse("no_bank_data")
    if facts.bank_data_age_hours > policy.bank_data_hours:
        return refuse("stale_bank_data", hours=policy.bank_data_hours)
    return None


def next_level(last_level: str, policy: Policy) -> Level | None:
    """The level after `last_level`; the first when none was sent. A level removed since counts as none."""
    codes = [level.code for level in policy.levels]
    position = codes.index(last_level) + 1 if last_level in codes else 0
    return policy.levels[position] if position < len(policy.levels) else None


def refuse(reason: str, **params: str | int | date) -> Decision:
    """Nothing leaves; `reason` is a key of SENTENCES."""
    return Decision(level=None, reason=reason, sentence=SENTENCES[reason], params=params)


def french_date(day: date) -> str:
    """As 31/12/2026."""
    return f"{day:%d/%m/%Y}"
