"""Which open invoices a bank line pays: evidence, never a guess.

Only one thing is applied without a person: every invoice named in full (ISO 11649 reference, or whole number) and an
amount that is exactly what they owe together. All the rest is proposed with its evidence and its rivals, or left.
When the debtor does not say what is paid, a proposal goes to the oldest debt first (art. 1342-10 C. civ.).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache

from config.kernel.money import ZERO

AUTO, PROPOSED, NONE = "auto", "proposed", "none"

WORD = re.compile(r"[A-Z0-9]+")
MOST_WORDS = 10  # "RF69 FAC2 0260 0001" or "F A C 2026 00001": how many words one reference may be cut into
SHORTEST_NUMBER, FEWEST_DIGITS = 6, 4  # a shorter number is found by chance in dates and amounts
MOST_RIVALS = 5


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """An invoice seen by the matcher. A balance of zero is a settled one, kept to recognise a double payment."""

    id: Hashable
    number: str
    rf_reference: str
    balance: Decimal
    customer_id: Hashable
    customer_name: str
    due_on: date
    is_touched: bool = False  # already partly paid or credited
    currency: str = "EUR"


@dataclass(frozen=True, kw_only=True)
class Line:
    amount: Decimal
    currency: str = "EUR"
    texts: tuple[str, ...] = ()
    structured_reference: str = ""
    counterparty: str = ""
    iban: str = ""


@dataclass(frozen=True)
class Evidence:
    """`kind`: rf, number, amount, payer, missing, excess, settled, barred, rivals, currency, debit."""

    kind: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    kind: str
    rule: str
    allocations: tuple[tuple[Hashable, Decimal], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    rivals: tuple[Hashable, ...] = ()
    excess: Decimal = ZERO  # what no invoice takes: kept as the customer's credit


@dataclass(frozen=True)
class Index:
    by_reference: Mapping[str, tuple[OpenItem, ...]]
    by_number: Mapping[str, tuple[OpenItem, ...]]
    by_balance: Mapping[tuple[str, Decimal], tuple[OpenItem, ...]]

    @classmethod
    def build(cls, items: Iterable[OpenItem]) -> Index:
        references: dict[str, list[OpenItem]] = defaultdict(list)
        numbers: dict[str, list[OpenItem]] = defaultdict(list)
        balances: dict[tuple[str, Decimal], list[OpenItem]] = defaultdict(list)
        for item in sorted(items, key=lambda item: (item.due_on, item.number)):
            if item.rf_reference:
                references[squeeze(item.rf_reference)].append(item)
            key = squeeze(item.number)
            if len(key) >= SHORTEST_NUMBER and sum(map(str.isdigit, key)) >= FEWEST_DIGITS:
                numbers[key].append(item)
            if item.balance > 0:
                balances[item.currency, item.balance].append(item)
        return cls(
            {key: tuple(found) for key, found in references.items()},
            {key: tuple(found) for key, found in numbers.items()},
            {key: tuple(found) for key, found in balances.items()},
        )


@dataclass
class Named:
    """What the words of the line name."""

    items: dict[Hashable, OpenItem] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    rivals: dict[Hashable, OpenItem] = field(default_factory=dict)

    def add(self, kind: str, candidates: Sequence[OpenItem]) -> None:
        new = [item for item in candidates if item.id not in self.items]
        if len(candidates) > 1:
            self.rivals.update((item.id, item) for item in candidates)
        elif new:
            self.items[new[0].id] = new[0]
            self.evidence.append(Evidence(kind, new[0].rf_reference if kind == "rf" else new[0].number))


def fold(text: str) -> str:
    """Capitals without accents; typographic dashes become plain ones, other signs (n°, €) a space."""
    plain = re.sub(r"[\u2010-\u2015\u2212]", "-", text)
    letters = (sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    return "".join(sign if sign.isascii() else " " for sign in letters).upper()


def squeeze(text: str) -> str:
    """Letters and digits only: FAC-2026-00001, fac 2026 00001 and FAC202600001 are one."""
    return "".join(WORD.findall(fold(text)))


def find_named(line: Line, index: Index) -> Named:
    named = Named()
    for text in (line.structured_reference, *line.texts):
        folded = fold(text)
        words = list(WORD.finditer(folded))
        position = 0
        while position < len(words):
            position = read_reference(folded, words, position, index, named)
    return named


def read_reference(text: str, words: Sequence[re.Match[str]], position: int, index: Index, named: Named) -> int:
    """Adds the longest reference or number that starts at this word; answers the next word to look at."""
    for count in range(min(MOST_WORDS, len(words) - position), 0, -1):
        group = words[position : position + count]
        key = "".join(word.group() for word in group)
        if key in index.by_reference:
            named.add("rf", index.by_reference[key])
            return position + count
        if key in index.by_number and stands_alone(text, group):
            named.add("number", index.by_number[key])
            return position + count
    return position + 1


def stands_alone(text: str, group: Sequence[re.Match[str]]) -> bool:
    """False inside a longer number: FAC-2026-00001-2, or 2026-00001 within FAC-2026-00001."""
    before, after = text[: group[0].start()], text[group[-1].end() :]
    if re.match(r"[-_./][0-9]", after):
        return False
    glued = re.search(r"([A-Z0-9])[-_./]$", before)
    return glued is None or not (glued.group(1).isdigit() or group[0].group()[0].isdigit())


def match(line: Line, index: Index, *, barred: Collection[Hashable] = ()) -> Verdict:
    """The verdict for one line. `barred`: the invoices a person has already taken off this line."""
    if line.amount <= 0:
        return Verdict(kind=NONE, rule="debit", evidence=(Evidence("debit", amount_text(-line.amount)),))
    named = find_named(line, index)
    if named.items or named.rivals:
        return judge_named(line, named, barred)
    return judge_amount(line, index, barred)


def judge_named(line: Line, named: Named, barred: Collection[Hashable]) -> Verdict:
    doubts = [Evidence("barred", item.number) for item in named.items.values() if item.id in barred]
    doubts += [Evidence("settled", item.number) for item in named.items.values() if item.balance <= 0]
    doubts += [Evidence("currency", item.number) for item in named.items.values() if item.currency != line.currency]
    excluded = {evidence.value for evidence in doubts}
    payable = sorted(
        (item for item in named.items.values() if item.number not in excluded),
        key=lambda item: (item.due_on, item.number),
    )
    rivals = tuple(
        item
        for item in named.rivals.values()
        if item.id not in named.items and item.id not in barred and item.balance > 0
    )
    if rivals:
        doubts.append(Evidence("rivals", ", ".join(item.number for item in rivals)))
        payable = payable or [item for item in rivals if item.currency == line.currency][:1]
    evidence = (*named.evidence, *doubts)
    if not payable:
        rule = "already_settled" if any(doubt.kind == "settled" for doubt in doubts) else "unusable_reference"
        return Verdict(kind=NONE, rule=rule, evidence=evidence)
    chosen_ids = {item.id for item in payable}
    others = tuple(item.id for item in rivals if item.id not in chosen_ids)
    owed = sum((item.balance for item in payable), ZERO)
    if owed == line.amount:
        rule = "reference" if all(one.kind == "rf" for one in named.evidence) else "number"
        return Verdict(
            kind=PROPOSED if doubts else AUTO,
            rule=rule,
            allocations=tuple((item.id, item.balance) for item in payable),
            evidence=(*evidence, Evidence("amount", amount_text(line.amount))),
            rivals=others,
        )
    return propose_inexact(line, payable, owed, evidence, others)


def propose_inexact(
    line: Line,
    payable: Sequence[OpenItem],
    owed: Decimal,
    evidence: tuple[Evidence, ...],
    rivals: tuple[Hashable, ...],
) -> Verdict:
    """Named invoices and another amount: what is missing, or in excess, is for a person to accept."""
    exact = [item for item in payable if item.balance == line.amount]
    if exact:
        rest = tuple(item.id for item in payable if item.id != exact[0].id)
        return Verdict(
            kind=PROPOSED,
            rule="one_of_several",
            allocations=((exact[0].id, line.amount),),
            evidence=(*evidence, Evidence("amount", amount_text(line.amount))),
            rivals=(*rest, *rivals),
        )
    allocations, left = fill(line.amount, payable)
    if left > 0:
        more, rule = Evidence("excess", amount_text(left)), "overpayment"
    else:
        more, rule = Evidence("missing", amount_text(owed - line.amount)), "partial"
    return Verdict(
        kind=PROPOSED,
        rule=rule,
        allocations=allocations,
        evidence=(*evidence, more),
        rivals=rivals,
        excess=left,
    )


def fill(amount: Decimal, items: Sequence[OpenItem]) -> tuple[tuple[tuple[Hashable, Decimal], ...], Decimal]:
    """The oldest first, never above a balance; and what is left."""
    allocations = []
    left = amount
    for item in items:
        part = min(left, item.balance)
        if part > 0:
            allocations.append((item.id, part))
            left -= part
    return tuple(allocations), left


def judge_amount(line: Line, index: Index, barred: Collection[Hashable]) -> Verdict:
    """Nothing named: the payer's invoice of that amount, or the only one of that amount, proposed only."""
    equal = [item for item in index.by_balance.get((line.currency, line.amount), ()) if item.id not in barred]
    equal.sort(key=lambda item: item.is_touched)  # stable: whole invoices first, then the oldest
    same_payer = [item for item in equal if is_payer(line.counterparty, item.customer_name)]
    candidates = same_payer or equal
    if not candidates or (len(candidates) > 1 and not same_payer):
        return Verdict(kind=NONE, rule="no_evidence")
    evidence = [Evidence("amount", amount_text(line.amount))]
    if same_payer:
        evidence.append(Evidence("payer", line.counterparty))
    others = candidates[1:]
    if others:
        evidence.append(Evidence("rivals", ", ".join(item.number for item in others[:MOST_RIVALS])))
    return Verdict(
        kind=PROPOSED,
        rule="payer_and_amount" if same_payer else "amount",
        allocations=((candidates[0].id, line.amount),),
        evidence=tuple(evidence),
        rivals=tuple(item.id for item in others[:MOST_RIVALS]),
    )


@lru_cache(maxsize=10_000)
def words_of(name: str) -> frozenset[str]:
    return frozenset(WORD.findall(fold(name)))


def is_payer(counterparty: str, customer_name: str) -> bool:
    """The words of one name are all in the other: DUBOIS SARL pays for Dubois."""
    payer, customer = words_of(counterparty), words_of(customer_name)
    return bool(payer and customer) and (payer <= customer or customer <= payer)


def amount_text(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",")


PHRASES = {
    "rf": "la référence %(value)s est citée",
    "number": "le numéro %(value)s est cité en entier",
    "amount": "le montant de %(value)s est exact",
    "payer": "le payeur est « %(value)s »",
    "missing": "il manque %(value)s",
    "excess": "il y a %(value)s de trop, à garder au crédit du client",
    "settled": "%(value)s est déjà soldée : c’est peut-être un double paiement",
    "barred": "%(value)s a déjà été écartée de cette ligne",
    "rivals": "pourrait aussi payer %(value)s",
    "currency": "%(value)s est dans une autre devise",
    "debit": "un débit de %(value)s ne paie pas une facture",
}
AMOUNTS = frozenset({"amount", "missing", "excess", "debit"})
OPENINGS = {
    AUTO: "Rapproché automatiquement : %(reasons)s.",
    PROPOSED: "Proposé, à confirmer : %(reasons)s.",
    NONE: "Non rapproché : %(reasons)s.",
}
NO_REASON = "ni référence, ni numéro, ni montant unique ne désignent une facture"


def explain(verdict: Verdict, translate: Callable[[str], str] = str, amounts: Callable[[str], str] = str) -> str:
    """Why, in one sentence. Where the reader may not be French, `translate` is gettext, and `amounts` writes
    « 1 234,00 » as he does.
    """
    reasons = [
        translate(PHRASES[one.kind]) % {"value": amounts(one.value) if one.kind in AMOUNTS else one.value}
        for one in verdict.evidence
    ]
    return translate(OPENINGS[verdict.kind]) % {"reasons": " ; ".join(reasons) or translate(NO_REASON)}
