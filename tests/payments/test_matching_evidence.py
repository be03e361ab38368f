"""Each rung of the evidence: what it applies alone, what it only proposes, and what speaks against it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kernel.identifiers import creditor_reference
from payments.matching import CREDIT, DEBIT_ORDER, PAYMENT, REFUND, Index, Line, OpenItem, Verdict, explain, match
from payments.matching.days import match_days
from tests.trust.at_once import a_fifth

DUE, DAY = date(2026, 10, 31), date(2026, 11, 20)
DUBOIS, MARTIN = "SARL Ateliers Dubois", "Garage Martin"
IBAN, OTHER = "FR7630006000011234567890189", "DE89370400440532013000"
KNOWN = {IBAN: {DUBOIS: 3}}


def item(serial: int, balance: str, name: str = DUBOIS, **more) -> OpenItem:
    number = f"FAC-2026-{serial:05}"
    values = {"rf_reference": creditor_reference.generate(number), "due_on": DUE + timedelta(days=serial), **more}
    return OpenItem(id=number, number=number, balance=Decimal(balance), customer_id=name, customer_name=name, **values)


def money(kind: str, key: str, amount: str, name: str = DUBOIS, **more) -> OpenItem:
    values = {"due_on": DAY, "rf_reference": "", **more}
    return OpenItem(
        id=key, number=key, balance=Decimal(amount), customer_id=name, customer_name=name, kind=kind, **values
    )


def line(amount: str, text: str = "VIREMENT", **more) -> Line:
    values = {"iban": IBAN, "counterparty": "ATELIERS DUBOIS", "booked_on": DAY, **more}
    return Line(amount=Decimal(amount), texts=(text,), **values)


def judged(bank_line: Line, *items: OpenItem, payers=KNOWN, **more) -> Verdict:
    return match(bank_line, Index.build(items, payers=payers), **more)


def paid(verdict: Verdict) -> dict[object, Decimal]:
    return dict(verdict.allocations)


def kinds(verdict: Verdict) -> set[str]:
    return {piece.kind for piece in verdict.evidence}


ONE, TWO, THREE = item(1, "1235.50"), item(2, "617.25"), item(3, "88.10")


def test_an_account_that_paid_before_and_the_one_invoice_of_that_amount_are_applied():
    verdict = judged(line("617.25"), ONE, TWO, THREE)
    assert (verdict.kind, verdict.rule, paid(verdict)) == ("auto", "payer_and_amount", {TWO.id: Decimal("617.25")})
    assert "ce compte est connu" in explain(verdict)
    assert verdict.probability > 0.99


def test_the_same_by_name_alone_is_proposed_where_others_owe_it_or_the_amount_is_round():
    assert judged(line("617.25", iban=""), ONE, TWO, item(9, "617.25", MARTIN), payers={}).kind == "proposed"
    assert judged(line("600.00", iban=""), ONE, item(2, "600.00"), payers={}).kind == "proposed"
    assert judged(line("617.25", iban="", counterparty="DUBOIS"), ONE, TWO, payers={}).kind == "proposed"


def test_the_exact_name_of_a_customer_whose_account_is_not_known_and_an_amount_nobody_else_owes_are_applied():
    assert judged(line("617.25", iban=OTHER), ONE, TWO, payers={}).kind == "auto"
    assert judged(line("617.25", iban=OTHER), ONE, TWO).kind == "proposed", "this customer pays from another account"


def test_two_customers_of_one_name_are_told_apart_by_no_name():
    twin = item(9, "55.55")._replace(customer_id="twin")
    assert judged(line("617.25", iban=""), ONE, TWO, twin, payers={}).kind == "proposed"


@pytest.mark.parametrize(
    ("why", "bank_line", "items"),
    [
        ("touched", line("617.25"), [ONE, TWO._replace(is_touched=True)]),
        ("unknown", line("617.25", "FAC-2026-77777"), [ONE, TWO]),
        ("unknown", line("617.25", "RF18539007547034"), [ONE, TWO]),
        ("repeat", line("617.25"), [ONE, TWO, money(PAYMENT, "ENC-1", "617.25", due_on=DAY - timedelta(days=4))]),
        ("word", line("617.25", "ACOMPTE CHANTIER"), [ONE, TWO]),
        ("instalment", line("617.25"), [item(1, "1234.50"), TWO]),
        ("rivals", line("617.25"), [TWO, item(4, "600.00"), item(5, "17.25")]),
    ],
)
def test_what_speaks_against_the_payer_s_amount_leaves_it_to_a_person(why, bank_line, items):
    kept = [one for one in items if why == "instalment" or one.id != ONE.id]
    verdict = judged(bank_line, *kept)
    assert (verdict.kind, paid(verdict)) == ("proposed", {TWO.id: Decimal("617.25")})
    assert why in kinds(verdict)


def test_equal_invoices_of_one_payer_are_proposed_the_oldest_first_with_why_the_other_lost():
    later = item(5, "617.25")
    verdict = judged(line("617.25"), later, TWO)
    assert (verdict.kind, list(paid(verdict)), verdict.rivals) == ("proposed", [TWO.id], (later.id,))
    assert [(loser.number, loser.why) for loser in verdict.losers] == [(later.number, "later")]


def test_an_invoice_issued_after_the_payment_is_paid_only_if_it_is_named():
    early = TWO._replace(issued_on=DAY + timedelta(days=1))
    assert judged(line("617.25"), early).kind != "auto"
    assert judged(line("617.25", TWO.number), early).kind == "auto"


def test_all_that_the_payer_owes_is_applied_and_with_a_part_paid_only_proposed():
    verdict = judged(line("1940.85"), ONE, TWO, THREE)
    assert (verdict.kind, verdict.rule, len(verdict.allocations)) == ("auto", "payer_whole_balance", 3)
    assert judged(line("1940.85"), ONE, TWO, THREE._replace(is_touched=True)).kind == "proposed"


def test_the_only_sum_of_the_payer_is_applied_and_one_of_two_is_not():
    dear = item(4, "98765.43")
    verdict = judged(line("1323.60"), ONE, TWO, THREE, dear)
    assert (verdict.kind, set(paid(verdict))) == ("auto", {ONE.id, THREE.id})
    twice = judged(line("30.00"), item(1, "10.00"), item(2, "20.00"), item(3, "12.00"), item(4, "18.00"))
    assert twice.kind == "proposed"


def test_a_sum_that_chance_alone_would_make_is_only_proposed():
    tens = [item(serial, f"{serial * 10}.00") for serial in range(1, 9)]
    assert judged(line("30.00"), *tens[:2], tens[7]).kind == "proposed"


def test_a_customer_with_more_invoices_than_sums_can_be_counted_is_judged_too():
    many = [item(serial, "1440.00") for serial in range(1, 1200)]
    assert judged(line("617.25"), *many).kind != "auto"


@pytest.mark.parametrize("text", ["FAC-2026-2", "fac 2026/002", "4711/FAC-2026-00002", "facture 2"])
def test_a_number_with_lost_zeros_decides_between_equal_invoices_of_the_known_payer(text):
    verdict = judged(line("617.25", text), TWO, item(7, "617.25"))
    assert (verdict.kind, verdict.rule, list(paid(verdict))) == ("auto", "near_number", [TWO.id])


@pytest.mark.parametrize("text", ["FAC-2026-00912", "FAC-2026-00021", "FAC-2026-001"])
def test_a_digit_wrong_turned_or_cut_is_proposed_where_the_amount_does_not_decide(text):
    meant = {"FAC-2026-00912": 12, "FAC-2026-00021": 12, "FAC-2026-001": 123}[text]
    verdict = judged(line("617.25", text), item(meant, "617.25"), item(55, "617.25"))
    assert (verdict.kind, list(paid(verdict))) == ("proposed", [f"FAC-2026-{meant:05}"])
    assert judged(line("617.25", text), item(meant, "617.25"), THREE).kind == "auto", "there it does"


def test_a_number_cut_at_the_end_of_a_list_is_not_read_as_a_short_one():
    first, second, small = item(778, "29.00"), item(1322, "29.00"), item(1, "29.00")
    verdict = judged(line("58.00", f"{first.number} FAC-1"), first, second, small)
    assert verdict.kind == "proposed"


def test_a_wrong_digit_that_names_another_customer_s_invoice_does_not_pay_it():
    theirs = item(12, "40.00", MARTIN)
    verdict = judged(line("617.25", "FAC-2026-00012"), theirs, item(72, "617.25"), item(5, "9.00"))
    assert list(paid(verdict)) == ["FAC-2026-00072"]
    same = judged(line("617.25", "FAC-2026-00012"), theirs._replace(balance=Decimal("617.25")), ONE)
    assert (same.kind, "other_payer" in kinds(same)) == ("proposed", True)


def test_a_number_beside_one_of_the_same_amount_is_proposed_where_nobody_knows_the_payer():
    unknown = {"counterparty": "HOLDING X", "iban": OTHER}
    assert judged(line("617.25", TWO.number, **unknown), TWO, ONE).kind == "auto"
    verdict = judged(line("617.25", TWO.number, **unknown), TWO, item(7, "617.25", MARTIN))
    assert (verdict.kind, "alike" in kinds(verdict)) == ("proposed", True)


def test_a_third_party_pays_by_reference_and_is_not_taken_for_the_customer():
    verdict = judged(line("617.25", TWO.rf_reference, iban=OTHER, counterparty="HOLDING X"), TWO, ONE)
    assert (verdict.kind, verdict.rule) == ("auto", "reference")


def test_an_instalment_with_its_reference_is_applied_unless_something_was_deducted():
    verdict = judged(line("400.00", ONE.number), ONE, TWO)
    assert (verdict.kind, verdict.rule, paid(verdict)) == ("auto", "partial", {ONE.id: Decimal("400.00")})
    assert judged(line("1100.00", ONE.number), ONE, TWO).kind == "proposed"
    assert judged(line("617.25", ONE.number), ONE, TWO).kind == "proposed", "it is what another owes"
    assert judged(line("400.00", ONE.number, iban="", counterparty="X"), ONE, TWO).kind == "proposed"


@pytest.mark.parametrize(
    ("amount", "reason"), [("1223.50", "BANK_FEE"), ("1210.79", "DISCOUNT"), ("1235.49", "ROUNDING")]
)
def test_a_small_difference_is_proposed_with_its_reason(amount, reason):
    verdict = judged(line(amount, ONE.number), ONE, TWO)
    assert (verdict.kind, verdict.difference.reason) == ("proposed", reason)
    assert verdict.difference.amount == ONE.balance - Decimal(amount)


def test_a_credit_of_the_customer_is_deducted_from_what_he_names():
    credit = money(CREDIT, "ENC-9", "200.00")
    verdict = judged(line("1035.50", ONE.number), ONE, TWO, credit)
    assert (verdict.kind, verdict.rule, verdict.credits) == ("auto", "net_of_credit", (("ENC-9", Decimal("200.00")),))
    assert paid(verdict) == {ONE.id: ONE.balance}
    assert judged(line("1035.50", ONE.number), ONE, credit, credit._replace(id="ENC-8")).kind == "proposed"
    both = judged(line("1040.85", f"{ONE.number} {TWO.number}"), ONE, TWO, credit._replace(balance=Decimal("800.00")))
    assert (both.kind, both.difference.amount) == ("proposed", Decimal("11.90")), "and a fee besides"


def test_a_cut_list_is_completed_by_the_only_invoices_that_make_up_the_rest():
    texts = f"{ONE.number} {TWO.number} FAC-2026-0"
    verdict = judged(line("1940.85", texts), ONE, TWO, THREE, item(8, "4000.01"))
    assert (verdict.kind, verdict.rule, len(verdict.allocations)) == ("auto", "cut_list", 3)
    assert judged(line("1940.85", f"{ONE.number} {TWO.number}"), ONE, TWO, THREE).kind == "proposed"


def test_a_second_payment_is_the_customer_s_credit_and_never_his_next_invoice():
    settled, following = item(1, "0.00"), item(6, "1234.50")
    verdict = judged(line("1234.50", settled.number), settled, following)
    assert (verdict.kind, verdict.allocations, verdict.excess) == ("proposed", (), Decimal("1234.50"))
    assert [loser.why for loser in verdict.losers] == ["settled"]
    before = money(PAYMENT, "ENC-1", "1234.50", due_on=DAY - timedelta(days=2))
    assert judged(line("1234.50"), settled, before).rule == "paid_twice"


def test_what_the_payer_ordered_counts_before_charges_and_change():
    charged = judged(line("1220.50", ONE.number, instructed_amount=Decimal("1235.50")), ONE)
    assert (charged.kind, charged.difference.reason) == ("proposed", "BANK_FEE")
    dollars = ONE._replace(currency="USD")
    ordered = {"instructed_amount": Decimal("1235.50"), "instructed_currency": "USD"}
    changed = judged(line("1140.00", ONE.number, **ordered), dollars)
    assert (changed.kind, changed.currency, paid(changed)) == ("proposed", "USD", {ONE.id: ONE.balance})


def test_money_that_leaves_is_our_refund_by_its_end_to_end_id_or_a_payment_that_comes_back():
    refund = money(REFUND, "RBT-1", "50.00", end_to_end_ids=("RBT-2026-1",))
    sure = judged(line("-50.00", end_to_end_id="RBT-2026-1"), refund)
    assert (sure.kind, sure.refunds) == ("auto", (("RBT-1", Decimal("50.00")),))
    assert judged(line("-50.00"), refund).kind == "proposed"
    payment = money(PAYMENT, "ENC-1", "617.25")
    back = judged(line("-617.25", f"REJET VIREMENT {TWO.number}"), TWO, payment)
    assert (back.kind, back.rule, back.returned) == ("proposed", "returned", (("ENC-1", Decimal("617.25")),))
    assert judged(line("-617.25", "LOYER"), TWO, payment).kind == "none"


def test_a_collection_is_found_again_by_the_end_to_end_id_that_we_gave():
    order = money(DEBIT_ORDER, "PRL-1", "617.25", end_to_end_ids=("PRL-2026-1",))
    verdict = judged(line("617.25", end_to_end_id="PRL-2026-1"), order, TWO)
    assert (verdict.kind, verdict.rule, verdict.found) == ("auto", "order", (("PRL-1", Decimal("617.25")),))


def test_a_payment_service_s_payout_is_never_taken_for_an_invoice():
    verdict = judged(line("600.00", counterparty="STRIPE PAYMENTS", iban=OTHER), item(2, "600.00"))
    assert verdict.kind == "proposed"
    net = judged(line("605.00", TWO.number, counterparty="STRIPE PAYMENTS", iban=OTHER), TWO)
    assert (net.kind, net.difference.reason) == ("proposed", "BANK_FEE")


def test_of_two_identical_lines_of_a_day_one_pays_and_the_other_is_a_second_payment():
    verdicts = match_days([line("617.25", TWO.number)] * 2, Index.build([ONE, TWO], payers=KNOWN))
    assert sorted(verdict.kind for verdict in verdicts) == ["auto", "proposed"]
    assert {verdict.rule for verdict in verdicts} == {"number", "already_settled"}


def test_two_lines_that_differ_and_name_nothing_do_not_share_one_invoice_by_chance():
    pair = [line("617.25", "VIREMENT"), line("617.25", "SOLDE")]
    verdicts = match_days(pair, Index.build([TWO, THREE], payers=KNOWN))
    assert [verdict.kind for verdict in verdicts] == ["proposed", "proposed"]


def test_what_a_line_names_goes_before_what_another_of_the_day_only_owes_to_its_amount():
    pair = [line("617.25"), line("617.25", TWO.number)]
    for turned in (pair, pair[::-1]):
        verdicts = match_days(turned, Index.build([TWO, THREE], payers=KNOWN))
        assert {one.texts[0]: verdict.kind for one, verdict in zip(turned, verdicts, strict=True)}[TWO.number] == "auto"


AMOUNTS = st.integers(100, 4000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
DEBTS = st.lists(
    st.builds(item, st.integers(1, 30), AMOUNTS, st.sampled_from([DUBOIS, MARTIN])),
    max_size=9,
    unique_by=lambda one: one.id,
)
TEXTS = st.sampled_from(["VIREMENT", "FAC-2026-00003", "FAC-2026-3", "FACTURE 7", "FAC-2026-00003 FAC-2026-00004", ""])


@pytest.mark.trust
@settings(max_examples=a_fifth(400), deadline=None)
@given(DEBTS, TEXTS, AMOUNTS, st.integers(2, 7))
def test_neither_the_order_of_the_invoices_nor_the_unit_of_account_changes_an_automatic_match(
    items, text, amount, unit
):
    bank_line = line(amount, text)
    verdict = judged(bank_line, *items)
    assert judged(bank_line, *reversed(items)) == verdict
    if verdict.kind == "auto":
        larger = [one._replace(balance=one.balance * unit) for one in items]
        again = judged(bank_line._replace(amount=bank_line.amount * unit), *larger)
        assert set(paid(again)) == set(paid(verdict))


@pytest.mark.trust
@settings(max_examples=a_fifth(400), deadline=None)
@given(DEBTS, TEXTS, AMOUNTS)
def test_a_barred_pair_never_comes_back_by_any_rung(items, text, amount):
    bank_line, barred = line(amount, text), set()
    for _turn in range(len(items) + 1):
        verdict = judged(bank_line, *items, barred=barred)
        assert barred.isdisjoint(paid(verdict))
        if not verdict.allocations:
            break
        barred |= set(paid(verdict))
