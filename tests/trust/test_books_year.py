"""A year of random documents through the services: the books agree on each day, and say the same when asked later."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

from billing.billed import NET, VAT, billed
from billing.ledger.calendar import calendar_of
from billing.ledger.closing import close_books
from billing.ledger.fec.checking import check_fec
from billing.ledger.fec.writing import fec_of
from billing.ledger.reports import Parameters, report_called
from billing.ledger.vat.declared import lines_within
from billing.ledger.years import year_ending_in
from billing.models import ClosingKind, Invoice, JournalLine, PurchaseInvoice
from billing.purchases.payables import aged_payables
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.aged.reading import account_balance, aged_by_third_party, aged_documents
from payments.models import Payment, Refund, WriteOff
from tests.billing.books.outside_checker import CHECKER, outside_verdicts
from tests.factories import story
from tests.trust.at_once import WHOLE
from tests.trust.year_acts import Year

pytestmark = pytest.mark.trust

DOCUMENTS = 12_000 if WHOLE else 120
EACH = 200 if WHOLE else 30  # acts between two looks at everything
YEAR = timedelta(days=350)
SIDES = ("receivable", "payable")
Asked = dict[str, Any]


def asked(company: Company, day: date, **changes: Any) -> Parameters:
    return Parameters(company=company, **{"start": date(day.year, 1, 1), "end": day, **changes})


def aged(company: Company, day: date, **changes: Any) -> Asked:
    """Both balances of a day, by third party and by document."""
    parameters = asked(company, day, **changes)
    return {side: (aged_by_third_party(side, parameters), aged_documents(side, parameters)) for side in SIDES}


@pytest.mark.django_db
def test_the_books_of_a_year_agree_on_each_day_and_are_the_same_when_asked_later(tmp_path: Path):
    company = story.a_company()
    with company_scope(company):
        year = Year(company, random.Random(2025), step=YEAR / DOCUMENTS)
        year.open()
        then: dict[date, tuple[datetime, Asked]] = {}
        closed: dict[date, Asked] = {}
        for place in range(DOCUMENTS):
            before = year.today
            year.do_something()
            end = year.today.replace(day=1) - timedelta(days=1)
            if before <= end:
                then[end] = year.at, aged(company, end)
            if year.today.day > 12 and end.year == 2025 and end not in closed:
                close_books(company=company, kind=ClosingKind.HARD, through=end, actor=story.ACTOR, at=year.at)
                closed[end] = aged(company, end)
            if place % EACH == 0:
                check_day(company, year.today)
        assert set(year.done) >= {"sell", "receive", "buy"}
        check_day(company, year.today)
        for day, (at, found) in then.items():
            assert aged(company, day, known_at=at) == found, f"{day} as it was known at {at}"
        for day, found in closed.items():
            assert aged(company, day) == found, f"{day}, closed for good"
        for day in {*then, *closed, *(year.chance.choice(days()) for _day in range(5))}:
            check_past(company, day)
        check_sales(company)
        check_vat(company)
        check_files(company, year.today, tmp_path)


def days() -> list[date]:
    found = JournalLine.objects.order_by("day").values_list("day", flat=True).distinct()
    return list(found)


def check_day(company: Company, today: date) -> None:
    """As of now: what the documents say by themselves is what the accounts bear."""
    check_past(company, today)
    owed = sum((one.balance for one in Invoice.objects.issued()), Decimal(0))
    credit = sum((one.unallocated for one in Payment.objects.all()), Decimal(0))
    parameters = asked(company, today)
    assert account_balance("receivable", parameters) == owed - credit
    rows = PurchaseInvoice.objects.filter(booked_on__isnull=False).exclude(status="REPLACED")
    assert account_balance("payable", parameters) == sum((row.sign * row.balance for row in rows), Decimal(0))
    documents = aged_documents("receivable", parameters)
    left = {one.key: one.amount for one in documents if one.kind == "I"}
    assert left == {one.pk: one.balance for one in Invoice.objects.issued() if one.balance}
    unused = {one.key: -one.amount for one in documents if one.kind == "P"}
    assert unused == {one.pk: one.unallocated for one in Payment.objects.all() if one.unallocated}
    received = Payment.objects.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    given = Refund.objects.filter(cancelled_at=None).aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    paid = -booked("^40[14]", debit_of="^5")
    assert booked("^5") == received - given + paid


def booked(accounts: str, *, debit_of: str = "") -> Decimal:
    """The balance of accounts; `debit_of`: of their lines in entries that move those accounts too."""
    lines = JournalLine.objects.filter(account__regex=accounts)
    if debit_of:
        lines = lines.filter(entry__lines__account__regex=debit_of)
    return sum((line.debit - line.credit for line in lines.distinct()), Decimal(0))


def check_past(company: Company, day: date) -> None:
    """On any day: debits equal credits, sub-ledgers their accounts, and each aged balance its account."""
    table = report("trial-balance", company, day)
    total = table.totals[-1].cells
    assert (total["debit"], total["debit_balance"], total["opening"]) == (
        total["credit"],
        total["credit_balance"],
        0,
    ), day
    for side in SIDES:
        parameters = asked(company, day)
        balance = account_balance(side, parameters)
        assert sum((row.total for row in aged_by_third_party(side, parameters)), Decimal(0)) == balance, (side, day)
        assert sum((one.amount for one in aged_documents(side, parameters)), Decimal(0)) == balance, (side, day)
    by_party: Counter[str] = Counter()
    for row in report("third-parties", company, day).rows:
        if row.kind == "subtotal":
            by_party[row.cells["account"][:3]] += row.cells["balance"]
    assert by_party["411"] == account_balance("receivable", asked(company, day))
    assert -(by_party["401"] + by_party["404"]) == account_balance("payable", asked(company, day))
    supplied = sum((age.total for age in aged_payables(company, on=day)), Decimal(0))
    assert supplied == account_balance("payable", asked(company, day)), f"purchases say otherwise on {day}"


def check_sales(company: Company) -> None:
    """Sales by customer, product, month, rate and document are the sum of the documents and those of the accounts."""
    sold = Invoice.objects.issued().aggregate(net=billed(NET), vat=billed(VAT))
    totals = {
        slug: report(f"sales-{slug}", company, date(2026, 2, 1), start=date(2025, 1, 1)).totals[-1].cells
        for slug in ("by-customer", "by-product", "by-month", "documents", "by-rate")
    }
    net = {slug: total["net"] for slug, total in totals.items() if slug != "by-rate"}
    assert set(net.values()) == {-booked("^70")}, net
    for slug in ("by-customer", "by-month", "documents"):
        assert totals[slug]["net"] + totals[slug]["deposits"] == sold["net"], slug
        assert totals[slug]["vat"] == sold["vat"], slug
    assert (totals["by-rate"]["base"], totals["by-rate"]["vat"]) == (sold["net"], sold["vat"])


def check_vat(company: Company) -> None:
    """What is due and what waits is the VAT of the documents, less what bad debts gave back; so by line."""
    sold = Invoice.objects.issued().aggregate(vat=billed(VAT))["vat"]
    given_back = WriteOff.objects.aggregate(sum=Sum("vat_amount", default=Decimal(0)))["sum"]
    assert -booked("^4457[14]") == sold - given_back
    lines = lines_within(company, date(2025, 1, 1), date(2026, 12, 31))
    assert sum((line.vat for line in lines if line.account.startswith("44571")), Decimal(0)) == -booked("^44571")


def check_files(company: Company, today: date, folder: Path) -> None:
    """The FEC of each year is accepted by our checker, and by the outside one where it is at hand."""
    calendar, paths = calendar_of(company.pk), []
    for ending_in in sorted({2025, today.year}):
        file = fec_of(company, year_ending_in(calendar, ending_in, today=today), today=today)
        path = folder / file.name
        path.write_bytes(b"".join(file.chunks()))
        paths.append(path)
        with path.open("rb") as written:
            found = check_fec(written, path.name)
        assert found.ok, found.findings
        bounds = file.year.starts_on, file.through
        assert found.lines == JournalLine.objects.filter(day__range=bounds).count()
    if CHECKER.is_file():
        assert not any(verdict["errors"] for verdict in outside_verdicts(*paths))


def report(slug: str, company: Company, day: date, **changes: Any) -> Any:
    found = report_called(slug)
    assert found is not None
    return found.build(asked(company, day, **changes))
