"""How a company and a customer want it: grouped or not, when, in which words and language, to whom, or never."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Email, EmailStatus, Invoice
from config.kernel.errors import Invalid
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Contact, Customer, CustomerKind
from payments.dunning.configuring import reset_text, save_settings, save_text
from payments.dunning.delivery import deliver_reminders
from payments.dunning.interest import charges_of
from payments.dunning.letters import letter_for, reminder_letter
from payments.dunning.planning import letters_due, plan, reminder_address
from payments.dunning.sending import send_reminders
from payments.dunning.texts import Wording, standard, unknown_variables
from payments.models import Reminder, ReminderLevel, ReminderStatus
from payments.models.write_offs import WriteOffReason
from payments.services.write_offs import write_off
from tests.factories import money, story
from tests.payments.dunning.test_reminders import late, pay_all, reasons, send, was_sent

AT, ACTOR = story.AT, story.ACTOR
BY: dict[str, Any] = {"actor": ACTOR, "at": AT}
GOOD = {"subject_line": "Rappel {factures}", "body": "Bonjour {client},\n\n{liste}\n\n{paiement}"}


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.SMTP_CONFIGURED = False


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company()
    with company_scope(row):
        yield row


def choose(company: Company, customer: Customer | None = None, **values: Any) -> None:
    save_settings(company=company, customer=customer, values=values, **BY)


def write(company: Company, customer: Customer | None = None, **values: Any) -> None:
    given = {"level": ReminderLevel.FRIENDLY, "language": "fr", **GOOD, **values}
    save_text(company=company, customer=customer, **given, **BY)


# -- one letter for several invoices ---------------------------------------------------------------------------------


def test_a_grouped_customer_gets_one_letter_that_names_all_that_is_due(company, customer):
    choose(company, is_grouped=True)
    first, second, third = late(customer, 20), late(customer, 12), late(customer, 3)
    made = send(company)
    assert {one.invoice_id for one in made} == {first.pk, second.pk}, "the third is not late enough"
    [email] = Email.everywhere.filter(kind="REMINDER")
    assert first.number in email.body
    assert second.number in email.body
    assert third.number not in email.body
    assert "2 880,00" not in email.body, "the friendly letter names each balance, not their sum"
    assert deliver_reminders(at=AT) == 1
    assert set(Reminder.everywhere.values_list("status", flat=True)) == {ReminderStatus.SENT}
    assert send(company) == [], "each level once"


def test_the_letter_is_as_firm_as_its_most_severe_invoice_and_each_keeps_its_own_level(company, customer):
    choose(company, is_grouped=True)
    old, fresh = late(customer, 20), late(customer, 8)
    was_sent(old, ReminderLevel.FRIENDLY)
    assert {one.invoice_id: one.level for one in send(company)} == {old.pk: 2, fresh.pk: 1}
    assert Email.everywhere.get(kind="REMINDER").subject_line.startswith("Deuxième relance")


def test_a_formal_notice_takes_no_invoice_along_that_was_never_reminded_of(company, customer):
    choose(company, is_grouped=True)
    old, _fresh = late(customer, 40), late(customer, 8)
    was_sent(old, ReminderLevel.FRIENDLY, days_ago=20)
    was_sent(old, ReminderLevel.FIRM)
    [notice] = send(company)
    assert (notice.invoice_id, notice.level, notice.status) == (old.pk, 3, ReminderStatus.DRAFTED)


def test_currencies_customers_and_companies_never_share_a_letter(company, customer):
    choose(company, is_grouped=True)
    euros, dollars = late(customer, 20), late(customer, 15, currency="USD")
    other = late(story.a_customer(company, name="Beta"), 10)
    stranger = story.a_company()
    with company_scope(stranger):
        late(story.a_customer(stranger, name="Gamma"), 20)
    groups = letters_due(company=company, at=AT, limit=10)
    assert [[one.pk for one in group.invoices] for group in groups] == [[euros.pk], [other.pk]]
    assert dollars.pk not in {one.invoice_id for one in send(company)}


def test_one_invoice_paid_between_writing_and_sending_withdraws_the_letter_which_is_written_again(company, customer):
    choose(company, is_grouped=True)
    first, second = late(customer, 20), late(customer, 12)
    send(company)
    pay_all(Invoice.everywhere.select_related("customer", "company").get(pk=first.pk))
    assert deliver_reminders(at=AT) == 0
    assert Email.everywhere.get(kind="REMINDER").status == EmailStatus.CANCELLED
    [again] = send(company)
    assert again.invoice_id == second.pk
    assert deliver_reminders(at=AT) == 1


def test_one_paid_between_the_page_and_the_sending_is_left_out(company, customer):
    choose(company, is_grouped=True)
    first, second = late(customer, 20), late(customer, 12)
    pay_all(Invoice.everywhere.select_related("customer", "company").get(pk=first.pk))
    made = send_reminders(company=company, chosen={first.pk, second.pk}, **BY)
    assert [one.invoice_id for one in made] == [second.pk]


# -- a customer’s own ------------------------------------------------------------------------------------------------


def test_a_customers_own_delays_go_before_the_companys_and_a_change_of_the_company_leaves_them(company, customer):
    choose(company, customer, friendly_after_days=20, firm_after_days=30, final_after_days=45)
    late(customer, 12)
    assert reasons(company) == ["not_late_enough"]
    Company.objects.filter(pk=company.pk).update(friendly_after_days=1)
    company.refresh_from_db()
    assert reasons(company) == ["not_late_enough"]
    choose(company, customer, friendly_after_days=None, firm_after_days=None, final_after_days=None)
    assert reasons(company) == ["due"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"friendly_after_days": 10, "firm_after_days": 10, "final_after_days": 30}, "firm_after_days"),
        ({"friendly_after_days": 10, "firm_after_days": None, "final_after_days": 30}, "firm_after_days"),
        ({"friendly_after_days": 0, "firm_after_days": 10, "final_after_days": 30}, "friendly_after_days"),
    ],
)
def test_delays_out_of_order_are_refused_at_their_field(company, customer, values, field):
    with pytest.raises(Invalid) as refused:
        choose(company, customer, **values)
    assert list(refused.value.fields) == [field]


def test_a_customer_that_is_never_reminded_is_not_whoever_asks(company, customer):
    choose(company, customer, never=True)
    late(customer, 40)
    assert reasons(company) == ["never"]
    assert send(company) == []


def test_letters_go_to_the_contact_that_was_chosen_in_the_language_that_was_chosen(company, customer):
    chosen = Contact.objects.create(
        company=company, customer=customer, name="Ann", email="ann@client.example", gets_reminders=False
    )
    choose(company, customer, contact=chosen, language="en")
    assert reminder_address(customer) == "ann@client.example"
    invoice = late(customer, 20)
    subject, body = reminder_letter(invoice, ReminderLevel.FIRM, at=AT)
    assert subject == f"Second reminder: invoice {invoice.number}"
    assert "20 days late" in body
    assert "€1,440.00" in body
    assert "French commercial code" in body
    assert "{" not in body.replace("{lien}", "")  # filled as it is handed over
    other = story.a_customer(company, name="Autre")
    with pytest.raises(Invalid):
        choose(company, other, contact=chosen)


# -- words -----------------------------------------------------------------------------------------------------------


def test_the_words_of_a_customer_go_before_the_companys_and_these_before_the_products(company, customer):
    invoice = late(customer, 8)
    other = late(story.a_customer(company, name="Beta"), 8)

    def subject(row: Invoice) -> str:
        return reminder_letter(row, ReminderLevel.FRIENDLY, at=AT)[0].split()[0]

    assert subject(invoice) == "Échéance"
    write(company, subject_line="Société {factures}")
    write(company, customer, subject_line="Client {factures}")
    assert (subject(invoice), subject(other)) == ("Client", "Société")
    reset_text(company=company, customer=customer, level=1, language="fr", **BY)
    assert subject(invoice) == "Société"
    reset_text(company=company, customer=None, level=1, language="fr", **BY)
    assert subject(invoice) == "Échéance"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"body": "{liste} {paiement} {montant}"}, "body"),
        ({"subject_line": "{invoice.company.iban}"}, "subject_line"),
        ({"body": "{liste} {paiement} {"}, "body"),
        ({"body": "{paiement}"}, "body"),
        ({"body": "{liste}"}, "body"),
    ],
)
def test_a_text_with_an_unknown_variable_or_without_what_it_must_say_is_refused_at_its_field(company, values, field):
    with pytest.raises(Invalid) as refused:
        write(company, **values)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("level", ReminderLevel)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_products_own_words_use_known_variables_and_may_be_saved_as_they_are(company, level, language):
    words = standard(level, language)
    assert unknown_variables(words.subject_line + words.body) == []
    write(company, level=level, language=language, subject_line=words.subject_line, body=words.body)


def test_a_preview_takes_words_that_are_not_kept(company, customer):
    invoice = late(customer, 8)
    tried = letter_for([invoice], ReminderLevel.FRIENDLY, at=AT, wording=Wording("Essai", "Cher {client}\n\n{liste}"))
    assert (tried.subject_line, "Cher Maison Lumière" in tried.body) == ("Essai", True)


# -- what the law adds -----------------------------------------------------------------------------------------------


def test_a_grouped_letter_asks_forty_euros_an_invoice_and_nothing_of_an_individual(company, customer):
    invoices = [late(customer, 20), late(customer, 18)]
    body = letter_for(invoices, ReminderLevel.FIRM, at=AT).body.replace("\xa0", " ")
    assert "80,00 €" in body
    person = story.a_customer(company, kind=CustomerKind.INDIVIDUAL)
    both = [late(person, 18), late(person, 17)]
    for language in ("fr", "en"):
        choose(company, person, language=language)
        words = letter_for(both, ReminderLevel.FINAL, at=AT).body
        assert "indemnité" not in words
        assert "compensation" not in words
        assert "L441-10" not in words


def test_interest_is_cut_at_the_half_year_and_each_payment_and_unknown_rates_are_said(company, customer):
    issued = datetime(2025, 5, 1, 9, tzinfo=UTC)
    invoice = story.an_issued_invoice(customer, at=issued, due_date=date(2025, 6, 20))
    money.a_payment(customer, "440.00", [(invoice, "440.00")], paid_on=date(2025, 7, 10), at=AT)
    owed = charges_of(invoice, at=datetime(2025, 7, 31, 9, tzinfo=UTC))
    spans = [(one.days, one.open_amount, one.rate) for one in owed.periods]
    assert spans == [
        (10, Decimal("1440.00"), Decimal("13.15")),
        (10, Decimal("1440.00"), Decimal("12.15")),
        (21, Decimal("1000.00"), Decimal("12.15")),
    ]
    assert owed.interest == Decimal("16.97"), "1440×(13.15+12.15)×10 + 1000×12.15×21, in hundredths of 365 days"
    unknown = charges_of(invoice, at=AT)
    assert (unknown.interest, unknown.missing) == (None, ((2026, 2),))


def test_interest_stops_on_what_is_written_off_from_that_day(company, customer):
    issued = datetime(2025, 5, 1, 9, tzinfo=UTC)
    invoice = story.an_issued_invoice(customer, at=issued, due_date=date(2025, 6, 30))
    day = datetime(2025, 7, 10, 9, tzinfo=UTC)
    written = write_off(
        invoice=invoice,
        amount=Decimal("440.00"),
        reason=WriteOffReason.LOSS,
        with_vat=False,
        note="Jugement de liquidation",
        actor=ACTOR,
        at=day,
    )
    assert written.amount == Decimal("440.00")
    owed = charges_of(Invoice.everywhere.get(pk=invoice.pk), at=datetime(2025, 7, 20, 9, tzinfo=UTC))
    assert [(one.days, one.open_amount) for one in owed.periods] == [
        (10, Decimal("1440.00")),
        (10, Decimal("1000.00")),
    ]


def test_plan_says_who_is_grouped(company, customer):
    choose(company, is_grouped=True)
    choose(company, customer, is_grouped=False)
    late(customer, 9)
    late(story.a_customer(company, name="Beta"), 8)
    assert [row.is_grouped for row in plan(company=company, at=AT)] == [False, True]
