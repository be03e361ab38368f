"""Only what is named in full and exact to the cent is applied alone; the rest waits for a person."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kernel.identifiers import creditor_reference
from payments.matching import Index, Line, OpenItem, explain, match
from tests.trust.at_once import a_fifth

DUE = date(2026, 10, 31)


def item(number="FAC-2026-00001", balance="1200.00", name="Ateliers Dubois", **more):
    return OpenItem(
        id=number,
        number=number,
        rf_reference=creditor_reference.generate(number),
        balance=Decimal(balance),
        customer_id=name,
        customer_name=name,
        **{"due_on": DUE, **more},
    )


def line(*texts, amount="1200.00", reference="", payer="INCONNU"):
    return Line(amount=Decimal(amount), texts=texts, structured_reference=reference, counterparty=payer)


def verdict_of(bank_line, *items, **more):
    return match(bank_line, Index.build(items), **more)


ONE, TWO = item(), item("FAC-2026-00002", "600.00")


@pytest.mark.parametrize(
    "words",
    [
        "FAC-2026-00001",
        "VIR SEPA fac-2026-00001 merci",
        "FAC 2026 00001",
        "FACTURE FAC202600001",
        "Règlement n°FAC/2026/00001.",
        "FAC–2026–00001",
        "REF-FAC-2026-00001",
        "FAC-2026-0 0001",
    ],
)
def test_a_whole_number_and_the_exact_amount_are_applied(words):
    verdict = verdict_of(line(words), ONE, TWO)
    assert (verdict.kind, verdict.rule) == ("auto", "number")
    assert verdict.allocations == (("FAC-2026-00001", Decimal("1200.00")),)


@pytest.mark.parametrize("printed", [str, str.lower, creditor_reference.format])
def test_a_creditor_reference_and_the_exact_amount_are_applied(printed):
    verdict = verdict_of(line("LOYER", reference=printed(ONE.rf_reference)), ONE, TWO)
    assert (verdict.kind, verdict.rule) == ("auto", "reference")
    assert [one.kind for one in verdict.evidence] == ["rf", "amount"]


def test_a_creditor_reference_with_a_wrong_digit_names_nothing():
    wrong = ONE.rf_reference[:-1] + "7"
    assert verdict_of(line(wrong, amount="1.00"), ONE).kind == "none"


@pytest.mark.parametrize(
    "words",
    [
        "FAC-2026-000012",
        "FAC-2026-00001-2",
        "XFAC-2026-00001",
        "FAC-2026-0000",
        "1-FAC-2026-00001",
    ],
)
def test_a_part_of_a_number_or_of_a_longer_one_is_not_the_number(words):
    assert verdict_of(line(words, amount="77.00"), item(balance="77.00"), item("A-999999", "77.00")).kind == "none"


def test_a_number_without_its_series_is_only_proposed():
    verdict = verdict_of(line("2026-00001", amount="77.00"), item(balance="77.00"), item("A-999999", "77.00"))
    assert (verdict.kind, verdict.rule) == ("proposed", "near_number")


def test_the_longest_number_wins():
    longer = item("FAC-2026-00001-2")
    assert verdict_of(line("FAC-2026-00001-2"), ONE, longer).allocations == ((longer.id, Decimal("1200.00")),)


def test_a_number_found_within_another_series_is_not_the_number():
    short = item("2026-00001", "50.00")
    verdict = verdict_of(line("FAC-2026-00001"), short, ONE)
    assert verdict.allocations == ((ONE.id, Decimal("1200.00")),)


def test_a_number_too_short_to_be_trusted_is_never_read_in_a_text():
    assert verdict_of(line("facture 12 du 12/11", amount="12.00"), item("12", "13.00")).kind == "none"


def test_several_invoices_named_and_paid_together_are_applied():
    verdict = verdict_of(line("FAC-2026-00001 FAC-2026-00002", amount="1800.00"), ONE, TWO)
    assert verdict.kind == "auto"
    assert dict(verdict.allocations) == {ONE.id: Decimal("1200.00"), TWO.id: Decimal("600.00")}


def test_the_rest_of_a_partly_paid_invoice_is_applied_when_named():
    rest = item(balance="600.00", is_touched=True)
    assert verdict_of(line("FAC-2026-00001", amount="600.00"), rest).kind == "auto"


def test_a_part_of_a_named_invoice_is_only_proposed():
    verdict = verdict_of(line("FAC-2026-00001", amount="500.00"), ONE)
    assert (verdict.kind, verdict.rule) == ("proposed", "partial")
    assert verdict.allocations == ((ONE.id, Decimal("500.00")),)
    assert "il manque 700,00" in explain(verdict)


def test_too_much_is_proposed_and_the_excess_kept_as_credit():
    verdict = verdict_of(line("FAC-2026-00001", amount="1250.00"), ONE)
    assert (verdict.kind, verdict.rule, verdict.excess) == ("proposed", "overpayment", Decimal("50.00"))
    assert verdict.allocations == ((ONE.id, Decimal("1200.00")),)


def test_a_part_of_several_named_invoices_goes_to_the_oldest_first():
    older = item("FAC-2026-00009", "100.00", due_on=DUE - timedelta(days=30))
    verdict = verdict_of(line("FAC-2026-00001, FAC-2026-00009", amount="150.00"), ONE, older)
    assert verdict.allocations == ((older.id, Decimal("100.00")), (ONE.id, Decimal("50.00")))


def test_one_of_two_named_invoices_paid_exactly_is_proposed_with_the_other_as_rival():
    verdict = verdict_of(line("FAC-2026-00001 FAC-2026-00002", amount="600.00"), ONE, TWO)
    assert (verdict.kind, verdict.allocations) == ("proposed", ((TWO.id, Decimal("600.00")),))
    assert verdict.rivals == (ONE.id,)


def test_an_invoice_paid_twice_is_left_to_a_person():
    verdict = verdict_of(line("FAC-2026-00001", amount="600.00"), item(balance="0.00"), TWO)
    assert (verdict.kind, verdict.rule, verdict.allocations) == ("proposed", "already_settled", ())
    assert (verdict.excess, verdict.customer_id) == (Decimal("600.00"), "Ateliers Dubois"), "his credit, if it is so"
    assert [loser.number for loser in verdict.losers] == [TWO.number], "of that very amount, and never paid by it"
    assert "double paiement" in explain(verdict)


def test_a_settled_number_beside_an_open_one_is_never_applied_alone():
    verdict = verdict_of(line("FAC-2026-00001 FAC-2026-00002", amount="600.00"), item(balance="0.00"), TWO)
    assert (verdict.kind, verdict.allocations) == ("proposed", ((TWO.id, Decimal("600.00")),))


def test_two_invoices_written_alike_are_proposed_with_the_rival():
    alike = item("FAC-2026-0/0001")
    verdict = verdict_of(line("FAC202600001"), ONE, alike)
    assert verdict.kind == "proposed"
    assert len(verdict.rivals) == 1


def test_a_pair_a_person_undid_is_never_made_again():
    assert verdict_of(line("FAC-2026-00001"), ONE, barred={ONE.id}).kind == "none"
    pair = line("FAC-2026-00001 FAC-2026-00002", amount="600.00")
    assert verdict_of(pair, ONE, TWO, barred={ONE.id}).kind == "proposed"


def test_an_invoice_in_another_currency_is_never_paid():
    assert verdict_of(line("FAC-2026-00001"), item(currency="CHF")).kind == "none"


@pytest.mark.parametrize("amount", ["-1200.00", "0.00"])
def test_a_debit_pays_nothing(amount):
    assert verdict_of(line("FAC-2026-00001", amount=amount), ONE).kind == "none"


def test_the_only_invoice_of_that_amount_is_proposed_and_never_applied():
    verdict = verdict_of(line("VIREMENT"), ONE, TWO)
    assert (verdict.kind, verdict.rule) == ("proposed", "amount")


def test_equal_amounts_without_a_known_payer_are_left():
    assert verdict_of(line("VIREMENT"), ONE, item("FAC-2026-00003")).kind == "none"


def test_equal_amounts_of_a_known_payer_are_proposed_oldest_first_with_the_rival():
    later = item("FAC-2026-00003", due_on=DUE + timedelta(days=1))
    other = item("FAC-2026-00004", name="Garage Martin", due_on=DUE - timedelta(days=60))
    verdict = verdict_of(line("VIREMENT", payer="SARL ATELIERS DUBOIS"), later, ONE, other)
    assert (verdict.rule, verdict.allocations[0][0], verdict.rivals) == ("payer_and_amount", ONE.id, (later.id,))


def own_invoices():
    return (
        item("FAC-2026-00011", "9000.00", "Hôtel du Port"),
        item("FAC-2026-00012", "4974.00", "Hôtel du Port"),
        item("FAC-2026-00013", "120.00", "Hôtel du Port"),
        item("FAC-2026-00001", "5000000.00", "Autre Société", due_on=DUE - timedelta(days=90)),
    )


def test_two_invoices_of_the_payer_that_make_up_the_amount_are_proposed():
    verdict = verdict_of(line("VIREMENT", amount="13974.00", payer="SARL HOTEL DU PORT"), *own_invoices())
    assert (verdict.kind, verdict.rule) == ("proposed", "payer_and_sum")
    assert verdict.allocations == (("FAC-2026-00011", Decimal("9000.00")), ("FAC-2026-00012", Decimal("4974.00")))


def test_any_two_to_four_of_the_payer_are_tried_and_never_those_of_two_customers():
    found = verdict_of(line("X", amount="9120.00", payer="HOTEL DU PORT"), *own_invoices())
    assert [key for key, _amount in found.allocations] == ["FAC-2026-00011", "FAC-2026-00013"]
    mixed = [item("FAC-2026-00021", "10.00", "Dupont Paris"), item("FAC-2026-00022", "20.00", "Dupont Lyon")]
    assert verdict_of(line("X", amount="30.00", payer="DUPONT"), *mixed).allocations == ()


def test_a_payer_whose_amount_fits_nothing_is_offered_his_own_invoices_first():
    verdict = verdict_of(line("ACOMPTE", amount="3000.00", payer="HOTEL DU PORT"), *own_invoices())
    assert (verdict.kind, verdict.rule) == ("none", "payer")
    assert verdict.rivals == ("FAC-2026-00011", "FAC-2026-00012", "FAC-2026-00013")


def test_an_exact_amount_of_a_stranger_does_not_pass_before_a_sum_of_the_payer():
    stranger = item("FAC-2026-00030", "13974.00", "Quelqu’un")
    verdict = verdict_of(line("X", amount="13974.00", payer="HOTEL DU PORT"), stranger, *own_invoices())
    assert verdict.rule == "payer_and_sum"


@pytest.mark.parametrize(
    "words", ["FAC-2026-12", "fac 2026/012", "1234/FAC-2026-00012", "2026/12", "FACTURE 12", "Fact n° 0012"]
)
def test_a_number_with_lost_zeros_or_after_a_stroke_ranks_above_the_oldest(words):
    verdict = verdict_of(line(words, amount="3000.00", payer="HOTEL DU PORT"), *own_invoices())
    assert (verdict.kind, verdict.allocations) == ("proposed", (("FAC-2026-00012", Decimal("3000.00")),))
    assert "le numéro FAC-2026-00012 semble cité" in explain(verdict)


@pytest.mark.parametrize("words", ["FAC-2026-12", "1234/FAC-2026-00012"])
def test_a_series_and_its_figures_are_seen_whoever_pays(words):
    verdict = verdict_of(line(words, amount="4974.00", payer="UN TIERS"), *own_invoices())
    assert (verdict.kind, verdict.allocations) == ("proposed", (("FAC-2026-00012", Decimal("4974.00")),))


def test_a_date_is_no_number_of_a_stranger():
    assert verdict_of(line("VIR DU 2026-12-05", amount="3000.00", payer="UN TIERS"), *own_invoices()).allocations == ()


def test_the_sentence_tells_the_evidence():
    verdict = verdict_of(line("FAC-2026-00001"), ONE)
    assert explain(verdict) == (
        "Rapproché automatiquement : le numéro FAC-2026-00001 est cité en entier"
        " ; le montant de 1\u202f200,00 est exact."
    )
    assert explain(verdict_of(line("BONJOUR", amount="3.00"), ONE)).startswith("Non rapproché")


ITEMS = st.lists(
    st.builds(
        lambda serial, cents: item(f"FAC-2026-{serial:05}", Decimal(cents) / 100),
        st.integers(1, 40),
        st.integers(0, 300).map(lambda number: number * 100),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)
WORDS = st.lists(
    st.one_of(
        st.integers(1, 45).map(lambda serial: f"FAC-2026-{serial:05}"),
        st.integers(1, 45).map(lambda serial: creditor_reference.generate(f"FAC-2026-{serial:05}")),
        st.text(max_size=12),
    ),
    max_size=5,
)


@pytest.mark.trust
@settings(max_examples=a_fifth(300), deadline=None)
@given(ITEMS, WORDS, st.integers(-100, 60_000))
def test_no_line_ever_pays_more_than_is_owed_or_than_it_holds(items, words, cents):
    bank_line = line(*words, amount=Decimal(cents) / 100)
    verdict = match(bank_line, Index.build(items))
    balances = {one.id: one.balance for one in items}
    allocated = sum((amount for _, amount in verdict.allocations), Decimal(0))
    assert all(0 < amount <= balances[identity] for identity, amount in verdict.allocations)
    if verdict.allocations:
        assert allocated + verdict.excess == bank_line.amount
    if verdict.kind == "auto":
        assert verdict.excess == 0
    if verdict.kind == "auto" and verdict.rule != "partial":
        assert all(amount == balances[identity] for identity, amount in verdict.allocations)
    assert explain(verdict)
    assert match(bank_line, Index.build(reversed(items))) == verdict
