"""A row that cannot be treated, in the first place of each loop: the others are done, people see it, it comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing import tasks as billing_tasks
from billing.models import Email, EmailStatus, Invoice
from billing.services.deposits import draft_deposit
from billing.services.issuing import issue_invoice
from config.kernel.isolating import forget, treat_batches, treat_each
from config.kernel.models import LoopFailure
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.kernel.todo import Today
from config.pages.home import todos
from einvoicing import tasks as einvoicing_tasks
from einvoicing.models import LifecycleEvent, PlatformAccount, RemoteDocument
from einvoicing.services import preparing
from einvoicing.services.compliance import state_of
from einvoicing.services.sending import email_invoice
from payments import tasks as payment_tasks
from payments.dunning import tasks as dunning_tasks
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, platforms, story

pytestmark = pytest.mark.django_db
AT = story.AT


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def seen_at_home(company):
    """The titles of the owner's home page."""
    with company_scope(company):
        return " ".join(todo.sentence for todo in todos(Today(timezone.now()), Role.OWNER))


def two_companies():
    return [story.a_company(), story.a_company()]


def breaking(monkeypatch, module, name, poison):
    """The function fails for the rows of the poisoned company: a defect of the product, whatever it is."""
    whole = getattr(module, name)

    def broken(*args, **kwargs):
        row = next(iter(kwargs.values()))
        if getattr(row, "company_id", row.pk) == poison.pk:
            raise ValueError("defect")
        return whole(*args, **kwargs)

    monkeypatch.setattr(module, name, broken)


LOOPS = (
    (payment_tasks, "reconcile_company", payment_tasks.reconcile, "rapprochement"),
    (dunning_tasks.sending, "send_reminders", payment_tasks.remind, "relances"),
    (einvoicing_tasks, "poll_account", einvoicing_tasks.poll, "lecture des plateformes"),
    (einvoicing_tasks, "compare_account", einvoicing_tasks.compare, "comparaison avec les plateformes"),
)


@pytest.mark.parametrize(("module", "name", "task", "loop"), LOOPS, ids=[row[3] for row in LOOPS])
def test_a_defect_of_the_first_company_stops_no_other_and_is_seen_until_it_is_mended(
    monkeypatch, module, name, task, loop
):
    poisoned, other = two_companies()
    reached = []
    for company in (poisoned, other):
        platforms.a_platform_account(company)
    whole = getattr(module, name)

    def noted(*args, **kwargs):
        row = next(iter(kwargs.values()))
        reached.append(getattr(row, "company_id", row.pk))
        return whole(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, noted)
        breaking(patch, module, name, poisoned)
        task()
        task()
    assert reached.count(other.pk) == 2
    failure = LoopFailure.everywhere.get(company=poisoned, loop=loop)
    assert failure.times == 2
    assert loop in seen_at_home(poisoned)
    assert not LoopFailure.everywhere.filter(company=other).exists()
    task()
    assert not LoopFailure.everywhere.filter(loop=loop).exists()


def test_a_refused_deposit_is_read_and_stops_the_statuses_of_nobody(sandbox):
    poisoned, other = two_companies()
    accounts = {company.pk: platforms.a_platform_account(company, sandbox) for company in (poisoned, other)}
    customer = story.a_customer(poisoned, name="REFUS SARL")
    with company_scope(poisoned):
        draft = story.a_draft(customer)
        deposit = draft_deposit(
            source=draft, gross=draft.total_gross / 2, description="Acompte", actor=story.ACTOR, at=AT
        )
        deposit = issue_invoice(invoice=deposit, actor=story.ACTOR, at=AT)
    invoice = story.an_issued_invoice(story.a_customer(other))
    einvoicing_tasks.transmit()
    einvoicing_tasks.poll()
    assert LifecycleEvent.everywhere.filter(invoice=deposit, code="210").exists()
    assert LifecycleEvent.everywhere.filter(invoice=invoice).exists()
    assert not LoopFailure.everywhere.exists()
    for account in accounts.values():
        account.refresh_from_db()
        assert state_of(account, at=timezone.now()) == "ok"


def test_a_status_that_breaks_is_told_of_and_read_later(monkeypatch, sandbox):
    company = story.a_company()
    account = platforms.a_platform_account(company, sandbox)
    customer = story.a_customer(company)
    first, second = story.an_issued_invoice(customer), story.an_issued_invoice(customer)
    for invoice in (first, second):
        platforms.a_message(account, platforms.status_message(invoice, "205"))
    from einvoicing.services import statuses

    whole = statuses.record_status

    def broken(*, invoice: Invoice, **kwargs: Any) -> LifecycleEvent:
        if invoice == first:
            raise ValueError("defect")
        return whole(invoice=invoice, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(statuses, "record_status", broken)
        assert einvoicing_tasks.poll() == 1
    account.refresh_from_db()
    assert state_of(account, at=timezone.now()) == "failing"
    assert account.last_error
    assert "lecture des statuts" in seen_at_home(company)
    assert einvoicing_tasks.poll() == 1
    account.refresh_from_db()
    assert (state_of(account, at=timezone.now()), account.last_error) == ("ok", "")
    assert not RemoteDocument.everywhere.filter(applied_at=None).exists()


def an_email(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    with company_scope(company):
        return email_invoice(invoice=invoice, addresses=["a@client.example"], at=AT)[0]


def test_a_document_that_cannot_be_made_waits_and_the_others_are_made(monkeypatch):
    poisoned, other = two_companies()
    first, second = an_email(poisoned), an_email(other)
    with monkeypatch.context() as patch:
        breaking(patch, preparing, "ensure_facturx", poisoned)
        assert preparing.prepare_documents() == 1
    first.refresh_from_db()
    assert (first.status, first.attempts) == (EmailStatus.QUEUED, 1)
    assert first.next_attempt_at > timezone.now()
    assert first.last_error
    assert "préparation des documents" in seen_at_home(poisoned)
    Email.everywhere.filter(pk=first.pk).update(next_attempt_at=AT)
    assert preparing.prepare_documents() == 1
    assert not LoopFailure.everywhere.exists()
    with company_scope(other):
        assert second.invoice.documents.exists()


def test_a_message_that_breaks_at_the_mail_server_stops_no_other(monkeypatch):
    poisoned, other = two_companies()
    _first, second = an_email(poisoned), an_email(other)
    preparing.prepare_documents()
    breaking(monkeypatch, billing_tasks, "hand_over", poisoned)
    billing_tasks.deliver_emails()
    second.refresh_from_db()
    assert second.status in {EmailStatus.SENT, EmailStatus.KEPT}
    assert "envoi des e-mails" in seen_at_home(poisoned)


def test_a_platform_that_does_not_answer_for_minutes_is_said_at_home():
    company = story.a_company()
    account = platforms.a_platform_account(company)
    einvoicing_tasks.poll()
    assert f"{account.name} ne répond pas" in seen_at_home(company)
    now = timezone.now()
    PlatformAccount.everywhere.filter(pk=account.pk).update(polled_at=now - timedelta(minutes=1))
    assert "ne répond pas" not in seen_at_home(company)


def test_what_a_loop_meets_no_more_is_forgotten(company):
    def treat(row: Any) -> None:
        raise ValueError("defect")

    treat_each([company], treat, loop="essai", at=AT)
    assert forget(at=AT + timedelta(days=1)) == 0
    assert forget(at=AT + timedelta(days=3)) == 1


def three_lines(company: Any) -> list[Any]:
    customer = story.a_customer(company)
    invoices = [story.an_issued_invoice(customer) for _count in range(3)]
    entries = [money.a_credit(str(row.balance), remittance=row.payment_reference) for row in invoices]
    with company_scope(company):
        return money.bank_lines(company, entries)


def test_the_money_of_one_line_stops_no_other(monkeypatch):
    """Neither those matched with it at once, nor those matched after it."""
    from payments.services import automatic

    company = story.a_company()
    lines = three_lines(company)
    whole = automatic.settle_locked
    tried = []

    def broken(settlements, *args, **named):
        tried.append(len(settlements))
        if lines[1] in [settlement.line for settlement in settlements]:
            raise ValueError("defect")
        return whole(settlements, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(automatic, "settle_locked", broken)
        assert payment_tasks.reconcile() == 2
        assert tried == [3, 1, 1, 1], "one by one, since all at once failed"
        assert payment_tasks.reconcile() == 0
    assert "rapprochement d’une ligne" in seen_at_home(company)
    assert payment_tasks.reconcile() == 1
    assert not LoopFailure.everywhere.exists()


def test_a_line_that_cannot_be_judged_stops_no_other(monkeypatch):
    """A defect in judging is written down on its line, and stops neither the company's other lines nor its run."""
    from payments.matching import days

    company = story.a_company()
    lines = three_lines(company)
    whole = days.match

    def broken(line, *args, **named):
        if lines[1].remittance in line.texts:
            raise ValueError("defect")
        return whole(line, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(days, "match", broken)
        assert payment_tasks.reconcile() == 2
    failure = LoopFailure.everywhere.get()
    assert (failure.row, failure.loop) == (lines[1].subject, "rapprochement d’une ligne")
    assert "rapprochement d’une ligne" in seen_at_home(company)
    assert payment_tasks.reconcile() == 1
    assert not LoopFailure.everywhere.exists()


def test_of_many_rows_at_once_the_bad_one_alone_is_written_down(company):
    """`treat_batches`: a batch that fails is treated row by row, and what failed before is kept out of the next one."""
    customers = [story.a_customer(company, name=f"Client {place}") for place in range(4)]
    bad, seen = customers[2], []

    def treat(batch: Any) -> None:
        seen.append([row.name for row in batch])
        if bad is not None and bad in batch:
            raise ValueError("defect")

    treat_batches([customers], treat, loop="essai", at=AT)
    assert [len(batch) for batch in seen] == [4, 1, 1, 1, 1]
    assert [row.row for row in LoopFailure.everywhere.all()] == [bad.subject]
    seen.clear()
    bad = None
    treat_batches([customers], treat, loop="essai", at=AT)
    assert seen == [["Client 0", "Client 1", "Client 3"], ["Client 2"]]
    assert not LoopFailure.everywhere.exists()
