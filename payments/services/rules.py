"""Rules: bank lines that pay no invoice and are always booked in the same way. Documents come first, then memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max

from billing import ledger
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.identifiers import iban
from config.kernel.models import Company
from config.kernel.rows import edit, lock
from payments.matching import is_payer
from payments.matching.folding import WORD, fold
from payments.models import BankAccount, BankLine, BankRule, Direction, Match
from payments.services.settling import UnusableAccount, check_account
from payments.services.settling_parts import Booked, Vat

RULE = "bank_rule"
OWN_TRANSFER = "own_transfer"


class NoAmountFits(Invalid):
    code = "no_amount_fits"
    message = "Le montant maximal est inférieur au minimal : aucune ligne ne conviendrait."


class NamesNothing(Invalid):
    code = "rule_names_nothing"
    message = "Indiquez au moins un mot du libellé, une contrepartie ou un IBAN : une règle sans cela prendrait tout."


def rules_of(company: Company) -> list[BankRule]:
    """Those in use, the first that fits counting."""
    rows = BankRule.everywhere.filter(company=company, archived_at=None)
    return list(rows.order_by("position", "id"))


def first_fitting(line: BankLine, rules: Iterable[BankRule]) -> BankRule | None:
    return next((rule for rule in rules if fits(rule, line)), None)


def fits(rule: BankRule, line: BankLine) -> bool:
    """All that the rule says is so of the line."""
    if rule.bank_account_id is not None and rule.bank_account_id != line.account_id:
        return False
    if rule.direction != Direction.ANY and (rule.direction == Direction.IN) != (line.amount > 0):
        return False
    amount = abs(line.amount)
    if (rule.amount_min is not None and amount < rule.amount_min) or (
        rule.amount_max is not None and amount > rule.amount_max
    ):
        return False
    if rule.counterparty_iban and rule.counterparty_iban != _squeezed(line.counterparty_iban):
        return False
    if rule.counterparty and not is_payer(line.counterparty, rule.counterparty):
        return False
    return _words(rule.text) <= _words(f"{line.remittance} {line.structured_reference} {line.counterparty}")


def _words(text: str) -> set[str]:
    return set(WORD.findall(fold(text)))


def _squeezed(number: str) -> str:
    return "".join(number.split()).upper()


def booking_by(rule: BankRule, line: BankLine) -> Booked:
    vat = Vat(rule.vat_rate, rule.vat_account) if rule.vat_rate is not None else None
    return Booked(rule.ledger_account, line.amount, rule.label or rule.name, vat)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is booked without a person: transfers between own accounts, and the rules that one has made automatic."""

    rules: Sequence[BankRule]
    own: Mapping[str, int]
    undone: Collection[int]

    @classmethod
    def of(cls, company: Company) -> Memory:
        """Three queries."""
        rules = [rule for rule in rules_of(company) if rule.is_automatic]
        return cls(rules, own_accounts(company), undone_by_hand(company))

    def booking(self, line: BankLine) -> tuple[str, list[dict[str, str]], Booked] | None:
        """The rule's word, its evidence and the booking; None where a person decides."""
        if line.pk in self.undone:
            return None
        if is_own_transfer(line, self.own):
            return OWN_TRANSFER, [{"kind": "own", "value": line.counterparty_iban}], transfer_of(line)
        rule = first_fitting(line, self.rules)
        return None if rule is None else (RULE, [{"kind": "rule", "value": rule.name}], booking_by(rule, line))


def transfer_of(line: BankLine) -> Booked:
    return Booked(ledger.TRANSFERS, line.amount, "Virement interne")


def own_accounts(company: Company) -> dict[str, int]:
    """IBAN → the company's own bank account."""
    return dict(BankAccount.everywhere.filter(company=company).values_list("iban", "id"))


def is_own_transfer(line: BankLine, own: Mapping[str, int]) -> bool:
    """The other side is another account of the company: both lines meet on 580."""
    return own.get(_squeezed(line.counterparty_iban), line.account_id) != line.account_id


def undone_by_hand(company: Company) -> set[int]:
    """The lines of which a person took an automatic booking back: no rule touches them again."""
    rows = Match.everywhere.filter(company=company, is_automatic=True, rule__in=[RULE, OWN_TRANSFER])
    return set(rows.exclude(undone_at=None).values_list("line_id", flat=True))


# -- made by people ----------------------------------------------------------------------------------------------


@transaction.atomic
def save_rule(
    *, rule: BankRule | None, company: Company, values: Mapping[str, Any], actor: Actor, at: datetime
) -> BankRule:
    """Write a rule, a new one after the others. Raises Invalid with a sentence per field."""
    values = _checked(values)
    if rule is not None:
        row = lock(rule)
        if edit(row, values):
            audit.record("payments.rule.changed", subject=row, actor=actor, at=at, data={"name": row.name})
        return row
    last = BankRule.everywhere.filter(company=company).aggregate(last=Max("position"))["last"]
    row = BankRule.everywhere.create(company=company, position=(last or 0) + 1, made_at=at, **values)
    audit.record("payments.rule.made", subject=row, actor=actor, at=at, data={"name": row.name})
    return row


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    values, problems = dict(given), {}
    if not any(values.get(name) for name in ("text", "counterparty", "counterparty_iban")):
        problems["text"] = NamesNothing.message
    if values.get("counterparty_iban"):
        try:
            values["counterparty_iban"] = iban.validate(values["counterparty_iban"])
        except Invalid as error:
            problems["counterparty_iban"] = error.sentence
    least, most = values.get("amount_min"), values.get("amount_max")
    if least is not None and most is not None and least > most:
        problems["amount_max"] = NoAmountFits.message
    values["vat_account"] = values.get("vat_account", "") if values.get("vat_rate") else ""
    for name in ("ledger_account", "vat_account"):
        if values[name] or name == "ledger_account":
            try:
                check_account(values[name])
            except UnusableAccount as error:
                problems[name] = error.sentence
    if problems:
        raise Invalid(fields=problems)
    return values


@transaction.atomic
def archive_rule(*, rule: BankRule, actor: Actor, at: datetime) -> BankRule:
    """Take a rule out of use; what it booked stays."""
    row = lock(rule)
    if row.archived_at is None and edit(row, {"archived_at": at, "is_automatic": False}):
        audit.record("payments.rule.archived", subject=row, actor=actor, at=at, data={"name": row.name})
    return row


@transaction.atomic
def raise_rule(*, rule: BankRule, actor: Actor, at: datetime) -> BankRule:
    """Let a rule be tried before the one above it."""
    rows = list(BankRule.everywhere.select_for_update(no_key=True).filter(company=rule.company_id).order_by("pk"))
    above = [row for row in rows if row.archived_at is None and row.position < rule.position]
    if above:
        other = max(above, key=lambda row: row.position)
        BankRule.everywhere.filter(pk=other.pk).update(position=F("position") + rule.position - other.position)
        BankRule.everywhere.filter(pk=rule.pk).update(position=other.position)
        audit.record("payments.rule.changed", subject=rule, actor=actor, at=at, data={"name": rule.name})
        rule.refresh_from_db()
    return rule
