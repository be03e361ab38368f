"""The formal notice and the statement of account on paper; posted by registered mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from billing.models import EmailAttachment, EmailStatus, Invoice
from config.kernel.errors import Invalid, TransitionRefused
from config.kernel.models import Company
from config.kernel.scope import company_scope
from config.kernel.services import change_company, change_logo
from customers.models import Customer, CustomerKind
from payments.dunning.account_statement import account_of, statement_pdf
from payments.dunning.configuring import save_settings
from payments.dunning.delivery import deliver_reminders
from payments.dunning.law import bases_for
from payments.dunning.notice_pdf import notice_pdf
from payments.dunning.notices import drafted_together, post_drafted, send_drafted, track_sent
from payments.models import Reminder, ReminderLevel, ReminderStatus
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.payments.dunning.test_reminders import TODAY, late, send, was_sent

AT, ACTOR = story.AT, story.ACTOR
BY: dict[str, Any] = {"actor": ACTOR, "at": AT}
_drawn = BytesIO()
Image.new("RGB", (120, 40), "#7a1f5c").save(_drawn, format="PNG")
LOGO = _drawn.getvalue()


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.SMTP_CONFIGURED = False


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company()
    with company_scope(row):
        yield row


def words(pdf: bytes) -> str:
    pages = PdfReader(BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def notices(customer: Customer, *days: int) -> list[Reminder]:
    """Drafted notices of invoices that were reminded of twice."""
    for late_by in days:
        invoice = late(customer, late_by)
        was_sent(invoice, ReminderLevel.FRIENDLY, days_ago=20)
        was_sent(invoice, ReminderLevel.FIRM)
    return send(customer.company)


def test_the_notice_names_the_invoices_the_delay_the_articles_and_the_interest(company, customer):
    save_settings(company=company, customer=None, values={"notice_days": 8}, **BY)
    issued = datetime(2026, 1, 5, 9, tzinfo=UTC)
    invoice = story.an_issued_invoice(customer, at=issued, due_date=date(2026, 1, 31))
    text = words(notice_pdf([invoice], at=datetime(2026, 3, 2, 9, tzinfo=UTC)))
    for said in (
        "Lettre recommandée avec avis de réception",
        "Mise en demeure de payer",
        invoice.number,
        "1 440,00 €",
        "8 jours à compter",
        "Article 1344 du code civil",
        "Article D441-5",
        "01/02/2026 – 02/03/2026",
        "14,38 €",
        "40,00 €",
        customer.name,
    ):
        assert said.lower() in text.replace("\xa0", " ").lower(), said
    assert "{" not in text


def test_an_unknown_rate_is_said_once_for_all_its_invoices_in_the_language_of_the_letter(company, customer):
    save_settings(company=company, customer=customer, values={"language": "en"}, **BY)
    invoices = [late(customer, days) for days in (42, 41, 40)]
    text = words(notice_pdf(invoices, at=AT)).replace("\xa0", " ")
    assert text.count("Interest is not computed: the rate of the second half 2026 is not recorded") == 1
    assert "Fixed compensation : €120.00" in text
    assert "semestre" not in text


def test_an_individual_is_told_of_no_penalty_and_of_its_own_articles(company):
    person = story.a_customer(company, kind=CustomerKind.INDIVIDUAL)
    text = words(notice_pdf([late(person, 40)], at=AT))
    assert "Article 1231-6 du code civil" in text
    assert "L441-10" not in text
    assert "Annexe" not in text


def test_a_basis_is_told_only_while_it_holds(company, customer):
    assert [one.article for one in bases_for(customer, date(2015, 1, 1))] == ["Article D441-5 du code de commerce"]
    assert len(bases_for(customer, TODAY)) == 3


def test_the_notices_of_a_grouped_customer_go_in_one_letter_with_their_papers(company, customer):
    save_settings(company=company, customer=customer, values={"is_grouped": True, "with_statement": True}, **BY)
    first, second = notices(customer, 41, 40)
    assert [one.pk for one in drafted_together(second)] == [first.pk, second.pk]
    send_drafted(reminder=second, **BY)
    assert deliver_reminders(at=AT) == 1
    states = set(Reminder.everywhere.filter(level=3).values_list("status", "email__status"))
    assert states == {(ReminderStatus.SENT, EmailStatus.KEPT)}
    names = set(EmailAttachment.everywhere.values_list("name", flat=True))
    assert names == {"mise-en-demeure.pdf", "releve-de-compte.pdf"}


def test_a_posted_notice_is_sent_with_its_number_and_needs_no_address(company, customer):
    [notice] = notices(customer, 41)
    Customer.everywhere.filter(pk=customer.pk).update(email="")
    with pytest.raises(Invalid):
        post_drafted(reminder=notice, posted_on=TODAY + timedelta(days=1), tracking_number="", **BY)
    sent = post_drafted(reminder=notice, posted_on=TODAY, tracking_number="1A 123 456 7890 1", **BY)
    assert (sent.status, sent.posted_on, sent.tracking_number) == (ReminderStatus.SENT, TODAY, "1A 123 456 7890 1")
    track_sent(reminder=sent, posted_on=TODAY, tracking_number="1A 000", **BY)
    sent.refresh_from_db()
    assert sent.tracking_number == "1A 000"


def test_a_letter_that_is_no_notice_is_not_posted(company, customer):
    reminder = was_sent(late(customer, 20), ReminderLevel.FRIENDLY)
    with pytest.raises(TransitionRefused):
        track_sent(reminder=reminder, posted_on=TODAY, tracking_number="", **BY)


def test_a_statement_tells_what_is_open_what_came_in_and_the_balance(company, customer):
    first, second = late(customer, 20), late(customer, 5)
    money.a_payment(customer, "1000.00", [(first, "440.00")])
    credit_invoice(invoice=second, parts=story.a_return(second, 5), reason="Retour", **BY)
    account = account_of(customer, currency="EUR", at=AT)
    assert [str(one.invoice.balance) for one in account.open] == ["1000.00", "720.00"]
    assert [str(one) for one in (account.owed, account.late, account.credit, account.balance)] == [
        "1720.00",
        "1720.00",
        "560.00",
        "1160.00",
    ]
    text = words(statement_pdf(customer, currency="EUR", at=AT)).replace("\xa0", " ")
    for said in ("Relevé de compte", first.number, second.number, "560,00 €", "1 160,00 €", "Solde au 16/11/2026"):
        assert said in text, said


def test_a_statement_is_in_the_customers_language(company, customer):
    late(customer, 20)
    save_settings(company=company, customer=customer, values={"language": "en"}, **BY)
    assert "Statement of account" in words(statement_pdf(customer, currency="EUR", at=AT))


def test_letters_bear_the_logo_the_footer_and_the_colours_of_the_company_today(company, customer):
    number = late(customer, 40).number  # issued before any of them was chosen

    def drawn() -> dict[str, bytes]:
        invoice = Invoice.everywhere.select_related("company", "customer__company").get(number=number)
        statement = statement_pdf(invoice.customer, currency="EUR", at=AT)
        return {"notice": notice_pdf([invoice], at=AT), "statement": statement}

    assert [pictures(pdf) for pdf in drawn().values()] == [0, 0]
    change_company(company=company, values={"footer": "Ateliers « Łódź » depuis 1962", "title_color": "#7a1f5c"}, **BY)
    change_logo(company=company, data=LOGO, **BY)
    for name, pdf in drawn().items():
        assert "Ateliers « Łódź » depuis 1962" in words(pdf), name
        assert pictures(pdf) == 1, name


def pictures(pdf: bytes) -> int:
    return len(PdfReader(BytesIO(pdf)).pages[0].images)
