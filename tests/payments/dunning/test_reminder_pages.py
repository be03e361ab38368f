"""The pages of reminders: what leaves now, what does not and why, and the formal notice a person sends."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from config.kernel import typography
from config.kernel.roles import Role
from config.kernel.timeline import timeline_of
from customers.models import Contact
from payments.dunning import evidence
from payments.models import BarredPair, Reminder, ReminderSettings, ReminderStatus, ReminderText
from payments.services.allocations import Share
from payments.services.reconciliation import accept_match
from tests.factories.money import a_credit, a_payment, bank_lines
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, a_company, a_customer, a_line, an_issued_invoice

pytestmark = pytest.mark.django_db
LIST = "payments:reminder-list"


@pytest.fixture
def late(company):
    """An invoice 40 days overdue, with fresh bank data."""
    bank_lines(company, [a_credit("-1.00")], at=timezone.now())
    return an_issued_invoice(a_customer(company), at=timezone.now() - timedelta(days=70))


def drafted(late):
    return Reminder.everywhere.create(
        company=late.company,
        invoice=late,
        level=3,
        status=ReminderStatus.DRAFTED,
        balance=late.balance,
        created_at=timezone.now(),
    )


def shown(page):
    return [row["invoice"].pk for row in page.context["rows"]]


def test_every_late_invoice_is_there_with_what_would_happen_to_it(company, late):
    client = signed_in(company)
    page = client.get(reverse(LIST))
    assert page.status_code == 200
    assert shown(page) == [late.pk]
    assert all(row["sentence"] for row in page.context["rows"])
    assert shown(client.get(reverse("payments:reminder-held"))) == []


def test_a_disputed_invoice_is_held_and_says_so(company, late):
    client = signed_in(company)
    client.post(reverse("billing:invoice-dispute", args=[late.pk]), {"reason": "Quantité"})
    assert shown(client.get(reverse(LIST))) == []
    page = client.get(reverse("payments:reminder-held"))
    assert shown(page) == [late.pk]
    assert "contest" in page.context["rows"][0]["sentence"].lower()


def test_the_list_is_narrowed_by_level_and_customer_and_counts_the_whole(company, late):
    other = an_issued_invoice(a_customer(company, name="Hôtel du Nord"), at=timezone.now() - timedelta(days=60))
    Reminder.everywhere.create(
        company=company,
        invoice=late,
        level=1,
        status=ReminderStatus.SENT,
        balance=late.balance,
        created_at=timezone.now() - timedelta(days=20),
    )
    client = signed_in(company)
    assert shown(client.get(reverse(LIST))) == [late.pk, other.pk]
    assert shown(client.get(reverse(LIST), {"level": "1"})) == [other.pk]
    assert shown(client.get(reverse(LIST), {"level": "2"})) == [late.pk]
    page = client.get(reverse(LIST), {"q": "hotel"})
    assert shown(page) == [other.pk]
    assert [tab["count"] for tab in page.context["tabs"]] == ["2", "", "", "", "", ""]
    assert page.context["totals"] == [typography.money(late.balance + other.balance)]
    sent = client.get(reverse("payments:reminder-history"), {"level": "1"})
    assert [row["reminder"].invoice_id for row in sent.context["rows"]] == [late.pk]


def test_what_is_held_back_is_not_counted_as_to_be_reminded(company, late):
    """Credit of its customer, its amount on the bank, its account known, no address: each waits; a person's word goes
    before the amount."""
    start = timezone.now() - timedelta(days=60)
    in_credit, equal, silent, known, barred = (
        an_issued_invoice(a_customer(company, name=name, **values), [a_line(unit_price=Decimal(price))], at=start)
        for name, price, values in (
            ("Crédit", 11, {}), ("Égal", 12, {}), ("Muet", 13, {"email": ""}), ("Connu", 14, {}), ("Écarté", 15, {}),
        )
    )  # fmt: skip
    a_payment(in_credit.customer, "5.00")
    iban = "FR7630006000011234567890189"
    [before] = bank_lines(company, [a_credit("3.00", counterparty_iban=iban)], at=timezone.now())
    accept_match(line=before, shares=[Share(known, Decimal(3))], actor=ACTOR, at=timezone.now())
    entries = [(f"{equal.balance}", ""), (f"{barred.balance}", ""), ("0.77", iban)]
    lines = bank_lines(company, [a_credit(amount, counterparty_iban=of) for amount, of in entries], at=timezone.now())
    taken_off = next(line for line in lines if line.amount == barred.balance)
    BarredPair.everywhere.create(company=company, line=taken_off, invoice=barred)
    client = signed_in(company)
    page = client.get(reverse(LIST))
    assert sorted(shown(page)) == sorted([late.pk, barred.pk])
    assert [tab["count"] for tab in page.context["tabs"]][:2] == ["2", "4"]
    held = client.get(reverse("payments:reminder-held"))
    assert sorted(shown(held)) == sorted(one.pk for one in (in_credit, equal, silent, known))
    assert all("Aucune relance" in row["sentence"] for row in held.context["rows"])
    Contact.everywhere.create(
        company=company, customer=silent.customer, name="Compta", email="c@muet.example", gets_reminders=True
    )
    assert silent.pk in shown(client.get(reverse(LIST)))


def test_days_in_a_decision_are_written_as_the_reader_writes_them(company, late):
    day = (timezone.now() + timedelta(days=5)).date()
    client = signed_in(company)
    typed = {"amount": "100", "until": day.isoformat()}
    assert client.post(reverse("payments:hold-new", args=[late.pk, "promise"]), typed).status_code == 302
    for language, written in (("fr", f"{day:%d/%m/%Y}"), ("en", f"{day.day} {day:%b} {day.year}")):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        [row] = client.get(reverse("payments:reminder-held")).context["rows"]
        assert written in row["sentence"], language
        with override(language):
            titles = [item.title for item in timeline_of(late, Role.OWNER)]
        assert any(title.endswith(written) for title in titles), language


def test_all_late_invoices_are_reached_by_pages_of_fifty(company):
    customer = a_customer(company)
    start = timezone.now() - timedelta(days=100)
    made = [an_issued_invoice(customer, at=start + timedelta(minutes=one)).pk for one in range(53)]
    client = signed_in(company)
    first = client.get(reverse(LIST))
    second = client.get(reverse(LIST), {"cursor": first.context["page"].next})
    assert (len(shown(first)), len(shown(second))) == (50, 3)
    assert sorted(shown(first) + shown(second)) == sorted(made)


def test_the_reminders_due_are_made_once_however_often_one_asks(company, late, monkeypatch):
    monkeypatch.setattr(evidence, "is_working_day", lambda _day: True)
    client = signed_in(company)
    for _time in range(2):
        answer = client.post(reverse("payments:reminder-send-due"), {"invoice": late.pk})
        assert answer.status_code == 302
    assert Reminder.everywhere.filter(company=company).count() == 1


def test_why_nothing_leaves_today_is_said_once_above_the_list(company, late, monkeypatch):
    monkeypatch.setattr(evidence, "is_working_day", lambda _day: False)
    client = signed_in(company)
    page = client.get(reverse(LIST))
    assert "ce n’est pas un jour ouvré" in page.context["refusal"]
    assert client.get(reverse("payments:reminder-send-due")).context["rows"] == []


def test_a_formal_notice_is_read_then_given_up_with_a_reason(company, late):
    reminder = drafted(late)
    client = signed_in(company)
    page = client.get(reverse("payments:reminder-letter", args=[reminder.pk]))
    assert page.status_code == 200
    assert late.number in page.text
    url = reverse("payments:reminder-cancel", args=[reminder.pk])
    assert client.post(url, {"reason": ""}).status_code == 422
    client.post(url, {"reason": "Accord trouvé"})
    reminder.refresh_from_db()
    assert reminder.status == ReminderStatus.CANCELLED
    assert client.get(reverse("payments:reminder-letter", args=[reminder.pk])).status_code == 404


@pytest.mark.parametrize("name", ["reminder-letter", "reminder-cancel"])
def test_another_company_s_notice_does_not_exist(company, name):
    stranger = drafted(an_issued_invoice(a_customer(a_company())))
    assert signed_in(company).get(reverse(f"payments:{name}", args=[stranger.pk])).status_code == 404


def test_a_viewer_reads_the_plan_but_sends_nothing(company, late):
    reminder = drafted(late)
    client = signed_in(company, Role.VIEWER)
    assert client.get(reverse(LIST)).status_code == 200
    assert client.post(reverse("payments:reminder-send-due")).status_code == 403
    assert client.post(reverse("payments:reminder-letter", args=[reminder.pk])).status_code == 403
    reminder.refresh_from_db()
    assert reminder.status == ReminderStatus.DRAFTED


# -- one letter, read before it is sent ------------------------------------------------------------------------------


def test_the_letter_of_an_invoice_is_read_as_it_will_go_then_sent(company, late, monkeypatch):
    monkeypatch.setattr(evidence, "is_working_day", lambda _day: True)
    client = signed_in(company)
    url = reverse("payments:reminder-preview", args=[late.pk])
    assert url in client.get(late.get_absolute_url()).text
    page = client.get(url)
    assert late.number in page.context["preview"].letter.body
    assert page.context["preview"].letter.shown.strip() in page.text.replace("&#x27;", "'")
    assert client.post(url, {}).status_code == 302
    (reminder,) = Reminder.everywhere.filter(invoice=late)
    assert reminder.email.body == page.context["preview"].letter.body


def test_a_letter_that_is_held_back_says_why_and_needs_a_reason(company, late, monkeypatch):
    monkeypatch.setattr(evidence, "is_working_day", lambda _day: False)
    client = signed_in(company)
    url = reverse("payments:reminder-preview", args=[late.pk])
    page = client.get(url)
    assert "ce n’est pas un jour ouvré" in page.text
    assert page.context["waived"] == ["not_a_working_day"]
    assert client.post(url, {"waived": "not_a_working_day", "reason": ""}).status_code == 422
    assert not Reminder.everywhere.exists()
    assert client.post(url, {"waived": "not_a_working_day", "reason": "Urgent"}).status_code == 302
    assert Reminder.everywhere.get().waived_because == "Urgent"


def test_what_nobody_may_set_aside_offers_no_button(company, late):
    client = signed_in(company)
    client.post(reverse("billing:invoice-dispute", args=[late.pk]), {"reason": "Quantité"})
    url = reverse("payments:reminder-preview", args=[late.pk])
    assert client.get(url).context["blocked"]
    answer = client.post(url, {"waived": ["disputed"], "reason": "Je veux"})
    assert answer.status_code == 422
    assert not Reminder.everywhere.exists()


def test_a_viewer_reads_the_letter_and_cannot_send_it(company, late):
    client = signed_in(company, Role.VIEWER)
    url = reverse("payments:reminder-preview", args=[late.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {}).status_code == 403


def test_a_promise_is_noted_on_the_invoice_listed_and_lifted(company, late):
    client = signed_in(company)
    day = (timezone.now() + timedelta(days=5)).date()
    url = reverse("payments:hold-new", args=[late.pk, "promise"])
    assert client.post(url, {"amount": "99999", "until": day.isoformat()}).status_code == 422
    assert client.post(url, {"amount": "100", "until": day.isoformat(), "note": "Tél."}).status_code == 302
    listed = client.get(reverse("payments:reminder-promises"))
    assert [row["hold"].invoice_id for row in listed.context["rows"]] == [late.pk]
    assert "Promesse de règlement" in client.get(late.get_absolute_url()).text
    hold = listed.context["rows"][0]["hold"]
    assert client.post(reverse("payments:hold-end", args=[hold.pk])).status_code == 302
    assert client.get(reverse("payments:reminder-promises")).context["rows"] == []


def test_a_notice_is_printed_and_marked_as_posted(company, late):
    reminder = drafted(late)
    Reminder.everywhere.filter(pk=reminder.pk).update(waived=["not_a_working_day"])
    client = signed_in(company)
    pdf = client.get(reverse("payments:reminder-notice", args=[reminder.pk]))
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    url = reverse("payments:reminder-post", args=[reminder.pk])
    assert client.post(url, {"posted_on": "2100-01-01"}).status_code == 422
    today = timezone.now().date().isoformat()
    assert client.post(url, {"posted_on": today, "tracking_number": "1A 2"}).status_code == 302
    reminder.refresh_from_db()
    assert (reminder.status, reminder.tracking_number) == (ReminderStatus.SENT, "1A 2")
    assert "1A 2" in client.get(late.get_absolute_url()).text


def test_the_penalties_of_an_invoice_are_shown_and_an_unknown_rate_is_said(company, late):
    text = signed_in(company).get(reverse("payments:late-interest", args=[late.pk])).text
    assert "Indemnité forfaitaire" in text
    assert "40,00" in text


# -- settings --------------------------------------------------------------------------------------------------------

WORDS = {"subject_line": "Rappel {factures}", "body": "Bonjour {client}\n\n{liste}\n\n{paiement}"}


def test_the_words_are_tried_on_a_real_invoice_kept_and_taken_back(company, late):
    client = signed_in(company)
    url = reverse("reminder-text", args=[1, "fr"])
    tried = client.post(url, {**WORDS, "preview": "1"})
    assert (tried.status_code, ReminderText.objects.count()) == (200, 0)
    assert f"Bonjour {late.customer.name}" in tried.context["letter"].body
    refused = client.post(url, {**WORDS, "body": "{liste} {paiement} {inconnu}"})
    assert refused.status_code == 422
    assert "{inconnu}" in str(refused.context["form"].errors["body"])
    assert client.post(url, WORDS).status_code == 302
    assert ReminderText.objects.get().subject_line == "Rappel {factures}"
    assert client.post(url, {**WORDS, "reset": "1"}).status_code == 302
    assert not ReminderText.objects.exists()


def test_a_customer_is_reminded_in_its_own_way(company, late):
    client = signed_in(company)
    url = reverse("payments:customer-reminders", args=[late.customer_id])
    assert client.get(url).status_code == 200
    wrong = {"friendly_after_days": "10", "firm_after_days": "5", "final_after_days": "30"}
    assert "firm_after_days" in client.post(url, wrong).context["form"].errors
    assert client.post(url, {"never": "on", "is_grouped": "yes", "language": "en"}).status_code == 302
    row = ReminderSettings.objects.get(customer=late.customer_id)
    assert (row.never, row.is_grouped, row.with_statement, row.language) == (True, True, None, "en")
    assert client.get(reverse("payments:reminder-list")).context["rows"] == []


def test_a_form_that_nobody_changed_meanwhile_shows_no_two_versions(company, late):
    client = signed_in(company)
    for address in (reverse("reminder-settings"), reverse("payments:customer-reminders", args=[late.customer_id])):
        assert "Deux versions" not in client.get(address).content.decode()


def test_what_is_owed_in_dollars_is_not_added_to_euros(company, late):
    an_issued_invoice(a_customer(company, name="Hudson"), at=timezone.now() - timedelta(days=60), currency="USD")
    page = signed_in(company).get(reverse(LIST))
    assert page.context["totals"] == ["1\u202f440,00\u00a0€", "1\u202f440,00\u00a0$"]


def test_the_company_groups_its_letters_from_its_settings(company, late):
    client, typed = signed_in(company), {"is_grouped": "yes", "language": "fr"}
    assert client.post(reverse("reminder-settings"), {**typed, "notice_days": "16"}).status_code == 422
    assert client.post(reverse("reminder-settings"), {**typed, "notice_days": "8"}).status_code == 302
    row = ReminderSettings.objects.get(customer=None)
    assert (row.is_grouped, row.notice_days) == (True, 8)


def test_the_statement_of_a_customer_is_a_pdf(company, late):
    answer = signed_in(company).get(reverse("payments:customer-statement", args=[late.customer_id]))
    assert answer.content.startswith(b"%PDF")
