"""A reminder leaves only when it must: decided under lock, decided again as it is handed to the mail server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from billing.models import Email, EmailStatus, Invoice, InvoiceKind
from billing.services.deposits import choose_deposits
from billing.services.emails import resend_email
from billing.services.invoices import close_dispute, open_dispute
from billing.services.issuing import issue_invoice
from billing.variables import previewed
from config.kernel.errors import TransitionRefused
from config.kernel.models import AuditEvent, Company, LoopFailure
from config.kernel.scope import company_scope
from customers.models import Contact, Customer, CustomerKind
from payments import tasks
from payments.dunning import schedule, sending
from payments.dunning.delivery import deliver_reminders
from payments.dunning.letters import charges_of, reminder_letter
from payments.dunning.notices import cancel_drafted, send_drafted
from payments.dunning.planning import plan, reminder_address
from payments.dunning.sending import NoReminderAddress, NothingToSend, send_reminders
from payments.models import BankAccount, BankLine, Reminder, ReminderLevel, ReminderStatus
from payments.services.allocations import Share
from payments.services.credits import use_credit
from payments.services.reconciliation import accept_match
from payments.services.settling import settle_line
from payments.services.settling_parts import Booked
from payments.services.undoing import undo_match
from tests.billing.smtp import Behaviour, MailServer
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.trust.at_once import at_once

AT, ACTOR = story.AT, story.ACTOR
TODAY = date(2026, 11, 16)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def server(settings: Any) -> Iterator[Behaviour]:
    does = Behaviour()
    with MailServer(does) as running:
        settings.SMTP_CONFIGURED = True
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", running.port, 2
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "facturation@quittance.example"
        yield does


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    """Without a bank account: its payments are recorded by hand."""
    row = story.a_company()
    with company_scope(row):
        yield row


def late(customer: Customer, days: int = 8, **values: Any) -> Invoice:
    """An invoice of 1,440.00 that is so many days late at AT."""
    due = TODAY - timedelta(days=days)
    invoice = story.an_issued_invoice(
        customer, at=datetime(due.year, due.month, due.day, 9, tzinfo=UTC), due_date=due, **values
    )
    assert (TODAY - invoice.due_date).days == days
    return invoice


def send(company: Company, *, at: datetime = AT) -> list[Reminder]:
    return send_reminders(company=company, actor=ACTOR, at=at)


def reasons(company: Company, *, at: datetime = AT) -> list[str]:
    return [planned.decision.reason for planned in plan(company=company, at=at)]


def was_sent(invoice: Invoice, level: ReminderLevel, *, days_ago: int = 10) -> Reminder:
    at = AT - timedelta(days=days_ago)
    return Reminder.everywhere.create(
        company_id=invoice.company_id,
        invoice=invoice,
        level=level,
        status=ReminderStatus.SENT,
        balance=invoice.balance,
        created_at=at,
        sent_at=at,
    )


def read_bank(company: Company, *entries: Any, at: datetime = AT) -> list[BankLine]:
    return money.bank_lines(company, entries, at=at)


def book(line: BankLine, account: str) -> None:
    parts = [Booked(account, line.amount)]
    settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=ACTOR, at=AT)


# -- which, and to whom --------------------------------------------------------------------------------------------


def test_a_late_invoice_is_reminded_once_and_the_message_tells_what_is_owed(company, customer, server):
    invoice = late(customer)
    [reminder] = send(company)
    assert (reminder.level, reminder.status, reminder.balance) == (
        ReminderLevel.FRIENDLY,
        ReminderStatus.QUEUED,
        invoice.balance,
    )
    assert send(company) == [], "the level is taken"
    assert deliver_reminders(at=AT) == 1
    reminder.refresh_from_db()
    assert (reminder.status, reminder.sent_at, reminder.email.status) == (ReminderStatus.SENT, AT, EmailStatus.SENT)
    assert server.sessions == 1
    assert reminder.email.recipient == customer.email
    assert reminder.email.needs_document is False
    assert invoice.number in reminder.email.subject_line
    assert deliver_reminders(at=AT) == 0
    tags = AuditEvent.everywhere.filter(subjects__contains=[invoice.subject]).values_list("tag", flat=True)
    assert {"payments.reminder.queued", "payments.reminder.sent"} <= set(tags)


def test_without_a_mail_server_the_letter_is_kept_and_the_reminder_counts(company, customer, settings):
    settings.SMTP_CONFIGURED = False
    late(customer)
    [reminder] = send(company)
    deliver_reminders(at=AT)
    reminder.refresh_from_db()
    assert (reminder.status, reminder.email.status) == (ReminderStatus.SENT, EmailStatus.KEPT)


def test_the_levels_follow_each_other_and_the_last_waits_for_a_person(company, customer, server):
    invoice = late(customer, days=40)
    for day, level in ((0, ReminderLevel.FRIENDLY), (7, ReminderLevel.FIRM)):
        at = AT + timedelta(days=day)
        assert [one.level for one in send(company, at=at)] == [level]
        deliver_reminders(at=at)
        assert send(company, at=at + timedelta(days=6)) == [], "one letter a week"
    at = AT + timedelta(days=14)
    [final] = send(company, at=at)
    assert (final.level, final.status, final.email) == (ReminderLevel.FINAL, ReminderStatus.DRAFTED, None)
    assert deliver_reminders(at=at + timedelta(hours=1)) == 0
    assert server.sessions == 2, "nobody has read it yet"
    assert send(company, at=at + timedelta(days=7)) == []

    send_drafted(reminder=final, actor=ACTOR, at=at)
    assert deliver_reminders(at=at) == 1
    final.refresh_from_db()
    assert (final.status, server.sessions) == (ReminderStatus.SENT, 3)
    assert final.email.subject_line.startswith("Mise en demeure")
    assert reasons(company, at=at + timedelta(days=30)) == ["all_sent"]
    with pytest.raises(TransitionRefused):
        cancel_drafted(reminder=final, reason="Non", actor=ACTOR, at=at)
    assert Reminder.everywhere.filter(invoice=invoice).count() == 3


def test_a_drafted_notice_given_up_by_a_person_may_be_drafted_again(company, customer):
    invoice = late(customer, days=40)
    was_sent(invoice, ReminderLevel.FRIENDLY, days_ago=20)
    was_sent(invoice, ReminderLevel.FIRM)
    [final] = send(company)
    cancel_drafted(reminder=final, reason="Accord trouvé", actor=ACTOR, at=AT)
    assert (final.status, final.cancelled_because) == (ReminderStatus.CANCELLED, "Accord trouvé")
    [again] = send(company)
    assert again.level == ReminderLevel.FINAL


def test_a_customer_with_three_late_invoices_gets_one_letter(company, customer):
    for _invoice in range(3):
        late(customer)
    assert len(send(company)) == 1
    assert sorted(reasons(company)) == ["not_late_enough", "too_soon", "too_soon"]


def test_reminders_go_to_the_contact_marked_for_them(company, customer):
    for name, wanted in (("directeur", False), ("comptable", True)):
        Contact.objects.create(
            company=company, customer=customer, name=name, email=f"{name}@client.example", gets_reminders=wanted
        )
    assert reminder_address(customer) == "comptable@client.example"


@pytest.mark.parametrize("address", ["", "pas une adresse"])
def test_without_an_address_the_page_says_so_and_nothing_is_written(company, customer, address):
    invoice = late(customer, days=40)
    Customer.everywhere.filter(pk=customer.pk).update(email=address)
    [planned] = plan(company=company, at=AT)
    assert (planned.decision.level, planned.decision.reason) == (None, "no_address")
    assert "adresse e-mail" in str(planned.decision)
    assert send(company) == []
    drafted = Reminder.everywhere.create(
        company=company,
        invoice=invoice,
        level=ReminderLevel.FRIENDLY,
        status=ReminderStatus.DRAFTED,
        balance=invoice.balance,
        created_at=AT,
    )
    with pytest.raises(NoReminderAddress):
        send_drafted(reminder=drafted, actor=ACTOR, at=AT)
    assert not Email.everywhere.exists()


# -- what holds a reminder back ------------------------------------------------------------------------------------


def test_each_reason_to_wait_is_told(company, customer):
    invoice = late(customer)
    assert reasons(company) == ["due"]
    open_dispute(invoice=invoice, reason="Colis cassé", actor=ACTOR, at=AT)
    assert reasons(company) == ["disputed"]
    close_dispute(invoice=invoice, actor=ACTOR, at=AT)
    Customer.everywhere.filter(pk=customer.pk).update(reminders_paused_until=TODAY)
    assert reasons(company) == ["paused"]
    Customer.everywhere.filter(pk=customer.pk).update(reminders_paused_until=None)
    assert reasons(company, at=AT - timedelta(days=3)) == ["not_late_enough"]
    assert reasons(company, at=AT + timedelta(days=5)) == ["not_a_working_day"]
    money.a_payment(customer, "10.00")
    assert reasons(company) == ["credit_waiting"], "the customer has 10.00 with us"
    assert send(company) == []


def test_paid_credited_and_credit_notes_are_not_late(company, customer):
    paid, credited = late(customer), late(customer)
    money.a_payment(customer, str(paid.balance), [(paid, str(paid.balance))])
    note = credit_invoice(invoice=credited, parts=None, reason="Retour", actor=ACTOR, at=AT)
    assert note.kind == InvoiceKind.CREDIT_NOTE
    assert plan(company=company, at=AT) == []


@pytest.mark.parametrize(
    ("values", "held"),
    [
        ({"amount": "1440.00", "counterparty": "INCONNU"}, True),
        ({"amount": "3.00", "counterparty": "MAISON LUMIERE SARL"}, True),
        ({"amount": "3.00", "counterparty": "INCONNU", "remittance": "ACOMPTE {number}"}, True),
        ({"amount": "3.00", "counterparty": "INCONNU"}, False),
        ({"amount": "-1440.00", "counterparty": "MAISON LUMIERE"}, False),
    ],
    ids=["its amount", "its customer’s name", "its number", "a stranger’s 3.00", "money that leaves"],
)
def test_a_credit_nobody_has_matched_holds_back_what_it_could_pay(company, customer, values, held):
    invoice = late(customer)
    values["remittance"] = values.get("remittance", "").format(number=invoice.number)
    [line] = read_bank(company, money.a_credit(**values))
    assert reasons(company) == ["credit_waiting" if held else "due"]
    book(line, "758000")
    assert reasons(company) == ["due"]


def test_a_credit_of_an_amount_that_several_invoices_have_holds_them_all_back(company):
    for name in ("Alpha", "Beta"):
        late(story.a_customer(company, name=name))
    read_bank(company, money.a_credit("1440.00", counterparty="INCONNU"))
    assert reasons(company) == ["credit_waiting", "credit_waiting"]


def test_a_credit_from_an_account_the_customer_has_paid_from_holds_back(company, customer):
    iban = "FR7630001007941234567890185"
    late(customer)
    other = story.an_issued_invoice(customer)
    first, second = read_bank(
        company,
        money.a_credit(str(other.balance), counterparty="HOLDING", counterparty_iban=iban),
        money.a_credit("3.00", counterparty="HOLDING", counterparty_iban=iban),
    )
    match = accept_match(line=first, shares=[Share(other, other.balance)], actor=ACTOR, at=AT)
    assert reasons(company) == ["credit_waiting"]
    book(second, "758000")
    assert reasons(company) == ["due"]
    undo_match(match=match, reason="Erreur", actor=ACTOR, at=AT)
    assert reasons(company) == ["credit_waiting"], "its amount is open again"


@pytest.mark.parametrize(
    ("read_at", "reason"),
    [(None, "no_bank_data"), (AT - timedelta(days=4), "stale_bank_data"), (AT, "due")],
    ids=["never read", "Thursday’s", "this morning’s"],
)
def test_old_bank_data_holds_everything_back(company, customer, read_at, reason):
    late(customer)
    money.a_bank_account(company)
    if read_at:
        read_bank(company, at=read_at)
    assert reasons(company) == [reason]
    assert len(send(company)) == (reason == "due")


def test_one_stale_account_is_enough(company, customer):
    late(customer)
    read_bank(company)
    BankAccount.objects.create(
        company=company,
        name="Livret",
        iban="DE89370400440532013000",
        ledger_account="512900",
        imported_at=AT - timedelta(hours=25),
    )
    assert reasons(company) == ["stale_bank_data"]


def test_planning_takes_the_same_queries_for_one_invoice_or_ten(company, django_assert_num_queries):
    for number in range(10):
        late(story.a_customer(company, name=f"Client {number}"))
    read_bank(company, *(money.a_credit(f"{number + 5}.00", counterparty=f"INCONNU {number}") for number in range(10)))
    # two are of direct debits: the invoices that one will pay, and the credits that are one; two of paid suppliers,
    # whose transfers come back as credits
    with django_assert_num_queries(23):
        assert reasons(company) == ["due"] * 10


# -- at the moment of sending --------------------------------------------------------------------------------------


def pay_all(invoice: Invoice) -> None:
    money.a_payment(invoice.customer, str(invoice.balance), [(invoice, str(invoice.balance))])


def pay_into_the_bank(invoice: Invoice) -> None:
    read_bank(invoice.company, money.a_credit(str(invoice.balance), remittance=invoice.number))


def use_a_credit(invoice: Invoice) -> None:
    money.a_payment(invoice.customer, "440.00")
    use_credit(invoice=invoice, actor=ACTOR, at=AT)


AFTERWARDS = {
    "a credit used": (use_a_credit, "montant dû a changé"),
    "paid": (pay_all, "ne doit plus rien"),
    "disputed": (lambda invoice: open_dispute(invoice=invoice, reason="Non livré", actor=ACTOR, at=AT), "contestée"),
    "credited": (
        lambda invoice: credit_invoice(invoice=invoice, parts=None, reason="Retour", actor=ACTOR, at=AT),
        "annulée par un avoir",
    ),
    "an unmatched credit": (pay_into_the_bank, "encaissement non rapproché"),
    "bank data grown old": (lambda invoice: money.a_bank_account(invoice.company), "aucun relevé"),
}


@pytest.mark.parametrize("happened", AFTERWARDS)
def test_what_happens_between_queueing_and_sending_withdraws_the_letter(company, customer, server, happened):
    invoice = late(customer)
    [reminder] = send(company)
    act, sentence = AFTERWARDS[happened]
    act(Invoice.everywhere.select_related("customer", "company").get(pk=invoice.pk))
    assert deliver_reminders(at=AT + timedelta(minutes=1)) == 0
    reminder.refresh_from_db()
    assert (reminder.status, reminder.email.status) == (ReminderStatus.CANCELLED, EmailStatus.CANCELLED)
    assert sentence in reminder.cancelled_because
    assert server.sessions == 0


def test_a_withdrawn_letter_leaves_its_level_free(company, customer, server):
    invoice = late(customer)
    send(company)
    open_dispute(invoice=invoice, reason="Non livré", actor=ACTOR, at=AT)
    deliver_reminders(at=AT)
    close_dispute(invoice=invoice, actor=ACTOR, at=AT)
    [again] = send(company)
    assert again.level == ReminderLevel.FRIENDLY
    assert deliver_reminders(at=AT) == 1


def test_a_person_cannot_send_a_notice_that_is_no_longer_due(company, customer):
    invoice = late(customer, days=40)
    was_sent(invoice, ReminderLevel.FRIENDLY, days_ago=20)
    was_sent(invoice, ReminderLevel.FIRM)
    [final] = send(company)
    pay_all(invoice)
    with pytest.raises(NothingToSend, match="ne doit plus rien"):
        send_drafted(reminder=final, actor=ACTOR, at=AT)
    assert not Email.everywhere.exists()


def test_a_kept_letter_sent_later_by_a_person_is_guarded_too(company, customer, settings):
    settings.SMTP_CONFIGURED = False
    one, two = late(customer), late(story.a_customer(company, name="Beta"))
    reminders = send(company)
    assert deliver_reminders(at=AT) == 2
    for reminder in reminders:
        resend_email(email=Email.everywhere.get(pk=reminder.email_id), actor=ACTOR, at=AT)
    pay_all(one)
    assert deliver_reminders(at=AT) == 1
    found = dict(Email.everywhere.values_list("invoice_id", "status"))
    assert found == {one.pk: EmailStatus.CANCELLED, two.pk: EmailStatus.KEPT}
    assert set(Reminder.everywhere.values_list("status", flat=True)) == {ReminderStatus.SENT}


def test_a_letter_the_server_postpones_stays_queued_and_leaves_later(company, customer, server):
    late(customer)
    [reminder] = send(company)
    server.to_recipient = "451 plus tard"
    deliver_reminders(at=AT)
    reminder.refresh_from_db()
    assert (reminder.status, reminder.email.status) == (ReminderStatus.QUEUED, EmailStatus.QUEUED)
    server.to_recipient = "250 OK"
    deliver_reminders(at=AT + timedelta(minutes=2))
    reminder.refresh_from_db()
    assert (reminder.status, len(server.messages)) == (ReminderStatus.SENT, 1)


# -- the letters ---------------------------------------------------------------------------------------------------


def letter(invoice: Invoice, level: ReminderLevel, *, at: datetime = AT) -> str:
    _subject, body = reminder_letter(invoice, level, at=at)
    assert "{" not in previewed(body)
    return body


def test_the_letters_grow_firmer_and_the_last_is_a_formal_notice(company, customer):
    invoice = late(customer, days=20)
    friendly, firm, final = (letter(invoice, level) for level in ReminderLevel)
    for body in (friendly, firm, final):
        assert invoice.number in body
        assert "1 440,00" in body.replace("\u202f", " ").replace("\xa0", " ")
        assert invoice.seller["name"] in body
    assert "L441-10" not in friendly
    assert all("L441-10" in body and "40,00" in body for body in (firm, final))
    assert "20 jours de retard" in firm
    assert "mettons en demeure" in final
    assert "article 1344 du code civil" in final


def test_a_consumer_is_told_of_no_indemnity(company):
    person = story.a_customer(company, kind=CustomerKind.INDIVIDUAL, last_name="D’Arc & Fils")
    invoice = late(person, days=40)
    for level in ReminderLevel:
        body = letter(invoice, level)
        assert "pénalités" not in body
        assert "indemnité" not in body
        assert "&amp;" not in body


def test_a_half_year_whose_rate_is_unknown_names_no_amount(company, customer):
    body = letter(late(customer, days=20), ReminderLevel.FIRM)
    assert "majoré de dix points, dont le montant vous sera précisé" in body


def test_interest_of_known_half_years_is_named_and_stops_when_money_came(company, customer):
    issued = datetime(2026, 1, 5, 9, tzinfo=UTC)
    invoice = story.an_issued_invoice(customer, at=issued, due_date=date(2026, 1, 31))
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert charges_of(invoice, at=at).interest == Decimal("14.38"), "1440 × 12.15 % × 30 / 365"
    assert "14,38" in letter(invoice, ReminderLevel.FIRM, at=at)
    money.a_payment(customer, "720.00", [(invoice, "720.00")], paid_on=date(2026, 2, 15), at=at)
    assert charges_of(invoice, at=at).interest == Decimal("10.79"), "15 days on 1440, 15 on 720, whenever recorded"


def test_a_public_body_is_told_of_its_own_law(company):
    body = story.a_customer(company, is_public_body=True)
    text = letter(late(body, days=20), ReminderLevel.FIRM)
    assert "L2192-13" in text
    assert "majoré de huit points" in text
    assert "L441-10" not in text


# -- many at once, many companies ----------------------------------------------------------------------------------


def test_the_sweep_serves_each_company_by_its_own_facts_and_leaves_those_who_said_no(
    company, customer, settings, monkeypatch
):
    settings.SMTP_CONFIGURED = False
    monkeypatch.setattr(tasks.timezone, "now", lambda: AT)
    silent = story.a_company(reminders_enabled=False)
    unread = story.a_company(iban="DE89370400440532013000")
    money.a_bank_account(unread)
    ours, *_others = (late(story.a_customer(one, name="Gamma")) for one in (company, silent, unread))
    assert tasks.remind() == 1
    [reminder] = Reminder.everywhere.all()
    assert (reminder.invoice_id, reminder.status) == (ours.pk, ReminderStatus.SENT)
    assert tasks.remind() == 0


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_four_sweeps_at_once_write_each_letter_once_and_each_customer_gets_one(server):
    company = story.a_company()
    customers = [story.a_customer(company, name=f"Client {place}") for place in range(3)]
    for customer in customers:
        late(customer)
        late(customer)

    def sweep(_place: int) -> int:
        with company_scope(company):
            made = len(send(company))
            connection.close()
            deliver_reminders(at=AT)
        return made

    assert sum(at_once(4, sweep)) == 3
    deliver_reminders(at=AT)
    assert server.sessions == 3
    sent = Reminder.everywhere.filter(status=ReminderStatus.SENT)
    assert {one.invoice.customer_id for one in sent.select_related("invoice")} == {one.pk for one in customers}
    assert Reminder.everywhere.count() == 3


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_sweeps_decide_alike_and_only_postgresql_stops_the_second_letter(monkeypatch):
    company = story.a_company()
    late(story.a_customer(company))
    together = threading.Barrier(2, timeout=30)

    def nobody_waits(_invoices: list[Invoice], _at: datetime) -> Any:
        decisions = decide_together(_invoices, _at)
        together.wait()
        return decisions

    def unlocked(keys: list[int]) -> list[Invoice]:
        return list(Invoice.everywhere.select_related("customer", "company").filter(pk__in=keys))

    decide_together = sending.decide_together
    monkeypatch.setattr(sending, "decide_together", nobody_waits)
    monkeypatch.setattr(sending, "lock_with_customer", unlocked)

    def sweep(_place: int) -> None:
        with company_scope(company):
            send(company)

    at_once(2, sweep)
    assert "IntegrityError" in LoopFailure.everywhere.get(company=company).problem
    assert Reminder.everywhere.count() == 1


def test_interest_runs_on_what_is_payable_after_deposits(company, customer):
    issued = datetime(2026, 1, 5, 9, tzinfo=UTC)
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(5))], kind="386", at=issued)
    draft = story.a_draft(customer, due_date=date(2026, 1, 31))
    draft = choose_deposits(invoice=draft, keys=[deposit.pk], actor=ACTOR, at=issued)
    invoice = issue_invoice(invoice=draft, actor=ACTOR, at=issued)
    assert (invoice.total_gross, invoice.payable) == (Decimal("1440.00"), Decimal("720.00"))
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert charges_of(invoice, at=at).interest == Decimal("7.19"), "720 × 12.15 % × 30 / 365"


def test_a_credit_note_lowers_the_interest_from_its_own_day(company, customer):
    issued = datetime(2026, 1, 5, 9, tzinfo=UTC)
    lines = [story.a_line(quantity=Decimal(5)), story.a_line("Table", quantity=Decimal(5))]
    invoice = story.an_issued_invoice(customer, lines, at=issued, due_date=date(2026, 1, 31))
    middle = datetime(2026, 2, 15, 9, tzinfo=UTC)
    credit_invoice(invoice=invoice, parts=story.a_return(invoice, 5), reason="Retour", actor=ACTOR, at=middle)
    owed = charges_of(Invoice.objects.get(pk=invoice.pk), at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert owed.interest == Decimal("10.79"), "15 days on 1440, 15 on 720"


BY_THE_CALENDAR = {"due", "no_address", "credit_waiting", "no_bank_data", "stale_bank_data", "not_a_working_day"}


def test_the_database_finds_those_whose_turn_it_is_as_the_policy_decides(company):
    """Every pair of a lateness and a history, with a pause, a dispute, a letter of yesterday to the same customer."""
    Company.objects.filter(pk=company.pk).update(friendly_after_days=3, firm_after_days=10, final_after_days=20)
    company.refresh_from_db()
    for days in (21, 20, 19, 11, 10, 9, 4, 3, 2, 1):
        for reached in (None, *ReminderLevel):
            invoice = late(story.a_customer(company), days)
            if reached:
                was_sent(invoice, reached, days_ago=7 if days % 2 else 6)
    held = [late(story.a_customer(company), 1) for _one in range(3)]
    Invoice.everywhere.filter(pk=held[0].pk).update(disputed_at=AT)
    Company.objects.filter(pk=company.pk).update(friendly_after_days=1)
    company.refresh_from_db()
    for invoice, until in zip(held[1:], (TODAY, TODAY - timedelta(days=1)), strict=True):
        Customer.everywhere.filter(pk=invoice.customer_id).update(reminders_paused_until=until)
    decided = {one.invoice.pk: one.decision.reason in BY_THE_CALENDAR for one in plan(company=company, at=AT)}
    rows = schedule.overdue(company, AT)
    found = set(schedule.due_for_reminder(rows, company=company, at=AT).values_list("pk", flat=True))
    others = set(schedule.not_due_for_reminder(rows, company=company, at=AT).values_list("pk", flat=True))
    assert found == {key for key, turn in decided.items() if turn}
    assert others == {key for key, turn in decided.items() if not turn}
    assert len(found) > 8
    assert len(others) > 8


def test_a_decision_is_the_same_alone_among_a_page_or_among_all(company):
    customers = [story.a_customer(company, name=name) for name in ("Dubois", "Martin", "Hôtel du Nord", "Petit")]
    invoices = [late(customer, days) for days, customer in zip((40, 30, 20, 10), customers, strict=True)]
    read_bank(
        company,
        money.a_credit("5.00", remittance=f"VIR {invoices[0].number}"),
        money.a_credit("7.00", counterparty="MARTIN SA"),
        money.a_credit("9.00", counterparty="Autre", remittance="sans rapport"),
    )
    whole = {one.invoice.pk: one.decision for one in plan(company=company, at=AT)}
    assert {decision.reason for decision in whole.values()} == {"credit_waiting", "due"}
    for invoice in Invoice.everywhere.filter(company=company).select_related("customer", "company"):
        (alone,) = plan(company=company, at=AT, invoices=[invoice])
        assert alone.decision == whole[invoice.pk]
