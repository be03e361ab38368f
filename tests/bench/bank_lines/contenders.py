"""Our matcher, and three plain rules to measure it against; all with the same books and the same person beside them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

from payments.matching import AUTO, CREDIT, PAYMENT, Index, Line, OpenItem
from payments.matching.days import match_days
from tests.bench.bank_lines.events import Credit, Event
from tests.bench.bank_lines.rendering import BankRow, LedgerRow, credit_number
from tests.bench.bank_lines.running import Answer
from tests.bench.bank_lines.world import day_of


def euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def cents_of(amount: Decimal) -> int:
    return int(amount * 100)


class Ours:
    """payments.matching. An account is taught by a person, or by a reference under the customer's own name."""

    def __init__(self) -> None:
        self.learned: dict[str, Counter[int]] = defaultdict(Counter)
        self.received: list[OpenItem] = []
        self.names: dict[int, str] = {}

    def month(self, rows: Sequence[tuple[LedgerRow, int]], notes: Sequence[tuple[Credit, int]]) -> None:
        self.names |= {row.buyer: row.buyer_name for row, _owed in rows}
        items = [
            OpenItem(
                id=row.key, number=row.number, rf_reference=row.reference, balance=euros(owed), customer_id=row.buyer,
                customer_name=row.buyer_name, due_on=row.due_on, is_touched=owed != row.cents, currency=row.currency,
                issued_on=row.issued_on,
            )
            for row, owed in rows
        ]  # fmt: skip
        items += [
            OpenItem(
                id=credit.key, number=credit_number(credit), rf_reference="", balance=euros(left), kind=CREDIT,
                customer_id=credit.buyer.key, customer_name=credit.buyer.name, due_on=day_of(credit.day),
            )
            for credit, left in notes
        ]  # fmt: skip
        self.index = Index.build([*items, *self.received], payers=self.learned)

    def day(self, lines: Sequence[BankRow]) -> list[Answer]:
        asked = [_line(row) for row in lines]
        verdicts = match_days(asked, self.index)
        answers = []
        for row, line, verdict in zip(lines, asked, verdicts, strict=True):
            if verdict.kind == AUTO and verdict.rule in {"reference", "number"} and row.iban:
                payer = self.index.payer_of(line)
                if verdict.customer_id in payer.customers:
                    self.learned[row.iban][verdict.customer_id] += 1
                    self.index._payers.pop((row.iban, row.counterparty), None)
            if verdict.kind == AUTO and verdict.customer_id is not None and row.cents > 0:
                self._receive(row, verdict.customer_id)
            answers.append(
                Answer(
                    verdict.kind == AUTO,
                    {int(str(key)): cents_of(amount) for key, amount in verdict.allocations},
                    frozenset(int(str(key)) for key, _amount in verdict.credits),
                    tuple(frozenset({int(str(key))}) for key in verdict.rivals),
                    verdict.rule,
                    bool(verdict.excess) and not verdict.allocations,
                    bool(verdict.returned),
                )
            )
        return answers

    def learn(self, line: BankRow, event: Event) -> None:
        if event.buyer is None or line.cents <= 0:
            return
        if line.iban and event.kind != "service":
            self.learned[line.iban][event.buyer.key] += 1
            self.index._payers.pop((line.iban, line.counterparty), None)
        for key, cents in event.pays.items():
            owed = self.index.items[key].balance
            self.index.settle(key, min(owed, euros(cents)))
        if event.credit:
            held = self.index.credits.get(event.buyer.key, [])
            for credit in [one for one in held if one.id == event.credit]:
                self.index.use_credit(event.buyer.key, credit.id, credit.balance)
        self._receive(line, event.buyer.key)
        self.index.receive(event.buyer.key, "EUR", euros(line.cents), line.on)

    def _receive(self, line: BankRow, buyer: int) -> OpenItem:
        payment = OpenItem(
            id=line.place, number=f"ENC-{line.place}", rf_reference="", balance=euros(line.cents), customer_id=buyer,
            customer_name=self.names.get(buyer, ""), due_on=line.on, kind=PAYMENT,
        )  # fmt: skip
        self.received.append(payment)
        self.index.others.setdefault((PAYMENT, "EUR", payment.balance), []).append(payment)
        return payment


def _line(row: BankRow) -> Line:
    return Line(
        amount=euros(row.cents),
        texts=(row.text,),
        structured_reference=row.structured,
        counterparty=row.counterparty,
        iban=row.iban,
        end_to_end_id=row.end_to_end,
        booked_on=row.on,
        instructed_amount=euros(row.instructed[0]) if row.instructed else None,
        instructed_currency=row.instructed[1] if row.instructed else "",
    )


class Plain:
    """What the plain rules share: the open invoices, kept as they are paid."""

    def __init__(self) -> None:
        self.learned: dict[str, set[int]] = defaultdict(set)

    def month(self, rows: Sequence[tuple[LedgerRow, int]], notes: Sequence[tuple[Credit, int]]) -> None:
        self.rows = {row.key: row for row, _owed in rows if row.currency == "EUR"}
        self.owed = {row.key: owed for row, owed in rows if row.currency == "EUR"}
        self.by_amount: dict[int, set[int]] = defaultdict(set)
        self.by_buyer: dict[int, list[int]] = defaultdict(list)
        self.by_text: dict[str, list[int]] = defaultdict(list)
        for key, row in self.rows.items():
            self.by_amount[self.owed[key]].add(key)
            self.by_buyer[row.buyer].append(key)
            self.by_text[row.number.replace("-", "")].append(key)
            self.by_text[row.reference].append(key)
        self.index_more()

    def index_more(self) -> None:
        """What a rule needs besides."""

    def day(self, lines: Sequence[BankRow]) -> list[Answer]:
        return [self.answer(line) for line in lines]

    def answer(self, line: BankRow) -> Answer:
        pays = self.rule(line) if line.cents > 0 else {}
        for key, cents in pays.items():
            self.pay(key, cents)
        return Answer(bool(pays), pays)

    def rule(self, line: BankRow) -> dict[int, int]:
        raise NotImplementedError

    def pay(self, key: int, cents: int) -> None:
        self.by_amount[self.owed[key]].discard(key)
        self.owed[key] -= min(cents, self.owed[key])
        self.by_amount[self.owed[key]].add(key)

    def learn(self, line: BankRow, event: Event) -> None:
        if event.buyer is not None and line.iban:
            self.learned[line.iban].add(event.buyer.key)
        for key, cents in event.pays.items():
            if key in self.owed:
                self.pay(key, cents)


class ExactReference(Plain):
    """Numbers and references written in full, and exactly what they owe together."""

    def rule(self, line: BankRow) -> dict[int, int]:
        text = re.sub("[^A-Z0-9 ]", "", f"{line.text} {line.structured}".upper())
        found = [key for word in text.split() for key in self.by_text.get(word, ())]
        pays = {key: self.owed[key] for key in found if self.owed[key] > 0}
        return pays if sum(pays.values()) == line.cents else {}


class OdooRule(Plain):
    """After Odoo 17's default rule: a token of four digits or more shared with the number, of the payer where its
    account is known; exact, else the oldest are filled first. (Written again from its description.)
    """

    def index_more(self) -> None:
        self.by_token: dict[str, list[int]] = defaultdict(list)
        for key, row in self.rows.items():
            for token in _tokens(row.number) | _tokens(row.reference):
                self.by_token[token].append(key)

    def rule(self, line: BankRow) -> dict[int, int]:
        hits: Counter[int] = Counter()
        for token in _tokens(f"{line.text} {line.structured}"):
            known = self.by_token.get(token, ())
            if len(known) < 1000:
                hits.update(key for key in known if self.owed[key] > 0)
        buyers = self.learned.get(line.iban)
        found = [key for key in hits if not buyers or self.rows[key].buyer in buyers]
        found.sort(key=lambda key: (-hits[key], self.rows[key].due_on))
        for key in found:
            if self.owed[key] == line.cents:
                return {key: line.cents}
        left, pays = line.cents, {}
        for key in found:
            part = min(left, self.owed[key])
            if part > 0:
                pays[key] = part
                left -= part
        return pays if left == 0 else {}


def _tokens(text: str) -> set[str]:
    return {
        token for token in (re.sub("[^0-9]", "", word) for word in re.split("[^A-Za-z0-9]+", text)) if len(token) >= 4
    }


class AmountOnly(Plain):
    """The only open invoice, issued by then, that owes this amount."""

    def rule(self, line: BankRow) -> dict[int, int]:
        found = [key for key in self.by_amount.get(line.cents, ()) if self.rows[key].issued_on <= line.on]
        return {found[0]: line.cents} if len(found) == 1 else {}


CONTENDERS = {
    "exact reference + amount": ExactReference, "Odoo's rule": OdooRule, "amount only": AmountOnly, "ours": Ours,
}  # fmt: skip
