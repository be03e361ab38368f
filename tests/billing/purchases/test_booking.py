"""Each case of buying books its entry to the cent, and the VAT on services follows the money, which comes and goes."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.models import JournalEntry, JournalLine, PrepaidShare, PurchaseDeposit, PurchaseInvoice, PurchaseStatus
from billing.purchases.approving import approve_purchase
from billing.purchases.booking import ForeignCurrency, book_purchase
from billing.purchases.checking import (
    IncompletePurchase,
    NothingToAmend,
    OpenDoubts,
    amend_purchase,
    check_purchase,
    save_purchase,
)
from billing.purchases.crediting import CreditTooSmall, NotACredit, take_back_credit, use_supplier_credit
from billing.purchases.deducting import choose_purchase_deposits, deductible_deposits
from billing.purchases.disputing import dispute_purchase, settle_dispute
from billing.purchases.postings import supplier_account, vat_parts
from billing.purchases.refusing import UnknownReason, refuse_purchase
from billing.purchases.replacing import HoldsPurchasePayments
from billing.purchases.settling import NotOwed, PaidTwice, settle_purchase
from billing.purchases.spreading import book_due_shares, shares_of
from config.kernel.actor import Actor
from config.kernel.errors import TransitionRefused
from config.kernel.models import VatRegime
from config.kernel.money import round2
from tests.factories import people
from tests.factories.purchases import a_bought_line, a_checked_purchase, a_purchase, a_supplier, kept
from tests.factories.story import ACTOR, AT, IBAN
from tests.trust.at_once import a_fifth
from tests.trust.conftest import settle

pytestmark = pytest.mark.usefixtures("in_scope")

DAY = date(2026, 11, 16)
WHO = {"actor": ACTOR, "at": AT}


@pytest.fixture
def supplier(company):
    return a_supplier(company)


def booked(*purchases):
    """Debit less credit of each account, in the entries about these purchases, in words."""
    found: dict[str, Decimal] = {}
    for line in JournalLine.objects.filter(entry__source__in=[purchase.subject for purchase in purchases]):
        found[line.account] = found.get(line.account, Decimal(0)) + line.debit - line.credit
    return {account: str(amount) for account, amount in sorted(found.items()) if amount}


def pay(purchase, amount):
    return settle_purchase(purchase=purchase, amount=Decimal(amount), on=DAY, **WHO)


CASES = {
    "goods": ([kept("100", "607000")], {}, {"607000": "100.00", "445660": "20.00", "401000": "-120.00"}),
    "services, VAT on payment": (
        [kept("100", "611000", "SERVICES")],
        {},
        {"611000": "100.00", "445640": "20.00", "401000": "-120.00"},
    ),
    "services on debits": (
        [kept("100", "611000", "SERVICES_DEBITS")],
        {},
        {"611000": "100.00", "445660": "20.00", "401000": "-120.00"},
    ),
    "services of a supplier whose document says debits": (
        [kept("100", "611000", "SERVICES")],
        {"vat_on_debits": True},
        {"611000": "100.00", "445660": "20.00", "401000": "-120.00"},
    ),
    "intra-EU goods": (
        [kept("100", "607000", "INTRA_EU_GOODS")],
        {},
        {"607000": "100.00", "445660": "20.00", "445200": "-20.00", "401000": "-100.00"},
    ),
    "services from abroad": (
        [kept("100", "604000", "SERVICES_ABROAD")],
        {},
        {"604000": "100.00", "445660": "20.00", "445210": "-20.00", "401000": "-100.00"},
    ),
    "construction": (
        [kept("100", "611000", "CONSTRUCTION", "10")],
        {},
        {"611000": "100.00", "445660": "10.00", "445716": "-10.00", "401000": "-100.00"},
    ),
    "import": (
        [kept("100", "607000", "IMPORT")],
        {},
        {"607000": "100.00", "445660": "20.00", "445300": "-20.00", "401000": "-100.00"},
    ),
    "fixed asset": (
        [kept("2000", "218300", "ASSET")],
        {},
        {"218300": "2000.00", "445620": "400.00", "404000": "-2400.00"},
    ),
    "a fixed asset from the EU": (
        [kept("2000", "215000", "INTRA_EU_GOODS")],
        {},
        {"215000": "2000.00", "445620": "400.00", "445200": "-400.00", "404000": "-2000.00"},
    ),
    "no VAT": ([kept("100", "616000", "NO_VAT", "0")], {}, {"616000": "100.00", "401000": "-100.00"}),
    "VAT of another country": (
        [kept("100", "625100", "NO_VAT", "19")],
        {},
        {"625100": "119.00", "401000": "-119.00"},
    ),
    "nothing deductible": (
        [kept("100", "625100", "SERVICES", "10", deductible_share=Decimal(0))],
        {},
        {"625100": "110.00", "401000": "-110.00"},
    ),
    "a share deductible, and what the State owes rounded": (
        [kept("33.33", "606100", deductible_share=Decimal(80))],
        {},
        {"606100": "34.66", "445660": "5.34", "401000": "-40.00"},
    ),
    "a share of what we owe ourselves": (
        [kept("100", "604000", "SERVICES_ABROAD", deductible_share=Decimal(50))],
        {},
        {"604000": "110.00", "445660": "10.00", "445210": "-20.00", "401000": "-100.00"},
    ),
    "two rates and two accounts": (
        [kept("100", "607000"), kept("10", "606400", rate="5.5"), kept("-20", "607000", description="Remise")],
        {},
        {"607000": "80.00", "606400": "10.00", "445660": "16.55", "401000": "-106.55"},
    ),
    "a deposit": (
        [kept("30", "409100", "SERVICES")],
        {"kind": "386"},
        {"409100": "30.00", "445640": "6.00", "401000": "-36.00"},
    ),
    "a credit note": (
        [kept("100", "607000")],
        {"kind": "381"},
        {"607000": "-100.00", "445660": "-20.00", "401000": "120.00"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_purchase_books_its_case(supplier, case):
    lines, values, expected = CASES[case]
    purchase = a_checked_purchase(supplier, lines, **values)
    assert purchase.status == PurchaseStatus.BOOKED
    assert booked(purchase) == dict(sorted(expected.items()))
    entry = JournalEntry.objects.get(source=purchase.subject)
    assert (entry.journal, entry.day, entry.piece, entry.piece_date) == (
        "HA",
        DAY,
        purchase.reference,
        purchase.issue_date,
    )
    third = entry.lines.exclude(customer=None).values_list("account", flat=True)
    assert supplier_account(purchase) in third
    settle()


def test_the_supplier_s_own_rounding_is_what_is_deducted(supplier):
    purchase = a_purchase(supplier, number="R-1")
    lines = [kept("33.34", "607000"), kept("33.33", "606400"), kept("33.33", "606300")]
    save_purchase(purchase=purchase, values={}, lines=lines, **WHO)
    purchase.vat_rows.update(amount=Decimal("20.02"))
    PurchaseInvoice.objects.filter(pk=purchase.pk).update(total_vat=Decimal("20.02"), total_gross=Decimal("120.02"))
    check_purchase(purchase=purchase, **WHO)
    assert booked(purchase)["445660"] == "20.02"


def test_who_charges_no_vat_deducts_none(company, supplier):
    company.vat_regime = VatRegime.FRANCHISE
    company.save(update_fields=["vat_regime"])
    goods = a_checked_purchase(supplier, [kept("100", "607000")])
    abroad = a_checked_purchase(supplier, [kept("100", "604000", "SERVICES_ABROAD")])
    assert booked(goods) == {"401000": "-120.00", "607000": "120.00"}
    assert booked(abroad) == {"401000": "-100.00", "445210": "-20.00", "604000": "120.00"}


# -- VAT on services follows the money ---------------------------------------------------------------------------------


def test_vat_on_services_moves_with_each_payment_per_rate_and_the_last_takes_the_cent(supplier):
    lines = [kept("100", "611000", "SERVICES"), kept("10.01", "613500", "SERVICES", "5.5"), kept("5", "606400")]
    purchase = a_checked_purchase(supplier, lines)
    assert booked(purchase)["445640"] == "20.55"
    seen = []
    for _third in range(3):
        amount = min(Decimal("45.52"), PurchaseInvoice.objects.get(pk=purchase.pk).balance)
        pay(purchase, amount)
        seen.append((booked(purchase).get("445640", "0"), booked(purchase)["445660"]))
    assert seen == [("13.70", "7.85"), ("6.85", "14.70"), ("0", "21.55")]
    assert pay(purchase, "-45.53").status == PurchaseStatus.BOOKED
    assert booked(purchase)["445640"] == "6.85"
    pay(purchase, "-91.03")
    assert booked(purchase)["445640"] == "20.55", "undone exactly"
    settle()


def test_what_is_not_booked_or_not_owed_takes_no_money(supplier):
    with pytest.raises(NotOwed):
        pay(a_purchase(supplier, [a_bought_line("7")], number="N-1"), "1")
    purchase = a_checked_purchase(supplier, [kept("100", "607000")])
    with pytest.raises(PaidTwice, match=r"Il reste 120,00\s€ à régler sur ACH-2026-00002"):
        pay(purchase, "120.01")
    assert pay(purchase, "120").status == PurchaseStatus.PAID
    with pytest.raises(PaidTwice):
        pay(purchase, "0.01")
    with pytest.raises(PaidTwice):
        pay(purchase, "-120.01")


# -- deposits ------------------------------------------------------------------------------------------------------


def test_the_final_invoice_takes_its_deposit_back_with_its_vat(supplier):
    deposit = a_checked_purchase(supplier, [kept("30", "409100", "SERVICES")], kind="386", number="D-1")
    pay(deposit, "36")
    assert booked(deposit) == {"401000": "-36.00", "409100": "30.00", "445660": "6.00"}
    final = a_checked_purchase(supplier, [kept("100", "611000", "SERVICES")], deposited=Decimal("36.00"))
    assert (final.doubts, final.amount_deposited, final.balance) == ([], Decimal("36.00"), Decimal("84.00"))
    assert booked(final) == {"401000": "-84.00", "409100": "-30.00", "445640": "14.00", "611000": "100.00"}
    assert pay(final, "84").status == PurchaseStatus.PAID
    assert booked(deposit, final) == {"401000": "-120.00", "445660": "20.00", "611000": "100.00"}
    settle()


def test_deposits_that_cover_the_whole_leave_nothing_to_pay_and_no_vat_waiting(supplier):
    a_checked_purchase(supplier, [kept("100", "409100", "SERVICES")], kind="386", number="D-2")
    final = a_checked_purchase(supplier, [kept("100", "611000", "SERVICES")], deposited=Decimal("120.00"))
    assert final.status == PurchaseStatus.PAID
    assert booked(final) == {"409100": "-100.00", "611000": "100.00"}


def test_a_final_invoice_that_forgets_its_deposit_is_doubted_until_a_person_deducts_it_or_says_that_it_is_another(
    supplier,
):
    deposit = a_checked_purchase(supplier, [kept("100", "409100", "SERVICES")], kind="386", number="D-9")
    final = a_purchase(supplier, number="FIN-9")
    assert "deposit_open" in final.doubts
    final = choose_purchase_deposits(purchase=final, deposits=[deposit], **WHO)
    assert "deposit_open" not in final.doubts
    assert "deposit_open" not in a_purchase(supplier, number="FIN-10").doubts, "nothing is left to deduct"


def test_a_refused_final_invoice_frees_its_deposit(supplier):
    deposit = a_checked_purchase(supplier, [kept("30", "409100", "SERVICES")], kind="386", number="D-3")
    final = a_purchase(supplier, number="FIN-3", deposited=Decimal("36.00"))
    assert list(deductible_deposits(a_purchase(supplier, number="FIN-4"))) == []
    with pytest.raises(UnknownReason):
        refuse_purchase(purchase=final, code="PARCE_QUE", reason="", **WHO)
    refuse_purchase(purchase=final, code="TRANSAC_INC", reason="Pas commandé", **WHO)
    assert not PurchaseDeposit.objects.exists()
    another = PurchaseInvoice.objects.get(number="FIN-4")
    choose_purchase_deposits(purchase=another, deposits=[deposit], **WHO)
    assert another.__class__.objects.get(pk=another.pk).amount_deposited == Decimal("36.00")
    with pytest.raises(TransitionRefused):
        refuse_purchase(purchase=final, code="TRANSAC_INC", reason="", **WHO)
    a_purchase(supplier, number="FIN-3")  # what was refused may come again


# -- credit notes --------------------------------------------------------------------------------------------------


def test_a_credit_note_settles_what_it_names_and_its_waiting_vat_goes_with_it(supplier):
    invoice = a_checked_purchase(supplier, [kept("100", "611000", "SERVICES")], number="A-1")
    note = a_checked_purchase(supplier, [kept("40", "611000", "SERVICES")], kind="381", corrects_number="A-1")
    invoice.refresh_from_db()
    assert (note.corrects, note.status, invoice.balance) == (invoice, PurchaseStatus.PAID, Decimal("72.00"))
    assert booked(invoice, note) == {"401000": "-72.00", "445640": "12.00", "611000": "60.00"}
    assert pay(invoice, "72").status == PurchaseStatus.PAID
    assert booked(invoice, note) == {"401000": "-72.00", "445660": "12.00", "611000": "60.00"}


def test_a_credit_note_that_came_first_settles_the_invoice_that_it_names_once_that_is_booked(supplier):
    old = a_checked_purchase(supplier, [kept("10", "607000")], kind="381", corrects_number="A-8", number="AV-8")
    a_checked_purchase(
        supplier, [kept("20", "607000")], kind="381", corrects_number="A-8", number="AV-9", issue_date=date(2026, 11, 1)
    )
    late = a_checked_purchase(supplier, [kept("100", "607000")], number="A-8")
    old.refresh_from_db()
    late.refresh_from_db()
    assert (old.status, late.amount_credited) == ("PAID", Decimal("12.00")), "one older than the invoice is not its own"
    settle()


def test_a_credit_is_used_and_taken_back_between_documents_of_one_supplier(company, supplier):
    note = a_checked_purchase(supplier, [kept("50", "607000")], kind="381")
    asset = a_checked_purchase(supplier, [kept("1000", "218300", "ASSET")])
    elsewhere = a_checked_purchase(a_supplier(company, name="Garage"), [kept("50", "607000")])
    use = {"amount": Decimal("60.00"), **WHO}
    with pytest.raises(NotACredit):
        use_supplier_credit(credit_note=note, purchase=elsewhere, **use)
    with pytest.raises(NotACredit):
        use_supplier_credit(credit_note=asset, purchase=note, **use)
    with pytest.raises(CreditTooSmall):
        use_supplier_credit(credit_note=note, purchase=asset, amount=Decimal("60.01"), **WHO)
    use_supplier_credit(credit_note=note, purchase=asset, **use)
    assert booked(note) == {"404000": "60.00", "445660": "-10.00", "607000": "-50.00"}
    take_back_credit(credit_note=note, purchase=asset, **use)
    note.refresh_from_db()
    assert (note.status, note.balance, booked(note)["401000"]) == (PurchaseStatus.BOOKED, Decimal("60.00"), "60.00")


def test_two_credit_notes_settle_each_other_never_and_one_invoice_together(supplier):
    invoice = a_checked_purchase(supplier, [kept("100", "607000")], number="A-2")
    first = a_checked_purchase(supplier, [kept("70", "607000")], kind="381", corrects_number="A-2", number="C-1")
    second = a_checked_purchase(supplier, [kept("60", "607000")], kind="381", corrects_number="A-2", number="C-2")
    invoice.refresh_from_db()
    assert (invoice.status, first.balance, second.balance) == (PurchaseStatus.PAID, 0, Decimal("36.00"))
    with pytest.raises(NotACredit):
        use_supplier_credit(credit_note=first, purchase=second, amount=Decimal(1), **WHO)


# -- corrected invoices (384) --------------------------------------------------------------------------------------


def test_a_corrected_invoice_takes_the_place_of_what_it_names(supplier):
    deposit = a_checked_purchase(supplier, [kept("30", "409100", "SERVICES")], kind="386", number="D-4")
    wrong = a_checked_purchase(supplier, [kept("100", "607000")], number="A-3", deposited=Decimal("36.00"))
    right = a_checked_purchase(
        supplier,
        [kept("90", "607000")],
        kind="384",
        corrects_number="A-3",
        number="A-3bis",
        deposited=Decimal("36.00"),
    )
    wrong.refresh_from_db()
    assert (wrong.status, right.status, right.balance) == ("REPLACED", "BOOKED", Decimal("72.00"))
    assert booked(wrong) == {}
    assert booked(right) == {"401000": "-72.00", "409100": "-30.00", "445660": "12.00", "607000": "90.00"}
    assert deposit.deducted_by.get(is_live=True).purchase == right
    settle()


def test_what_is_paid_is_not_replaced_before_the_money_is_taken_back(supplier):
    wrong = a_checked_purchase(supplier, [kept("100", "607000")], number="A-4")
    pay(wrong, "50")
    right = a_purchase(supplier, kind="384", corrects_number="A-4", number="A-4bis", doubts=[])
    save_purchase(purchase=right, values={}, lines=[kept("100", "607000")], **WHO)
    with pytest.raises(HoldsPurchasePayments):
        check_purchase(purchase=right, **WHO)
    assert PurchaseInvoice.objects.get(pk=right.pk).status == PurchaseStatus.TO_CHECK, "nothing half done"
    pay(wrong, "-50")
    check_purchase(purchase=right, **WHO)
    assert booked(wrong) == {}


def test_a_correction_that_came_first_or_was_read_wrong_still_replaces_its_original(supplier):
    first = a_purchase(supplier, kind="384", corrects_number="A-5", number="A-5bis")
    wrong = a_checked_purchase(supplier, [kept("80", "607000")], number="A-5")
    first.refresh_from_db()
    save_purchase(purchase=first, values={}, lines=[kept("100", "607000")], **WHO)
    check_purchase(purchase=first, **WHO)
    assert booked(wrong) == {}, "the number that it names came after it"

    wrong = a_checked_purchase(supplier, [kept("70", "607000")], number="A-6")
    read = a_purchase(supplier, kind="384", corrects_number="A-G", number="A-6bis")
    save_purchase(purchase=read, values={"corrects_number": "A-6"}, lines=[kept("100", "607000")], **WHO)
    read.refresh_from_db()
    assert read.corrects == wrong, "a person read the number again"

    a_checked_purchase(supplier, [kept("60", "607000")], kind="384", corrects_number="A-7", number="A-7bis")
    late = a_purchase(supplier, [a_bought_line("66.00")], number="A-7")
    assert late.doubts == ["replaced"], "what replaces it is in the books: both would be owed"


def test_only_what_is_approved_or_booked_is_amended(supplier):
    waiting = a_purchase(supplier)
    with pytest.raises(NothingToAmend):
        amend_purchase(purchase=waiting, values={"iban": IBAN}, **WHO)
    assert PurchaseInvoice.objects.get(pk=waiting.pk).iban == ""


# -- charges paid in advance ---------------------------------------------------------------------------------------


def test_a_charge_paid_in_advance_is_taken_month_by_month_once(company, supplier):
    line = kept("1000", "616000", "NO_VAT", "0", starts_on=date(2026, 11, 16), ends_on=date(2027, 2, 15))
    purchase = a_checked_purchase(supplier, [line])
    assert booked(purchase) == {"401000": "-1000.00", "486000": "1000.00"}
    assert [(share.due_on, str(share.amount)) for share in PrepaidShare.objects.order_by("due_on")] == [
        (date(2026, 11, 30), "163.04"),
        (date(2026, 12, 31), "336.96"),
        (date(2027, 1, 31), "336.96"),
        (date(2027, 2, 15), "163.04"),
    ]
    sweep = {"company_id": company.pk, **WHO}
    assert [book_due_shares(on=day, **sweep) for day in (date(2026, 11, 29), date(2026, 12, 31))] == [0, 2]
    assert booked(purchase) == {"401000": "-1000.00", "486000": "500.00", "616000": "500.00"}
    assert book_due_shares(on=date(2026, 12, 31), **sweep) == 0
    assert book_due_shares(on=date(2027, 3, 1), **sweep) == 2
    assert booked(purchase) == {"401000": "-1000.00", "616000": "1000.00"}


def test_a_replaced_charge_goes_back_where_it_came_from(company, supplier):
    period = {"starts_on": date(2026, 10, 1), "ends_on": date(2026, 12, 31)}
    wrong = a_checked_purchase(supplier, [kept("900", "616000", "NO_VAT", "0", **period)], number="A-5")
    book_due_shares(company_id=company.pk, on=DAY, **WHO)
    assert booked(wrong)["616000"] == "303.26"
    right = [kept("600", "616000", "NO_VAT", "0", **period)]
    a_checked_purchase(supplier, right, kind="384", corrects_number="A-5", number="A-5bis")
    assert booked(wrong) == {}
    assert book_due_shares(company_id=company.pk, on=date(2027, 1, 1), **WHO) == 3


@pytest.mark.parametrize("days", [1, 32, 100, 366, 1100])
def test_shares_of_a_period_are_the_whole_to_the_cent(days):
    chance = random.Random(days)
    for _round in range(20):
        start = date(2026, 1, 1) + timedelta(days=chance.randrange(900))
        amount = Decimal(chance.randrange(-10_000_000, 10_000_000)) / 100
        shares = shares_of(amount, start, start + timedelta(days=days))
        assert sum(share for _day, share in shares) == amount
        assert [day for day, _share in shares] == sorted({day for day, _share in shares})


# -- guards --------------------------------------------------------------------------------------------------------


def test_what_is_not_complete_or_in_doubt_goes_nowhere(supplier):
    doubtful = a_purchase(supplier, [a_bought_line("7")], doubts=["low_confidence"], number="G-1")
    with pytest.raises(OpenDoubts, match="relisez-le"):
        check_purchase(purchase=doubtful, **WHO)
    guessed = a_purchase(supplier, number="G-2")
    PurchaseInvoice.objects.get(pk=guessed.pk).lines.update(account="", proposed_because={})
    with pytest.raises(IncompletePurchase) as refused:
        check_purchase(purchase=guessed, **WHO)
    assert refused.value.fields == {"line_1": "Choisissez un compte."}
    guessed.lines.update(account="628000", proposed_because={"kind": "default"})
    with pytest.raises(IncompletePurchase, match="complète"):
        check_purchase(purchase=guessed, **WHO)
    guessed.lines.update(account="606400", net=Decimal("99.99"), proposed_because={})
    with pytest.raises(IncompletePurchase) as refused:
        check_purchase(purchase=guessed, **WHO)
    assert refused.value.fields.keys() == {"total_net", "vat_rows"}


def test_another_currency_is_not_booked(supplier):
    purchase = a_checked_purchase(supplier, [kept("100", "607000")], currency="USD")
    assert purchase.status == PurchaseStatus.APPROVED
    with pytest.raises(ForeignCurrency, match="USD"):
        book_purchase(purchase=purchase, on=DAY, **WHO)
    assert not JournalEntry.objects.exists()


def test_a_disputed_purchase_is_not_approved_until_the_dispute_is_over(supplier):
    purchase = a_purchase(supplier, number="L-1")
    dispute_purchase(purchase=purchase, code="QTE_ERR", reason="2 cartons manquent", **WHO)
    waiting = check_purchase(purchase=purchase, **WHO)
    assert waiting.status == PurchaseStatus.TO_APPROVE
    settle_dispute(purchase=purchase, **WHO)
    person = Actor.user(people.a_person(supplier.company))
    assert approve_purchase(purchase=purchase, actor=person, at=AT).status == PurchaseStatus.BOOKED
    assert PurchaseInvoice.objects.payable().count() == 1
    dispute_purchase(purchase=purchase, code="QTE_ERR", reason="encore", **WHO)
    assert PurchaseInvoice.objects.payable().count() == 0


# -- the property ----------------------------------------------------------------------------------------------------

KINDS = (
    ("607000", "GOODS", "20"),
    ("611000", "SERVICES", "20"),
    ("613500", "SERVICES", "10"),
    ("622600", "SERVICES_DEBITS", "20"),
    ("604000", "SERVICES_ABROAD", "20"),
    ("607000", "INTRA_EU_GOODS", "5.5"),
    ("218300", "ASSET", "20"),
    ("616000", "NO_VAT", "0"),
)


def a_random_purchase(chance, supplier, number):
    lines = [
        kept(
            str(Decimal(chance.randint(1, 90_000)) / 100),
            account,
            regime,
            rate,
            deductible_share=Decimal(chance.choice((100, 100, 80, 0))),
        )
        for account, regime, rate in (chance.choice(KINDS) for _line in range(chance.randint(1, 4)))
    ]
    kind = chance.choice(("380", "380", "380", "381"))
    return a_checked_purchase(supplier, lines, kind=kind, number=f"P-{number}")


def test_suppliers_and_vat_follow_the_documents_whatever_is_bought_credited_and_paid(company):
    chance = random.Random(1407)
    suppliers = [a_supplier(company), a_supplier(company, name="Garage Martin")]
    for number in range(a_fifth(100)):
        a_random_purchase(chance, chance.choice(suppliers), number)
        open_ones = list(PurchaseInvoice.objects.owed())
        for _act in range(2):
            chosen = PurchaseInvoice.objects.get(pk=chance.choice(open_ones).pk)
            notes = list(PurchaseInvoice.objects.owed().filter(kind="381", supplier=chosen.supplier))
            if notes and not chosen.is_credit_note and chosen.balance:
                amount = min(notes[0].balance, chosen.balance)
                use_supplier_credit(credit_note=notes[0], purchase=chosen, amount=amount, **WHO)
            elif chosen.balance:
                pay(chosen, max(Decimal("0.01"), (chosen.balance * chance.randint(1, 4) / 4).quantize(Decimal("0.01"))))
            paid = PurchaseInvoice.objects.get(pk=chosen.pk).amount_paid
            if paid and chance.random() < 0.3:
                pay(chosen, -min(paid, Decimal("1.11")))
    settle()
    for one in suppliers:
        lines = JournalLine.objects.filter(customer=one, account__in=("401000", "404000"))
        in_books = sum(line.credit - line.debit for line in lines)
        rows = PurchaseInvoice.objects.filter(supplier=one)
        # the entries of the money itself are those of who moves it
        assert in_books == sum(row.sign * (row.balance + row.amount_paid) for row in rows)
    rows = list(PurchaseInvoice.objects.prefetch_related("lines", "vat_rows"))
    assert balance_of("445660", "445640", "445620") == sum(
        row.sign * part.amount for row in rows for part in vat_parts(row)
    )
    assert balance_of("445640") == sum(
        row.sign * (part.amount - round2(part.amount * (row.amount_paid + row.amount_credited) / row.total_gross))
        for row in rows
        for part in vat_parts(row)
        if part.account == "445640"
    )
    assert {row.status for row in rows} == {PurchaseStatus.BOOKED, PurchaseStatus.PAID}


def balance_of(*accounts):
    lines = JournalLine.objects.filter(account__in=accounts)
    return sum(line.debit - line.credit for line in lines)
