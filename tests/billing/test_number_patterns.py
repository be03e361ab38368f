"""How numbers are written is a company's choice; that none is given twice, skipped or taken back is not."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse

from billing.models import Invoice, NumberedKind, NumberSequence
from billing.number_patterns import PatternRefused, counter_of, read_pattern, stem_of, taken_apart
from billing.services.issuing import issue_invoice
from billing.services.number_patterns import OTHERS, NumberGiven, SeriesTaken, change_pattern
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.sealed import COUNTERS
from tests.factories import story
from tests.factories.people import signed_in
from tests.trust.at_once import at_once

ROOT = Path(__file__).parents[2]
INVOICE = NumberedKind.INVOICE


def choose(company: Company, text: str, first: int | None = None, kind: NumberedKind = INVOICE) -> None:
    with company_scope(company):
        change_pattern(company=company, kind=kind, text=text, first=first, actor=story.ACTOR, at=story.AT)


def counters_astray(company: Company) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(COUNTERS, {"company": company.pk})
        return list(cursor.fetchall())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("FAC-{AAAA}-{00000}", "FAC-2026-00042"),
        ("F{AA}/{MM}/{000}", "F26/11/042"),
        ("{AAAA}-F-{0000}", "2026-F-0042"),
        ("facture_{00}", "facture_42"),
    ],
)
def test_a_number_is_written_and_read_back_in_one_way(text: str, number: str) -> None:
    pattern, day = read_pattern(text), date(2026, 11, 16)
    assert pattern.number(day, 42) == number
    assert taken_apart(number) == (pattern.stem(day), 42)
    assert stem_of(*counter_of(pattern.stem(day))) == pattern.stem(day)


@pytest.mark.parametrize(
    "text",
    ["", "FAC", "F-{AAAA}{0000}", "F1{0000}", "{AAAA}-{0000}", "F-{MM}-{000}", "F é{000}", "F\n-{000}", "F-{0}{0}",
     "ATELIER-VERONE-{00000}", "F-{0000}-X", "F'-{000}", "{{0}}", "F-{AAA}-{00}"],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_or_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(PatternRefused):
        read_pattern(text)


def test_no_series_of_the_product_is_forgotten() -> None:
    said = re.compile(r'^SERIES = "([A-Z]+)"', re.MULTILINE)
    files = [path for app in ("billing", "payments") for path in (ROOT / app).rglob("*.py")]
    assert {code for path in files for code in said.findall(path.read_text())} == OTHERS


@pytest.fixture
def company(db: None) -> Company:
    return story.a_company()


def test_a_changed_pattern_applies_to_the_next_number_and_repeats_none(company: Company) -> None:
    customer = story.a_customer(company)
    numbers = [story.an_issued_invoice(customer).number]
    choose(company, "F{AAAA}/{0000}", first=124)
    numbers += [story.an_issued_invoice(customer).number for _time in range(2)]
    choose(company, "FAC-{AAAA}-{000}")
    numbers.append(story.an_issued_invoice(customer).number)
    choose(company, "F20{AA}/{00}")  # the same stem, this year: the counter goes on
    numbers.append(story.an_issued_invoice(customer).number)
    assert numbers == ["FAC-2026-00001", "F2026/0124", "F2026/0125", "FAC-2026-002", "F2026/126"]
    assert counters_astray(company) == []


def test_a_series_that_has_begun_skips_nothing_and_goes_not_back(company: Company) -> None:
    story.an_issued_invoice(story.a_customer(company))
    for first in (1, 3, 999):
        with pytest.raises(NumberGiven):
            choose(company, "FAC-{AAAA}-{00000}", first=first)
    choose(company, "FAC-{AAAA}-{00000}", first=2)


def test_a_number_that_came_with_the_history_is_not_given_again(company: Company) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company))
    choose(company, "H-{000}", first=7)
    second = story.an_issued_invoice(invoice.customer)
    NumberSequence.everywhere.filter(company=company, series="H-").delete()  # as if it had come without its counter
    with pytest.raises(NumberGiven):
        choose(company, "H-{000}", first=7)
    choose(company, "H-{000}")
    assert (second.number, story.an_issued_invoice(invoice.customer).number) == ("H-007", "H-008")


@pytest.mark.parametrize("text", ["VE-{AAAA}-{00000}", "ENC-{AAAA}-{00000}", "ACH-{AAAA}-{000}"])
def test_entries_and_money_share_no_series_with_documents(company: Company, text: str) -> None:
    with pytest.raises(SeriesTaken):
        choose(company, text)


def test_the_first_number_counts_for_its_own_year_alone(company: Company) -> None:
    choose(company, "F{AAAA}-{000}", first=50)
    customer = story.a_customer(company)
    later = story.an_issued_invoice(customer, at=datetime.fromisoformat("2027-01-02T10:00:00+00:00"))
    assert later.number == "F2027-001"


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_changing_the_pattern_while_many_issue_gives_each_number_once_and_no_gap() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    with company_scope(company):
        drafts = [story.a_draft(customer) for _one in range(6)]

    def act(place: int) -> object:
        with company_scope(company):
            try:
                if place == 3:
                    return choose(company, "N{AAAA}-{000}")
                return issue_invoice(invoice=drafts[place - (place > 3)], actor=story.ACTOR, at=story.AT)
            except DomainError as error:
                return error

    at_once(7, act)
    numbers = list(Invoice.everywhere.filter(company=company).order_by("issued_at").values_list("number", flat=True))
    assert len(set(numbers)) == 6
    parts = [part for number in numbers if (part := taken_apart(number or ""))]
    for stem in {stem for stem, _place in parts}:
        places = sorted(place for one, place in parts if one == stem)
        assert places[0] == 1
        assert all(later == earlier + 1 for earlier, later in pairwise(places))
    assert counters_astray(company) == []


def test_the_page_shows_the_next_number_before_it_is_kept(company: Company) -> None:
    client = signed_in(company)
    typed = {"kind": INVOICE, "pattern": "F{AAAA}-{0000}", "first": "12"}
    shown = client.post(reverse("numbering-settings"), {**typed, "preview": "1"})
    assert "F2026-0012" in shown.text
    assert client.post(reverse("numbering-settings"), typed).status_code == 302
    assert "F2026-0012" in client.get(reverse("numbering-settings")).text
    refused = client.post(reverse("numbering-settings"), {**typed, "pattern": "{0}"})
    assert refused.status_code == 422
