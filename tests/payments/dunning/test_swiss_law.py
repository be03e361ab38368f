"""A creditor of Switzerland asks 5 % a year of everybody, no indemnity, and cites its own law."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Invoice
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import CustomerKind
from payments.dunning.interest import charges_of
from payments.dunning.law import law_of
from payments.dunning.letters import letter_for
from payments.dunning.notice_pdf import notice_pdf
from payments.dunning.texts import Wording, standard, unknown_variables
from payments.models import ReminderLevel
from tests.billing.test_swiss_companies import GENEVA
from tests.factories import money, people, story
from tests.payments.dunning.test_papers import words

LINES = [story.a_line("Montre", quantity=Decimal(1), unit_price=Decimal(1000), vat_rate=Decimal("8.1"))]
NOTICED = datetime(2026, 3, 2, 9, tzinfo=UTC)
FRENCH_LAW = ("code civil", "L441-10", "D441-5", "40 €", "40,00", "Indemnité", "Banque centrale", "French", "1344")


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    made = story.a_swiss_company()
    with company_scope(made):
        yield made


def late_since(company: Company, **identity: Any) -> Invoice:
    """1,081.00 francs due on 31 January."""
    customer = story.a_customer(company, address=GENEVA, **{"name": "Banque du Rhône", "siret": ""} | identity)
    issued = datetime(2026, 1, 5, 9, tzinfo=UTC)
    return story.an_issued_invoice(customer, LINES, at=issued, due_date=date(2026, 1, 31))


def test_interest_is_five_percent_a_year_of_what_is_open_each_day_and_nothing_else(company: Company) -> None:
    invoice = late_since(company)
    owed = charges_of(invoice, at=NOTICED)
    assert (owed.interest, owed.indemnity) == (Decimal("4.44"), 0), "1081 × 5 % × 30 / 365"
    assert {one.rate for one in owed.periods} == {5}
    money.a_payment(invoice.customer, "581.00", [(invoice, "581.00")], paid_on=date(2026, 2, 15), currency="CHF")
    owed = charges_of(invoice, at=NOTICED)
    assert owed.interest == Decimal("3.25"), "15 days on 1081, 15 on 500"
    assert charges_of(invoice, at=datetime(2026, 1, 31, 9, tzinfo=UTC)).interest == 0


def test_an_individual_owes_it_too(company: Company) -> None:
    person = {"kind": CustomerKind.INDIVIDUAL, "name": "", "first_name": "Zoé", "last_name": "Rochat"}
    invoice = late_since(company, **person)
    assert charges_of(invoice, at=NOTICED).interest == Decimal("4.44")
    assert "art. 104 CO" in letter_for([invoice], ReminderLevel.FIRM, at=NOTICED).body


@pytest.mark.parametrize("level", ReminderLevel)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_letter_cites_a_french_article_nor_asks_forty_euros(
    company: Company, level: ReminderLevel, language: str
) -> None:
    own = standard(level, language, law_of(company))
    assert unknown_variables(own.subject_line + own.body) == []
    wording: Wording | None = own if language == "en" else None
    letter = letter_for([late_since(company)], level, at=NOTICED, wording=wording)
    assert not [cited for cited in FRENCH_LAW if cited in letter.subject_line + letter.body]
    assert ("4,44" in letter.body) is (level != ReminderLevel.FRIENDLY)


def test_the_notice_on_paper_rests_on_the_code_of_obligations(company: Company) -> None:
    text = words(notice_pdf([late_since(company)], at=NOTICED))
    for said in ("article 102 du code des obligations", "Article 104, al. 1, CO", "intérêts de retard", "5 %", "CHF"):
        assert said in text, said
    assert not [cited for cited in FRENCH_LAW if cited in text]


def test_the_page_of_the_interest_names_no_indemnity(company: Company, client: Client) -> None:
    invoice = late_since(company)
    client.force_login(people.a_person(company))
    page = client.get(reverse("payments:late-interest", args=[invoice.pk])).text
    assert "art. 104 CO" in page
    assert not [cited for cited in FRENCH_LAW if cited in page]
