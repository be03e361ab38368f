"""Acts on many rows: what was shown is what is done, each row once, one that refuses stops no other."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Email, Invoice, SalesOrder
from billing.services.orders import save_order
from config.kernel.bulk import acts, choosing, running
from config.kernel.bulk.running import RUNS
from config.kernel.models import AuditEvent, BulkRow, BulkRun, Company, Job, Membership
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.pages.operations.finishing import finish_jobs
from customers.models import Customer, PaymentTerms
from payments.dunning.models import Reminder
from tests.factories import purchases, story
from tests.factories.people import signed_in
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db

NEW = "bulk-new"


def shown(client: Client, listed: str, act: str, **query: Any) -> HttpResponse:
    return client.get(reverse(NEW), {"list": listed, "act": act, **query})


def confirm(client: Client, page: Any, **typed: Any) -> Any:
    """The form of the page, sent as a browser sends it."""
    found = re.search(r'name="shown" value="(\w+)"', page.content.decode())
    assert found, page.content.decode()
    return client.post(page.wsgi_request.get_full_path(), {"shown": found[1], **typed})


def run_of(client: Client, listed: str, act: str, typed: dict[str, Any] | None = None, **query: Any) -> BulkRun:
    """Asked for, confirmed, and carried out."""
    answer = confirm(client, shown(client, listed, act, **query), **(typed or {}))
    assert answer.status_code == 302, answer.content.decode()
    RUNS.sweep()
    run: BulkRun = BulkRun.everywhere.get(pk=int(answer["Location"].rstrip("/").rsplit("/")[-1]))
    return run


def results(run: BulkRun) -> list[tuple[str, str]]:
    return list(BulkRow.everywhere.filter(run=run).order_by("position").values_list("status", "sentence"))


def drafts(company: Company, count: int, **values: Any) -> list[Invoice]:
    customer = story.a_customer(company, **values)
    return [story.a_draft(customer) for _number in range(count)]


@pytest.mark.usefixtures("rules_say_yes")
def test_chosen_drafts_are_issued_in_the_order_of_their_creation_by_who_asked(company: Company) -> None:
    first, second, left = drafts(company, 3)
    client = signed_in(company)
    page = shown(client, "invoices", "issue_and_send", invoice=[second.pk, first.pk])
    text = page.content.decode()
    assert "figé" in text
    assert Invoice.objects.filter(number=None).count() == 3
    run = run_of(client, "invoices", "issue_and_send", invoice=[second.pk, first.pk])
    numbers = [Invoice.objects.get(pk=draft.pk).number for draft in (first, second)]
    assert numbers == sorted(filter(None, numbers))
    assert results(run) == [
        ("DONE", f"Émise : {number}, en file d’envoi pour compta@client.example") for number in numbers
    ]
    assert Invoice.objects.get(pk=left.pk).number is None
    assert Email.objects.count() == 2
    event = AuditEvent.objects.filter(tag="billing.invoice.issued").latest("id")
    assert event.actor_user_id == run.requested_by_id
    run.refresh_from_db()
    assert (run.status, run.total, run.finished_at is not None) == ("DONE", 2, True)


@pytest.mark.usefixtures("rules_say_yes")
def test_all_of_the_filter_and_only_those_that_the_act_is_for(company: Company) -> None:
    ours = drafts(company, 60)
    other = drafts(company, 1, name="Autre")[0]
    issued = story.an_issued_invoice(ours[0].customer)
    client = signed_in(company)
    page = shown(client, "invoices", "delete", all="1", q="Lumière")
    context: Any = page.context
    assert (context["count"], context["left_out"], len(context["names"]), context["others"]) == (60, 1, 50, 10)
    run = run_of(client, "invoices", "delete", all="1", q="Lumière")
    assert BulkRow.everywhere.filter(run=run, status="DONE").count() == 60
    assert {*Invoice.objects.values_list("pk", flat=True)} == {other.pk, issued.pk}


def test_a_row_that_refuses_says_why_and_stops_no_other(company: Company) -> None:
    mute = drafts(company, 1, email="")[0].customer
    silent, told = (story.an_issued_invoice(customer) for customer in (mute, story.a_customer(company)))
    run = run_of(signed_in(company), "invoices", "send", invoice=[silent.pk, told.pk])
    found = dict(BulkRow.everywhere.filter(run=run).values_list("record", "sentence"))
    assert found[silent.pk].startswith("Ce client n’a pas d’adresse e-mail.")
    assert found[told.pk] == "En file d’envoi pour compta@client.example"
    assert run_page(company, run).context["counts"] == {"WAITING": 0, "DONE": 1, "REFUSED": 1}


def run_page(company: Company, run: BulkRun, **query: Any) -> Any:
    return signed_in(company).get(reverse("bulk-run", args=[run.pk]), query)


def test_a_defect_in_one_row_is_told_and_the_others_are_reached(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = drafts(company, 2)
    act = acts.ACTS["invoices"]["delete"]

    def breaking(invoice: Invoice, *rest: Any) -> str:
        if invoice.pk == first.pk:
            Invoice.everywhere.filter(pk=first.pk).update(internal_notes="à demi")
            raise ValueError("defect")
        return act.work(invoice, *rest)

    changed = {**acts.ACTS["invoices"], "delete": _with(act, work=breaking)}
    monkeypatch.setitem(acts.ACTS, "invoices", changed)
    run = run_of(signed_in(company), "invoices", "delete", invoice=[first.pk, second.pk])
    assert results(run) == [("REFUSED", running.DEFECT), ("DONE", "Brouillon supprimé")]
    # what the row had written is undone
    assert Invoice.objects.get(pk=first.pk).internal_notes == ""


def _with(act: acts.BulkAct, **changes: Any) -> acts.BulkAct:
    return replace(act, **changes)


def test_what_changed_between_the_page_and_the_deed_is_shown_again(company: Company) -> None:
    drafts(company, 2)
    client = signed_in(company)
    page = shown(client, "invoices", "delete", all="1")
    late = drafts(company, 1, name="Arrivé entre-temps")[0]
    answer = confirm(client, page)
    assert answer.status_code == 200
    assert "La liste a changé depuis" in answer.content.decode()
    assert answer.context["count"] == 3
    assert Invoice.objects.count() == 3
    assert BulkRun.objects.count() == 0
    assert confirm(client, answer).status_code == 302
    assert BulkRow.objects.filter(record=late.pk).exists()


def test_a_record_that_is_gone_or_moved_on_meanwhile_is_refused_in_words(company: Company) -> None:
    gone, done = drafts(company, 2)
    client = signed_in(company)
    answer = confirm(client, shown(client, "invoices", "delete", invoice=[gone.pk, done.pk]))
    Invoice.everywhere.filter(pk=gone.pk).delete()
    RUNS.sweep()
    assert answer.status_code == 302
    assert ("REFUSED", running.GONE) in results(BulkRun.objects.get())


def test_no_more_than_the_bound_at_once(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "MOST", 2)
    drafts(company, 3)
    page = shown(signed_in(company), "invoices", "delete", all="1")
    assert page.status_code == 422
    assert "Dix mille lignes au plus" in page.content.decode()


def test_another_company_s_rows_are_not_chosen(company: Company) -> None:
    theirs = drafts(story.a_company(), 1)[0]
    page: Any = shown(signed_in(company), "invoices", "delete", invoice=[theirs.pk])
    assert page.context["count"] == 0
    run = run_of(signed_in(theirs.company), "invoices", "delete", invoice=[theirs.pk])
    assert signed_in(company).get(reverse("bulk-run", args=[run.pk])).status_code == 404


def test_a_role_does_what_it_may_alone_and_at_the_moment_of_the_deed(company: Company) -> None:
    (draft,) = drafts(company, 1)
    late = story.an_issued_invoice(draft.customer)
    assert shown(signed_in(company, Role.VIEWER), "invoices", "delete", invoice=[draft.pk]).status_code == 403
    assert shown(signed_in(company, Role.SALES), "invoices", "remind", invoice=[late.pk]).status_code == 403
    client = signed_in(company, Role.SALES)
    confirm(client, shown(client, "invoices", "delete", invoice=[draft.pk]))
    Membership.objects.filter(company=company, role=Role.SALES).update(role=Role.VIEWER)
    RUNS.sweep()
    assert results(BulkRun.objects.get()) == [("REFUSED", running.NO_LONGER_ALLOWED)]
    assert Invoice.objects.filter(pk=draft.pk).exists()
    assert BulkRun.objects.get().status == "DONE"


def test_an_act_or_a_list_that_is_none_is_no_page(company: Company) -> None:
    client = signed_in(company)
    for listed, act in (("invoices", "explode"), ("elephants", "delete"), ("", "")):
        assert shown(client, listed, act).status_code == 404


def test_a_stopped_run_leaves_the_rest_as_it_is(company: Company) -> None:
    drafts(company, 2)
    client = signed_in(company)
    confirm(client, shown(client, "invoices", "delete", all="1"))
    run = BulkRun.objects.get()
    assert client.post(reverse("bulk-stop", args=[run.pk])).status_code == 302
    RUNS.sweep()
    assert Invoice.objects.count() == 2
    assert {status for status, _sentence in results(run)} == {"WAITING"}
    assert AuditEvent.objects.filter(tag="kernel.bulk.stopped").count() == 1


def test_the_results_are_a_file_and_can_be_filtered(company: Company) -> None:
    drafts(company, 3)
    client = signed_in(company)
    run = run_of(client, "invoices", "delete", all="1")
    answer = client.get(reverse("bulk-run", args=[run.pk]), {"export": "csv", "status": "DONE"})
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == ["Ligne", "Désignation", "État", "Résultat", "Fait le"]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3"]
    assert {row[3] for row in rows[1:]} == {"Brouillon supprimé"}
    assert run_page(company, run, status="REFUSED").context["rows"] == []
    assert run_page(company, run, q="lumiere").context["page"].rows
    part = client.get(reverse("bulk-run", args=[run.pk]), {"part": "1"}, headers={"HX-Request": "true"})
    assert "every 2s" not in part.content.decode()
    assert "Voir les résultats" in part.content.decode()
    assert signed_in(company).get(reverse("bulk-list")).context["rows"][0]["run"] == run


def test_partners_hear_of_its_end_as_of_any_job(company: Company) -> None:
    drafts(company, 1)
    run_of(signed_in(company), "invoices", "delete", all="1")
    assert finish_jobs() == 1
    job = Job.objects.get(kind="bulk")
    assert job.status == "COMPLETED"


def test_orders_customers_and_purchases_have_acts_of_their_own(company: Company) -> None:
    client = signed_in(company)
    customer = story.a_customer(company)
    with company_scope(company):
        order = save_order(
            order=None, customer=customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT
        )
        SalesOrder.everywhere.filter(pk=order.pk).update(status="SHIPPED", shipped_at=story.AT)
    run = run_of(client, "orders", "generate", all="1")
    assert results(run)[0][0] == "DONE"
    assert Invoice.objects.get().order_id == order.pk
    terms = PaymentTerms.objects.get(name="60 jours")
    run_of(client, "customers", "terms", {"terms": terms.pk}, all="1")
    assert Customer.objects.get(pk=customer.pk).terms == terms
    run_of(client, "customers", "archive", customer=[customer.pk])
    assert Customer.objects.get(pk=customer.pk).archived_at
    waiting = purchases.a_purchase(purchases.a_supplier(company))
    type(waiting).everywhere.filter(pk=waiting.pk).update(status="TO_APPROVE", doubts=[])
    run = run_of(client, "purchases", "approve", all="1")
    assert results(run) == [("DONE", "Bon à payer donné")]
    waiting.refresh_from_db()
    assert waiting.status in ("APPROVED", "BOOKED")


def test_options_that_are_not_valid_are_asked_again(company: Company) -> None:
    story.a_customer(company)
    client = signed_in(company)
    other = story.a_customer(story.a_company()).terms
    answer = confirm(client, shown(client, "customers", "terms", all="1"), terms=other.pk)
    assert answer.status_code in (200, 422)
    assert BulkRun.objects.count() == 0


def test_late_invoices_are_reminded_one_by_one(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    late = story.an_issued_invoice(story.a_customer(company))
    monkeypatch.setattr(timezone, "now", lambda: story.AT + timedelta(days=90))
    run = run_of(signed_in(company), "invoices", "remind", invoice=[late.pk])
    ((status, sentence),) = results(run)
    # the bank's data or the calendar may hold it back: then it says so
    assert (status == "DONE") == Reminder.objects.filter(invoice=late).exists()
    assert sentence


def test_every_act_stands_on_the_page_of_its_list(company: Company) -> None:
    (draft,) = drafts(company, 1)
    page = signed_in(company).get(reverse("billing:invoice-list")).content.decode()
    # the page that judges the drafts first stands for the two, and leads to them beyond its hundred
    judged = {"issue", "issue_and_send"}
    assert reverse("einvoicing:invoice-issue-many") in page
    for name in acts.ACTS["invoices"]:
        assert (f'value="{name}"' in page) is (name not in judged)
    assert f'value="{draft.pk}"' in page
    viewer = signed_in(company, Role.VIEWER).get(reverse("billing:invoice-list")).content.decode()
    assert 'name="act"' not in viewer
    assert acts.ACTS.keys() == acts.LISTS.keys()
    assert all(len(act.name) <= 30 for group in acts.ACTS.values() for act in group.values())


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_half_way_is_followed_and_no_row_is_done_twice() -> None:
    company = story.a_company()
    draft_rows = drafts(company, 5)
    client = signed_in(company)
    confirm(client, shown(client, "invoices", "delete", all="1"))
    run = BulkRun.everywhere.get()
    treated = list[int]()
    act = acts.ACTS["invoices"]["delete"]

    class Killed(BaseException):
        pass

    def dying(invoice: Invoice, *rest: Any) -> str:
        sentence = act.work(invoice, *rest)
        treated.append(invoice.pk)
        if len(treated) == 3:
            raise Killed
        return sentence

    patch = pytest.MonkeyPatch()
    patch.setitem(acts.ACTS, "invoices", {**acts.ACTS["invoices"], "delete": _with(act, work=dying)})
    try:
        with pytest.raises(Killed):
            RUNS.sweep()
        assert BulkRow.everywhere.filter(run=run, status="DONE").count() == 2
        assert Invoice.everywhere.count() == 3  # the third is undone with its row
        assert RUNS.sweep() == []  # its lease has not run out
        later = timezone.now() + running.LEASE + timedelta(minutes=1)
        RUNS.sweep(now=lambda: later)
    finally:
        patch.undo()
    assert Invoice.everywhere.count() == 0
    assert len(treated) == 6  # the one that was undone was met again, no other
    assert {*treated} == {draft.pk for draft in draft_rows}
    assert BulkRow.everywhere.filter(run=run, status="DONE").count() == 5


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_a_row_that_kills_its_worker_is_left_aside_after_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    company = story.a_company()
    first, second = drafts(company, 2)
    client = signed_in(company)
    confirm(client, shown(client, "invoices", "delete", all="1"))
    act = acts.ACTS["invoices"]["delete"]

    def deadly(invoice: Invoice, *rest: Any) -> str:
        if invoice.pk == first.pk:
            raise KeyboardInterrupt
        return act.work(invoice, *rest)

    monkeypatch.setitem(acts.ACTS, "invoices", {**acts.ACTS["invoices"], "delete": _with(act, work=deadly)})
    moment = timezone.now()
    for _try in range(3):
        with pytest.raises(KeyboardInterrupt):
            RUNS.sweep(now=lambda: moment)
        moment += running.LEASE + timedelta(minutes=1)
    RUNS.sweep(now=lambda: moment)
    run = BulkRun.everywhere.get()
    assert results(run) == [("REFUSED", running.INTERRUPTED), ("DONE", "Brouillon supprimé")]
    assert [*Invoice.everywhere.values_list("pk", flat=True)] == [first.pk]
    assert second.pk != first.pk


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_a_double_click_asks_once_and_eight_workers_do_each_row_once() -> None:
    company = story.a_company()
    drafts(company, 12)
    client = signed_in(company)
    page = shown(client, "invoices", "delete", all="1")
    text = page.content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
    found = re.search(r'name="shown" value="(\w+)"', text)
    assert token
    assert found
    sent = {"shown": found[1], "csrfmiddlewaretoken": token[1]}
    path = page.wsgi_request.get_full_path()

    def send(_place: int) -> str:
        other = Client()
        other.cookies = client.cookies
        return str(other.post(path, sent)["Location"])

    assert len({*at_once(2, send)}) == 1
    assert BulkRun.everywhere.count() == 1
    at_once(8, lambda _place: RUNS.sweep())
    assert BulkRow.everywhere.filter(status="DONE").count() == 12
    assert AuditEvent.objects.filter(tag="billing.invoice.draft_deleted").count() == 12


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_runs_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "TURN_SECONDS", 0.0)
    companies = [story.a_company() for _number in range(2)]
    for company in companies:
        drafts(company, 2)
        client = signed_in(company)
        confirm(client, shown(client, "invoices", "delete", all="1"))
    first = [run.company_id for run in RUNS.claim(at=timezone.now(), limit=1)]
    BulkRun.everywhere.update(lease_owner="", lease_until=None)
    RUNS.sweep(limit=1)
    second = [run.company_id for run in RUNS.claim(at=timezone.now(), limit=1)]
    assert first != second
