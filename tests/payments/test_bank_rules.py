"""Lines that pay no invoice: booked by rules that people made, after all that may be an invoice's."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.kernel.errors import Invalid
from config.kernel.models import Company
from payments.models import BankAccount, BankLine, BankRule, LineStatus, Match
from payments.services import automatic, reconciliation
from payments.services.habits import habit_of
from payments.services.reconciliation import reconcile
from payments.services.rules import Memory, archive_rule, raise_rule, rules_of, save_rule
from payments.services.settling import settle_line
from payments.services.settling_parts import Booked, Vat
from payments.services.undoing import undo_match
from tests.factories import money, story
from tests.factories.people import a_person
from tests.payments.money_state import money_state

pytestmark = pytest.mark.usefixtures("in_scope")

AT, ACTOR = story.AT, story.ACTOR
BY: dict[str, Any] = {"actor": ACTOR, "at": AT}
FEES = {"name": "Frais", "text": "cotisation carte", "direction": "OUT", "ledger_account": "627000"}
WITH_VAT = {"vat_rate": Decimal(20), "vat_account": "445660"}


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def a_line(company: Company, amount: str, remittance: str = "", **values: Any) -> BankLine:
    [line] = money.bank_lines(company, [money.a_credit(amount, remittance=remittance, **values)])
    return line


def a_rule(company: Company, **values: Any) -> BankRule:
    given = {**FEES, "is_automatic": True, **values}
    return save_rule(rule=None, company=company, values=given, actor=ACTOR, at=AT)


def run(company: Company) -> None:
    reconcile(company=company, actor=ACTOR, at=AT)


def status(line: BankLine) -> str:
    line.refresh_from_db()
    return line.status


def balance(company: Company, account: str) -> Decimal:
    return money_state(company).accounts.get((account, None), Decimal(0))


def test_a_rule_that_a_person_made_automatic_books_net_and_vat(company):
    a_rule(company, **WITH_VAT)
    line, other = a_line(company, "-12.00", "Cotisation CARTE 11/26"), a_line(company, "12.00", "COTISATION CARTE")
    before = money_state(company)
    run(company)
    assert (status(line), status(other)) == (LineStatus.MATCHED, LineStatus.OPEN)
    assert (balance(company, "627000"), balance(company, "445660")) == (10, 2)
    match = Match.everywhere.get(line=line)
    assert (match.rule, match.is_automatic, match.evidence) == (
        "bank_rule",
        True,
        [{"kind": "rule", "value": "Frais"}],
    )
    undo_match(match=match, reason="Erreur", actor=ACTOR, at=AT)
    assert money_state(company).differences(before) == []
    run(company)
    assert status(line) == LineStatus.OPEN, "what a person took back is not booked again"


def test_a_rule_that_only_proposes_and_one_that_is_archived_book_nothing(company):
    archive_rule(rule=a_rule(company), actor=ACTOR, at=AT)
    a_rule(company, is_automatic=False)
    line = a_line(company, "-12.00", "COTISATION CARTE")
    run(company)
    assert status(line) == LineStatus.OPEN


@pytest.mark.parametrize("meanwhile", ["archived", "changed", "undone"])
def test_a_run_books_by_the_rules_as_they_are_when_it_books(company, monkeypatch, meanwhile):
    rule, lines = a_rule(company), [a_line(company, "-12.00", f"COTISATION CARTE {place}") for place in "ab"]
    if meanwhile == "undone":
        run(company)
        as_read_before = Memory.of(company)
        undo_match(match=Match.objects.get(line=lines[0]), reason="Autre chose", actor=ACTOR, at=AT)
        monkeypatch.setattr(reconciliation, "Memory", SimpleNamespace(of=lambda _company: as_read_before))
        run(company)
        assert [status(line) for line in lines] == [LineStatus.OPEN, LineStatus.MATCHED]
        return
    lock_lines = automatic.lock_lines

    def change_then_lock(rows: Any) -> Any:
        if meanwhile == "archived":
            archive_rule(rule=rule, actor=ACTOR, at=AT)
        else:
            save_rule(
                rule=rule, company=company, values={**FEES, "is_automatic": True, "ledger_account": "627800"}, **BY
            )
        return lock_lines(rows)

    monkeypatch.setattr(automatic, "lock_lines", change_then_lock)
    run(company)
    booked = (balance(company, "627000"), balance(company, "627800"))
    assert booked == ((0, 0) if meanwhile == "archived" else (0, 24))


def test_an_open_invoice_comes_before_every_rule(company, customer):
    invoice = story.an_issued_invoice(customer, at=AT - timedelta(days=10))
    values = {"direction": "ANY", "text": "", "counterparty": customer.name, "ledger_account": "706000"}
    a_rule(company, **values)
    story.an_issued_invoice(customer, at=AT - timedelta(days=9))
    line = a_line(company, str(invoice.balance), counterparty=customer.name)
    other = a_line(company, "3.00", counterparty=customer.name)
    run(company)
    assert not Match.everywhere.filter(line=line, rule="bank_rule").exists()
    assert status(other) == LineStatus.OPEN, "this customer owes"


def test_both_sides_of_a_transfer_between_own_accounts_meet_on_580(company):
    savings = BankAccount.objects.create(
        company=company, name="Livret", iban="FR7630001007941234567890185", ledger_account="512300"
    )
    out = a_line(company, "-500.00", counterparty_iban=savings.iban)
    run(company)
    assert (status(out), balance(company, "580000")) == (LineStatus.MATCHED, 500)


def test_the_first_rule_that_fits_counts_and_a_rule_may_be_moved_up(company):
    first, second = a_rule(company), a_rule(company, name="Carte", text="carte", ledger_account="628000")
    raise_rule(rule=second, actor=ACTOR, at=AT)
    assert [rule.name for rule in rules_of(company)] == ["Carte", "Frais"]
    first.refresh_from_db()
    raise_rule(rule=first, actor=ACTOR, at=AT)
    assert [rule.name for rule in rules_of(company)] == ["Frais", "Carte"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": ""}, "text"),
        ({"ledger_account": "411000"}, "ledger_account"),
        ({"counterparty_iban": "FR76"}, "counterparty_iban"),
        ({"amount_min": Decimal(100), "amount_max": Decimal(10)}, "amount_max"),
    ],
)
def test_a_rule_without_sense_is_refused_at_its_field(company, values, field):
    with pytest.raises(Invalid) as refused:
        a_rule(company, **values)
    assert list(refused.value.fields) == [field]


def test_what_was_booked_twice_alike_is_offered_with_its_vat(company):
    lines = [a_line(company, f"-{amount}", f"PRLV OPERATEUR {place}") for place, amount in enumerate(("24.00", "9.99"))]
    third = a_line(company, "-31.17", "PRLV OPERATEUR 77")
    for line in lines:
        assert habit_of(third, at=AT) is None
        parts = [Booked("626000", line.amount, "Téléphone", Vat(Decimal(20)))]
        settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=ACTOR, at=AT)
    habit = habit_of(third, at=AT)
    assert habit is not None
    assert (habit.count, habit.account, habit.vat, habit.label) == (2, "626000", Vat(Decimal(20)), "Téléphone")


def signed_in(company: Company) -> Client:
    client = Client()
    client.force_login(a_person(company))
    return client


def test_a_rule_is_made_from_a_line_and_books_it_at_once(company):
    line = a_line(company, "-12.00", "COTISATION CARTE 11/26", counterparty="BANQUE")
    client, address = signed_in(company), f"{reverse('payments:rule-new')}?line={line.pk}"
    assert "COTISATION CARTE" in client.get(address).text
    typed = {**FEES, "vat_rate": "20", "is_automatic": "on"}
    assert client.post(address, {**typed, "ledger_account": "411"}).status_code == 422
    assert client.post(address, typed).status_code == 302
    assert (status(line), balance(company, "445660")) == (LineStatus.MATCHED, 2)
    rule = BankRule.objects.get()
    shown = client.get(reverse("payments:rule-list")).text
    assert "COTISATION" not in shown
    assert "cotisation carte" in shown
    client.post(reverse("payments:rule-edit", args=[rule.pk]), {**typed, "name": "Carte", "vat_rate": ""})
    rule.refresh_from_db()
    assert (rule.name, rule.vat_rate, rule.vat_account) == ("Carte", None, "")
    client.post(reverse("payments:rule-archive", args=[rule.pk]))
    assert client.get(reverse("payments:rule-edit", args=[rule.pk])).status_code == 404
