"""What the bank shows of suppliers: our transfers and files by their ids, what they collect, what comes back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from config.kernel import chain
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.events import purchase_paid
from payments.models import BankLine, LineStatus, Match, MatchPart, Method, PartKind, SupplierPayment
from payments.outgoing.suppliers.ordering import cancel_run
from payments.outgoing.suppliers.taking_back import PaymentMatched, cancel_supplier_payment
from payments.services.explaining import parts_of_verdict
from payments.services.proposing import build_index, propose
from payments.services.reconciliation import Outcome, reconcile
from payments.services.reconciliation_statement import reconciliation_statement
from payments.services.settling import settle_line
from payments.services.undoing import undo_match
from tests.factories import money, people, story
from tests.factories.story import ACTOR, AT, IBAN, SECOND_IBAN
from tests.factories.supplier_payments import DAY, a_payer, a_payment, a_purchase, a_supplier, an_ordered_run
from tests.payments.suppliers.test_paying import books, stands
from tests.trust.conftest import settle as settle_constraints

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=5)


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


@pytest.fixture
def told() -> Any:
    heard: list[Any] = []

    def hear(sender: Any, purchase: Any, amount: Decimal, on: Any, **_more: Any) -> None:
        heard.append((purchase, amount, on))

    purchase_paid.connect(hear, weak=False)
    yield heard
    purchase_paid.disconnect(hear)


def lines(company: Company, *entries: tuple[str, dict[str, Any]]) -> list[BankLine]:
    return money.bank_lines(company, [money.a_credit(amount, **values) for amount, values in entries])


def run(company: Company) -> Outcome:
    return reconcile(company=company, actor=ACTOR, at=AT)


def accept(line: BankLine) -> Match:
    """A person takes the first proposal."""
    verdict = propose(line, build_index(line.company, at=AT))
    parts = parts_of_verdict(line, verdict)
    return settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=ACTOR, at=AT)


def rule_of(line: BankLine) -> tuple[str, str]:
    verdict = propose(line, build_index(line.company, at=AT))
    return verdict.kind, verdict.rule


def undo(match: Match) -> None:
    undo_match(match=match, reason="Erreur", actor=ACTOR, at=LATER)


def is_sound(company: Company) -> bool:
    settle_constraints()
    assert list(chain.verify(company)) == []
    return True


def test_a_file_shown_in_one_line_settles_all_its_payments(company: Company, told: list[Any]):
    rows = [a_purchase(a_supplier(company, "Un")), a_purchase(a_supplier(company, "Deux"), "200")]
    payer = a_payer(company)
    ordered = an_ordered_run(rows, payer)
    before = books()
    assert told == []
    (line,) = lines(company, ("-360.00", {"batch_reference": ordered.order.number, "counterparty": ""}))
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    parts = list(MatchPart.objects.order_by("position"))
    assert [(part.kind, part.amount, part.is_recorded) for part in parts] == [
        (PartKind.SUPPLIER, -240, False), (PartKind.SUPPLIER, -120, False)
    ]  # fmt: skip
    assert books() == before, "booked when it was ordered"
    assert told == [(rows[1], 240, line.booked_on), (rows[0], 120, line.booked_on)]
    statement = reconciliation_statement(line.account, DAY)
    assert (statement.entries, statement.lines, statement.difference) == ([], [], statement.difference)
    with pytest.raises(PaymentMatched):
        cancel_run(run=ordered, reason="", actor=payer, at=AT)
    undo(parts[0].match)
    assert books() == before
    assert BankLine.objects.get().status == LineStatus.OPEN
    assert run(company).matched == 0, "undone by a person, it is not taken again alone"
    accept(line)
    assert len(told) == 2, "told once"
    assert is_sound(company)


@pytest.mark.parametrize(
    "values",
    [
        {"end_to_end_id": "REG-2026-00001"},
        {"remittance": "VIR SEPA REG202600001 FOURNITURES"},
    ],
)
def test_each_transfer_is_found_by_its_own_id(company: Company, values: dict[str, Any], told: list[Any]):
    rows = [a_purchase(a_supplier(company, "Un")), a_purchase(a_supplier(company, "Deux"))]
    an_ordered_run(rows, a_payer(company))
    first = SupplierPayment.objects.get(number="REG-2026-00001")
    lines(company, ("-120.00", values), ("-120.00", {"remittance": "VIREMENT"}))
    assert run(company) == Outcome(matched=1, proposed=1, left=0)
    assert MatchPart.objects.get().supplier_payment == first
    assert len(told) == 1


def test_another_amount_is_not_ours(company: Company):
    ordered = an_ordered_run([a_purchase(a_supplier(company))], a_payer(company))
    lines(company, ("-119.99", {"end_to_end_id": "REG-2026-00001", "batch_reference": ordered.order.number}))
    assert run(company).matched == 0


def test_a_debit_of_a_known_account_pays_the_one_purchase_of_its_amount_once_a_person_agrees(
    company: Company, told: list[Any]
):
    purchase = a_purchase(a_supplier(company))
    before = books()
    (line,) = lines(company, ("-120.00", {"counterparty_iban": IBAN, "counterparty": "FDN"}))
    assert run(company) == Outcome(matched=0, proposed=1, left=0)
    match = accept(line)
    assert stands(purchase) == ("PAID", 0)
    (payment,) = SupplierPayment.objects.all()
    assert (payment.method, payment.made_on, payment.bank_account) == (Method.TRANSFER, line.booked_on, line.account)
    assert told == [(purchase, 120, line.booked_on)]
    with pytest.raises(PaymentMatched):
        cancel_supplier_payment(payment=payment, reason="", actor=ACTOR, at=AT)
    undo(match)
    assert (books(), stands(purchase)) == (before, ("BOOKED", 120))
    assert is_sound(company)


def test_what_a_supplier_collects_is_proposed_by_its_number(company: Company):
    supplier = a_supplier(company, "EDF Entreprises")
    a_purchase(supplier)
    named = a_purchase(supplier, number="EDF-884512")
    (line,) = lines(company, ("-120.00", {"remittance": "PRLV SEPA EDF FACTURE EDF884512", "counterparty": "EDF"}))
    assert rule_of(line) == ("proposed", "purchase")
    accept(line)
    assert stands(named) == ("PAID", 0)
    assert SupplierPayment.objects.get().method == Method.DIRECT_DEBIT


def test_an_account_that_nobody_confirmed_proposes_nothing(company: Company):
    supplier = a_supplier(company, iban="")
    a_purchase(supplier)
    (line,) = lines(company, ("-120.00", {"counterparty_iban": SECOND_IBAN, "counterparty": "INCONNU"}))
    assert rule_of(line) == ("none", "debit")


def test_a_payment_recorded_by_hand_is_found_again(company: Company, told: list[Any]):
    a_payment(a_purchase(a_supplier(company)), method=Method.CHECK, reference="CHQ 7788123")
    (line,) = lines(company, ("-120.00", {"remittance": "CHEQUE 7788123"}))
    accept(line)
    assert MatchPart.objects.get().is_recorded is False
    assert len(told) == 1
    assert is_sound(company)


def test_a_transfer_that_comes_back_opens_its_purchases_again(company: Company):
    purchase = a_purchase(a_supplier(company))
    before = books()
    an_ordered_run([purchase], a_payer(company))
    lines(company, ("-120.00", {"end_to_end_id": "REG-2026-00001"}))
    run(company)
    paid = books()
    lines(company, ("120.00", {"end_to_end_id": "REG-2026-00001", "code": "RRTN", "return_code": "AC04"}))
    assert run(company) == Outcome(matched=1, proposed=0, left=0)
    assert (books(), stands(purchase)) == (before, ("BOOKED", 120))
    returned = SupplierPayment.objects.get(kind="RETURN")
    assert (returned.returns.number, returned.reference) == ("REG-2026-00001", "Retour de la banque AC04")
    assert is_sound(company)
    undo(Match.objects.get(rule="came_back"))
    assert (books(), stands(purchase)) == (paid, ("PAID", 0))
    assert is_sound(company)


def test_a_credit_that_only_names_our_number_waits_for_a_person(company: Company):
    an_ordered_run([a_purchase(a_supplier(company))], a_payer(company))
    (line,) = lines(company, ("120.00", {"remittance": "AVOIR SUR REG-2026-00001"}))
    assert rule_of(line) == ("proposed", "came_back")


def test_the_worktable_shows_what_it_found_and_takes_it(company: Company):
    purchase = a_purchase(a_supplier(company, "Papeterie Centrale"))
    (line,) = lines(company, ("-120.00", {"counterparty_iban": IBAN}))
    browser: Client = people.signed_in(company)
    page = browser.get(f"/bank/worktable/{line.pk}/")
    assert f"{purchase.number} · Papeterie Centrale" in people.read(page)
    answer = browser.post(f"/bank/worktable/{line.pk}/", {"act": "known", f"purchases:{purchase.pk}": "120.00"})
    assert answer.status_code == 302
    assert stands(purchase) == ("PAID", 0)
    assert "Papeterie Centrale" in people.read(browser.get(f"/bank/{line.pk}/"))
