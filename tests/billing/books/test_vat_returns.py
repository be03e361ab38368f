"""The boxes of a CA3 from the books, declared in the order of periods, settled, and closed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F, Sum

from billing.ledger.calendar import calendar_of
from billing.ledger.entries import Entry, Posting, post
from billing.ledger.manual import ManualLine, VatDeclared, write_entry
from billing.ledger.reports import Parameters, report_called
from billing.ledger.vat import vat_to_come
from billing.ledger.vat.boxes import declaration_of
from billing.ledger.vat.declared import lines_within, totals_within
from billing.ledger.vat.editions import EDITIONS, edition_on
from billing.ledger.vat.filing import (
    DeclaredAlready,
    NoVatToDeclare,
    PeriodNotOver,
    RefundNotPossible,
    file_return,
    settlement_of,
)
from billing.ledger.vat.periods import UnknownVatPeriod, parse_vat_period
from billing.ledger.vat.schedule import (
    FirstPeriodElsewhere,
    OtherRhythm,
    PeriodMissing,
    choose_schedule,
    usual_rhythm,
)
from billing.models import JournalLine, VatReturn
from config.kernel.actor import Actor
from config.kernel.models import VatRegime
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Customer
from payments.models import WriteOffReason
from payments.services.write_offs import write_off
from tests.billing.books.test_fec_writing import an_entry
from tests.factories import money, people, purchases, story
from tests.factories.story import ACTOR

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER = parse_vat_period("2026-10"), parse_vat_period("2026-11")
IN_OCTOBER = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
IN_NOVEMBER = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
IN_DECEMBER = datetime(2026, 12, 16, 9, 0, tzinfo=UTC)


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def goods(price: str = "1000.00", **values: Any) -> Any:
    return story.a_line("Chaise", **{"quantity": Decimal(1), "unit_price": Decimal(price), **values})


def a_service(price: str = "1000.00", **values: Any) -> Any:
    return goods(price, is_service=True, **values)


def sell(company: Any, *lines: Any, at: datetime = IN_OCTOBER, **values: Any) -> Any:
    return story.an_issued_invoice(story.a_customer(company), lines or [goods()], at=at, **values)


def buy(company: Any, regime: str, net: str, *, at: datetime = IN_OCTOBER) -> Any:
    account = "611000" if "SERVICES" in regime else "607000"
    lines = [purchases.kept(net, account, regime)]
    known = Customer.objects.filter(name="Papeteries du Rhône").first()
    supplier = known or purchases.a_supplier(company)
    return purchases.a_checked_purchase(supplier, lines, at=at, received_on=at.date(), issue_date=at.date())


def boxes(company: Any, period: Any = OCTOBER, **options: Any) -> dict[str, tuple[Any, ...]]:
    """What each box says, base and tax where it has them."""
    found = declaration_of(company, period.starts_on, period.ends_on, **options).figures
    return {
        code: tuple(
            value for value, shown in ((figure.base, figure.box.has_base), (figure.tax, figure.box.has_tax)) if shown
        )
        for code, figure in found.items()
        if figure.base or figure.tax
    }


def balance(account: str) -> Decimal:
    rows = JournalLine.objects.filter(account__startswith=account)
    return rows.aggregate(sum=Sum(F("debit") - F("credit"), default=Decimal(0)))["sum"]


def file(company: Any, period: Any = OCTOBER, *, at: datetime = IN_NOVEMBER, refund: str = "0") -> VatReturn:
    return file_return(company=company, period=period, actor=ACTOR, at=at, refund=Decimal(refund))


def test_sales_stand_by_rate_and_a_service_where_it_is_paid(company):
    sell(company, goods(), goods("200.00", vat_rate=Decimal("5.5")))
    service = sell(company, a_service())
    money.a_payment(service.customer, "600", [(service, "600")], at=IN_NOVEMBER, paid_on=date(2026, 11, 3))
    assert boxes(company) == {
        "A1": (1200,), "08": (1000, 200), "09": (200, 11), "16": (211,), "TD": (211,), "28": (211,), "32": (211,),
    }  # fmt: skip
    november = boxes(company, NOVEMBER)
    assert (november["A1"], november["08"]) == ((500,), (500, 100))


def test_what_a_period_takes_off_stands_positive_where_the_form_wants_it(company):
    invoice = sell(company, goods("5000.00"))
    sell(company, goods("300.00"), at=IN_NOVEMBER)
    money.credit_invoice(
        invoice=invoice, parts=story.a_return(invoice, 1), reason="Retour", actor=ACTOR, at=IN_NOVEMBER
    )
    found = boxes(company, NOVEMBER)
    assert (found["A1"], found["08"], found["B5"], found["21"]) == ((300,), (300, 60), (5000,), (1000,))
    assert (found["25"], found["27"]) == ((940,), (940,))
    assert all(figure >= 0 for row in found.values() for figure in row)


def test_a_loss_takes_off_its_tax_alone(company):
    invoice = sell(company)
    write_off(
        invoice=invoice, amount=Decimal(1200), reason=WriteOffReason.LOSS, with_vat=True, note="Jugement",
        actor=ACTOR, at=IN_NOVEMBER,
    )  # fmt: skip
    found = boxes(company, NOVEMBER)
    assert found["21"] == (200,)
    assert "B5" not in found


def test_sales_without_vat_stand_by_nature(company):
    sell(
        company,
        goods(vat_rate=Decimal(0), vat_category="K", exemption_code="VATEX-EU-IC"),
        a_service("300.00", vat_rate=Decimal(0), vat_category="AE", exemption_code="VATEX-EU-AE"),
        goods("70.00", vat_rate=Decimal(0), vat_category="G", exemption_code="VATEX-EU-G"),
    )
    found = boxes(company)
    assert (found["F2"], found["E2"], found["E1"]) == ((1000,), (300,), (70,))
    assert "A1" not in found


def test_what_we_owe_ourselves_is_due_and_deducted(company):
    buy(company, "INTRA_EU_GOODS", "100.00", at=IN_OCTOBER)
    buy(company, "SERVICES_ABROAD", "50.00", at=IN_OCTOBER)
    found = boxes(company)
    assert (found["B2"], found["A3"], found["08"], found["17"], found["20"]) == (
        (100,), (50,), (150, 30), (20,), (30,),
    )  # fmt: skip


def test_operations_make_the_sum_of_the_bases_by_rate(company):
    sell(company, goods("10.50"), goods("10.50", vat_rate=Decimal(10)), goods("10.40", vat_rate=Decimal("5.5")))
    found = boxes(company)
    assert (found["08"], found["9B"], found["09"]) == ((11, 2), (11, 1), (10, 1))
    assert found["A1"] == (32,)


def test_every_euro_has_its_document_and_the_lines_make_the_exact_sums(company):
    for price in ("10.01", "20.02", "33.33"):
        sell(company, goods(price))
    declaration = declaration_of(company, OCTOBER.starts_on, OCTOBER.ends_on)
    figure = declaration.figures["08"]
    assert (
        sum(line.vat for line in figure.lines)
        == figure.exact_tax
        == totals_within(company, OCTOBER.starts_on, OCTOBER.ends_on)[0]
    )
    assert sum(line.base for line in figure.lines) == figure.exact_base == Decimal("63.36")
    assert all(line.number and line.piece and line.document for line in figure.lines)


def test_declaring_settles_every_account_and_closes_the_books(company):
    sell(company, goods("10.01"))
    buy(company, "GOODS", "5.00", at=IN_OCTOBER)
    row = file(company)
    assert (row.to_pay, row.carried, row.code) == (1, 0, "2026-10")
    assert balance("44571") == balance("44566") == 0
    assert balance("445510") == -1
    entry = settlement_of(row)
    assert entry is not None
    assert (entry.day, entry.journal) == (date(2026, 10, 31), "OD")
    assert sum(line.debit - line.credit for line in entry.lines.all()) == 0
    assert calendar_of(company.pk).hard == date(2026, 10, 31)
    with pytest.raises(DeclaredAlready):
        file(company)
    assert VatReturn.objects.count() == 1


def test_what_comes_late_is_declared_in_the_next_period(company):
    service = sell(company, a_service())
    file(company)
    money.a_payment(service.customer, "1200", [(service, "1200")], at=IN_NOVEMBER, paid_on=date(2026, 10, 20))
    assert boxes(company, NOVEMBER)["08"] == (1000, 200)
    assert "08" not in boxes(company)


def test_a_credit_is_carried_used_and_paid_back_from_its_least_amount(company):
    buy(company, "GOODS", "5000.00", at=IN_OCTOBER)
    with pytest.raises(RefundNotPossible):
        file(company, refund="759")
    with pytest.raises(RefundNotPossible):
        file(company, refund="1001")
    assert not VatReturn.objects.exists()
    row = file(company, refund="800")
    assert (row.to_pay, row.carried, row.refund) == (0, 200, 800)
    assert (balance("445670"), balance("445830"), balance("44566")) == (200, 800, 0)
    sell(company, at=IN_NOVEMBER)
    sell(company, at=IN_NOVEMBER)
    second = file(company, NOVEMBER, at=IN_DECEMBER)
    assert (second.boxes["22"]["tax"], second.to_pay) == ("200", 200)
    assert (balance("445670"), balance("445510"), balance("44571")) == (0, -200, 0)


def test_periods_are_declared_once_they_are_over_one_after_the_other(company):
    with pytest.raises(PeriodNotOver):
        file(company, NOVEMBER)
    file(company, parse_vat_period("2026-08"))
    with pytest.raises(PeriodMissing):
        file(company)


def test_the_first_return_is_of_the_first_vat_of_the_books_or_of_the_period_that_was_chosen(company):
    sell(company)
    with pytest.raises(PeriodMissing):
        file(company, NOVEMBER, at=IN_DECEMBER)
    quarter = parse_vat_period("2026-T4")
    choose_schedule(company=company, first=quarter, actor=ACTOR, at=IN_DECEMBER)
    with pytest.raises(OtherRhythm):
        file(company)
    assert usual_rhythm(company) == "quarter"
    choose_schedule(company=company, first=parse_vat_period("2026-10"), actor=ACTOR, at=IN_NOVEMBER)
    with pytest.raises(PeriodMissing):
        file(company, parse_vat_period("2026-08"))
    file(company)
    with pytest.raises(FirstPeriodElsewhere):
        choose_schedule(company=company, first=parse_vat_period("2027-T1"), actor=ACTOR, at=IN_DECEMBER)
    choose_schedule(company=company, first=NOVEMBER, actor=ACTOR, at=IN_DECEMBER)
    file(company, NOVEMBER, at=IN_DECEMBER)


def test_under_the_franchise_nothing_is_declared(company):
    company.vat_regime = VatRegime.FRANCHISE
    company.save(update_fields=["vat_regime"])
    assert boxes(company) == {}
    assert vat_to_come(company, date(2026, 11, 30)).amount == 0
    with pytest.raises(NoVatToDeclare):
        file(company)


def test_a_return_stands_as_it_was_filed(company):
    row = file(company)
    for act in (lambda: VatReturn.objects.filter(pk=row.pk).update(to_pay=5), row.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_what_a_person_writes_by_hand_is_another_taxable_operation(company):
    entry = Entry(
        label="Cession d’un véhicule", piece="OD1", piece_date=date(2026, 10, 5), source=company_row(company),
        on=date(2026, 10, 5),
        postings=[Posting("462000", Decimal(120)), Posting("757000", Decimal(-100)), Posting("445711", Decimal(-20))],
    )  # fmt: skip
    post([entry], journal="OD", day=date(2026, 10, 5), actor=ACTOR, at=IN_OCTOBER)
    assert (boxes(company)["A2"], boxes(company)["08"]) == ((100,), (100, 20))


def company_row(company: Any) -> Any:
    return story.a_customer(company)


def test_vat_to_come_is_what_the_running_periods_owe(company):
    sell(company)
    file(company)
    sell(company, goods("500.00"), at=IN_NOVEMBER)
    buy(company, "GOODS", "100.00", at=IN_NOVEMBER)
    found = vat_to_come(company, date(2026, 11, 30))
    assert (found.since, found.due, found.deductible, found.amount) == (date(2026, 11, 1), 100, 20, 80)


def test_pending_vat_and_sales_within_the_union_are_reports(company):
    service = sell(company, a_service())
    buy(company, "SERVICES", "100.00", at=IN_OCTOBER)
    customer = story.a_customer(company, address={"country": "DE"}, vat_number="DE123456788", siret="")
    lines = [
        goods(vat_rate=Decimal(0), vat_category="K", exemption_code="VATEX-EU-IC"),
        a_service("300.00", vat_rate=Decimal(0), vat_category="AE", exemption_code="VATEX-EU-AE"),
    ]
    story.an_issued_invoice(customer, lines, at=IN_OCTOBER)
    asked = Parameters(company=company, start=OCTOBER.starts_on, end=OCTOBER.ends_on)
    waiting = report_called("vat-waiting").build(asked)
    assert waiting.totals[0].cells | {} == {"label": "Total", "collected": 200, "deductible": 20}
    assert {row.cells["label"] for row in waiting.rows} >= {service.number}
    (row,) = report_called("sales-union").build(asked).rows
    assert (row.cells["vat_number"], row.cells["goods"], row.cells["services"]) == ("DE123456788", 1000, 300)


def test_the_edition_is_that_of_the_last_day_of_the_period():
    assert edition_on(date(2026, 1, 31)).name.endswith("*31)")
    assert edition_on(date(2025, 12, 31)).name.endswith("*30)")
    assert edition_on(date(2019, 1, 1)) == EDITIONS[-1]
    codes = [box.code for box in EDITIONS[0].boxes]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "2026-T5", "26-10", "2026-10-01", "2026-T1 "])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(UnknownVatPeriod):
        parse_vat_period(text)


def test_quarters_follow_quarters_and_months_months():
    quarter = parse_vat_period("2026-T4")
    assert (quarter.starts_on, quarter.ends_on, quarter.following().code) == (
        date(2026, 10, 1), date(2026, 12, 31), "2027-T1",
    )  # fmt: skip
    assert parse_vat_period("2027-02").ends_on == date(2027, 2, 28)
    assert OCTOBER.following() == NOVEMBER


def test_lines_of_another_company_are_not_declared(company):
    other = story.a_company()
    with company_scope(other):
        sell(other)
    assert list(lines_within(company, OCTOBER.starts_on, OCTOBER.ends_on)) == []


def test_vat_of_a_declared_period_kept_for_accountants_is_told_in_the_next(company):
    """The year before is open: who may write in what was declared moves no VAT into it."""
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2025, 6, 2))
    service = sell(company, a_service())
    file(company)
    assert calendar_of(company.pk).hard is None
    before = boxes(company)
    accountant = Actor.user(people.a_person(company, Role.ACCOUNTANT))
    money.a_payment(
        service.customer, "1200", [(service, "1200")], actor=accountant, at=IN_NOVEMBER, paid_on=date(2026, 10, 20)
    )
    assert JournalLine.objects.get(account="411000", credit=1200).day == date(2026, 10, 20)
    assert boxes(company) == before
    assert boxes(company, NOVEMBER)["08"] == (1000, 200)
    lines = [ManualLine("471000", Decimal(20)), ManualLine("445711", Decimal(-20))]
    by_hand = {"company": company, "journal": "OD", "label": "Régularisation", "lines": lines, "actor": accountant}
    with pytest.raises(VatDeclared, match="31"):
        write_entry(day=date(2026, 10, 20), at=IN_NOVEMBER, **by_hand)
    write_entry(day=date(2026, 11, 1), at=IN_NOVEMBER, **by_hand)
    assert boxes(company) == before
