"""An invoice that was refused, rejected or stopped looks so: everywhere the same, counted once, with an act to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.models import Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms.answers import RemoteStatus
from einvoicing.problems.transmissions import problem_of
from einvoicing.problems.waiting import find_problems
from einvoicing.services.statuses import record_status
from tests.factories import platforms, story
from tests.factories.money import credit_invoice
from tests.factories.people import signed_in
from tests.trust.at_once import a_share

pytestmark = pytest.mark.django_db

AT = timezone.now()
LIST, TRANSMISSIONS = reverse("billing:invoice-list"), reverse("einvoicing:transmission-list")


@pytest.fixture
def account(company: Any) -> Any:
    return platforms.a_platform_account(company)


def carried(customer: Any, code: str = "", status: str = Status.DEPOSITED, **values: Any) -> Transmission:
    """An issued invoice that the platform has, and the latest status of it."""
    invoice = story.an_issued_invoice(customer, at=AT, **values)
    row = Transmission.everywhere.get(invoice=invoice)
    Transmission.everywhere.filter(pk=row.pk).update(status=status, remote_id=f"R{row.pk}", deposited_at=AT)
    if code:
        news = RemoteStatus(number=str(invoice.number), code=code, raw=code, at=AT, reason="TVA fausse")
        document = platforms.a_message(row.account, f'{{"{row.pk}": {code}}}'.encode())
        with company_scope(row.company):
            record_status(invoice=invoice, status=news, document=document, at=AT + timedelta(minutes=1))
    row.refresh_from_db()
    return row


def head(page: Any) -> str:
    return str(page.text.split('id="record-head"')[1].split("</header>")[0])


@pytest.mark.trust
@pytest.mark.parametrize(
    ("code", "status", "chip"),
    a_share(
        [
            ("210", Status.DEPOSITED, "Refusée"),
            ("213", Status.DEPOSITED, "Rejetée"),
            ("501", Status.DEPOSITED, "Irrecevable"),
            ("", Status.REJECTED, "Rejetée"),
            ("", Status.INVALID, "Non conforme"),
            ("", Status.DEAD, "Non transmise"),
            ("207", Status.DEPOSITED, "En litige"),
            ("208", Status.DEPOSITED, "Suspendue"),
            ("206", Status.DEPOSITED, "Approuvée partiellement"),
        ],
        3,
    ),
)
def test_the_chip_the_button_the_list_and_the_counts_follow_the_worst_news(
    company, customer, account, code, status, chip
):
    follows_the_news(company, customer, code, status, chip, Role.OWNER)


@pytest.mark.trust
@pytest.mark.parametrize("role", a_share([Role.ACCOUNTANT, Role.SALES, Role.VIEWER], 3))
@pytest.mark.parametrize(("code", "chip"), [("210", "Refusée"), ("208", "Suspendue")])
def test_so_they_do_for_every_role(company, customer, account, code, chip, role):
    follows_the_news(company, customer, code, Status.DEPOSITED, chip, role)


def follows_the_news(company: Any, customer: Any, code: str, status: str, chip: str, role: Role) -> None:
    carried(customer)
    row = carried(customer, code, status)
    client = signed_in(company, role)
    shown = head(client.get(row.invoice.get_absolute_url()))
    assert f"</span>{chip}</span>" in shown
    assert "À payer" not in shown
    primary = shown.split("btn-primary")[1].split("</a>")[0]
    assert "Télécharger" not in primary
    assert "paiement" not in primary
    assert any(act in primary for act in ("Établir un avoir", "Ce qu’il faut faire", "Compléter"))
    listed = client.get(LIST, {"status": "to_mend"})
    assert [one["invoice"].pk for one in listed.context["rows"]] == [row.invoice_id]
    assert f"</span>{chip}</span>" in listed.text
    searched = client.get(reverse("search"), {"q": "Maison Lumière"}).text
    assert searched.count(f"</span>{chip}</span>") == 1
    transmissions = client.get(TRANSMISSIONS, {"status": "to_mend"})
    assert [one["row"].pk for one in transmissions.context["rows"]] == [row.pk]
    assert transmissions.context["counts"]["broken"] == 1
    assert [one["value"] for one in client.get(reverse("einvoicing:compliance")).context["stats"]][-1] == "1"
    if role != Role.VIEWER:
        asked = [todo for todo in client.get("/").context["todos"] if todo.icon == "send"]
        assert [todo.url for todo in asked] == [row.get_absolute_url()]


def test_sales_are_offered_no_credit_note_that_they_may_not_make(company, customer, account):
    row = carried(customer, "210")
    shown = head(signed_in(company, Role.SALES).get(row.invoice.get_absolute_url()))
    assert "Établir un avoir" not in shown
    assert "Ce qu’il faut faire" in shown.split("btn-primary")[1].split("</a>")[0]


@pytest.mark.parametrize("code", ["210", "213", "207", "206", "208"])
def test_a_credit_note_ends_the_bad_news_everywhere(company, customer, account, code):
    row = carried(customer, code)
    with company_scope(company):
        credit_invoice(invoice=row.invoice, parts=None, reason="Erreur", actor=story.ACTOR, at=AT)
    client = signed_in(company)
    assert "Annulée par avoir" in head(client.get(row.invoice.get_absolute_url()))
    assert client.get(TRANSMISSIONS).context["counts"]["broken"] == 0
    assert not [todo for todo in client.get("/").context["todos"] if todo.icon == "send"]
    assert not client.get(LIST, {"status": "to_mend"}).context["rows"]


def test_an_invoice_sent_again_is_judged_by_its_latest_transmission(company, customer, account):
    row = carried(customer, "213")
    Transmission.everywhere.create(
        company=company,
        invoice=row.invoice,
        account=row.account,
        status=Status.ACCEPTED,
        tracking_id="again",
        next_attempt_at=AT,
        created_at=AT + timedelta(hours=1),
    )
    client = signed_in(company)
    assert "À payer" in head(client.get(row.invoice.get_absolute_url()))
    assert client.get(TRANSMISSIONS).context["counts"]["broken"] == 0


def test_a_refused_copy_of_a_mirror_is_to_mend_and_says_nothing_of_the_invoice(company, customer, account):
    mirror = platforms.a_platform_account(company, kind="abby")
    row = carried_to_both(customer, account)
    Transmission.everywhere.filter(invoice=row.invoice, account=mirror).update(status=Status.REJECTED)
    client = signed_in(company)
    assert "À payer" in head(client.get(row.invoice.get_absolute_url()))
    assert client.get(TRANSMISSIONS).context["counts"]["broken"] == 1


def carried_to_both(customer: Any, account: Any) -> Transmission:
    invoice = story.an_issued_invoice(customer, at=AT)
    Transmission.everywhere.filter(invoice=invoice).update(status=Status.ACCEPTED, deposited_at=AT)
    row: Transmission = Transmission.everywhere.get(invoice=invoice, account=account)
    return row


def test_sql_and_problem_of_find_the_same_transmissions(company, customer, account):
    codes = ("", "200", "203", "205", "206", "207", "208", "210", "212", "213", "221", "501")
    for code in codes:
        carried(customer, code)
    for status in (Status.PENDING, Status.INVALID, Status.DEAD, Status.REJECTED):
        carried(customer, "", status)
    for code in ("210", "208", "213"):
        row = carried(customer, code)
        with company_scope(company):
            credit_invoice(invoice=row.invoice, parts=None, reason="Erreur", actor=story.ACTOR, at=AT)
    for status in Status.values:
        a_declared_status(carried(customer).invoice, account, status)
    rows = list(Transmission.everywhere.filter(company=company).select_related("invoice", "account"))
    with company_scope(company):
        asking = {row.pk for row in rows if (problem := problem_of(row)) and problem.needs_somebody}
    found = {row.pk for row in find_problems(Transmission.everywhere.filter(company=company))}
    assert found == asking
    assert len(found) == 7 + 3 + 3


def test_a_refused_invoice_is_not_counted_as_conform(company, customer, account):
    carried(customer, "205")
    carried(customer, "210")
    stats = signed_in(company).get(reverse("einvoicing:compliance")).context["stats"]
    assert stats[0]["value"].replace("\xa0", " ").replace("\u202f", " ").startswith("50")


def test_an_account_does_not_succeed_with_what_the_buyer_refused(company, customer, account):
    carried(customer, "205")
    carried(customer, "210")
    accounts = signed_in(company).get(reverse("einvoicing:compliance")).context["accounts"]
    assert accounts[0]["figures"].success == 50


# -- a status of ours that the platform refused ------------------------------------------------------------------------


def a_declared_status(invoice: Any, account: Any, status: str) -> Transmission:
    row: Transmission = Transmission.everywhere.create(
        company=invoice.company,
        invoice=invoice,
        account=account,
        kind="STATUS",
        declared_code="212",
        content=b"<x/>",
        status=status,
        tracking_id=f"212-{invoice.pk}",
        remote_id="R212",
        last_error="TVA fausse",
        next_attempt_at=AT,
        created_at=AT,
        deposited_at=AT,
    )
    return row


@pytest.mark.parametrize("status", [Status.REJECTED, Status.DEAD])
def test_a_212_that_was_refused_is_to_mend_once_and_says_nothing_of_the_invoice(company, customer, account, status):
    row = a_declared_status(carried(customer, "205").invoice, account, status)
    client = signed_in(company)
    listed = client.get(TRANSMISSIONS, {"status": "to_mend"})
    assert [one["row"].pk for one in listed.context["rows"]] == [row.pk]
    assert listed.context["counts"]["broken"] == 1
    assert [one["value"] for one in client.get(reverse("einvoicing:compliance")).context["stats"]][-1] == "1"
    [todo] = [todo for todo in client.get("/").context["todos"] if todo.icon == "send"]
    assert (todo.sentence, todo.url) == ("1 statut non déclaré", row.get_absolute_url())
    assert "À payer" in head(client.get(row.invoice.get_absolute_url()))
    retry = reverse("einvoicing:transmission-retry", args=[row.pk])
    assert retry in client.get(row.get_absolute_url()).text
    assert client.post(retry, {"reason": "Taux corrigé"}).status_code == 302
    before = row.tracking_id
    row.refresh_from_db()
    assert (row.status, row.tracking_id == before) == (Status.PENDING, status == Status.DEAD)
    assert client.get(TRANSMISSIONS).context["counts"]["broken"] == 0


def test_a_212_that_was_refused_is_filed_by_a_person_who_says_why(company, customer, account):
    row = a_declared_status(carried(customer, "205").invoice, account, Status.REJECTED)
    client, dismiss = signed_in(company), reverse("einvoicing:transmission-dismiss", args=[row.pk])
    assert dismiss in client.get(row.get_absolute_url()).text
    assert client.post(dismiss, {"why": ""}).status_code == 422
    assert client.post(dismiss, {"why": "Déclarée à la main chez eux"}).status_code == 302
    page = client.get(row.get_absolute_url())
    assert dismiss not in page.text
    assert "Déclarée à la main chez eux" in page.text
    assert client.get(TRANSMISSIONS).context["counts"]["broken"] == 0
    assert not [todo for todo in client.get("/").context["todos"] if todo.icon == "send"]
    # it may still be taken up again, and asks anew when it is refused again
    client.post(reverse("einvoicing:transmission-retry", args=[row.pk]), {"reason": "Rouverte chez eux"})
    row.refresh_from_db()
    assert (row.status, row.dismissed_at) == (Status.PENDING, None)


@pytest.mark.parametrize(("code", "status"), [("210", Status.ACCEPTED), ("213", Status.REJECTED)])
def test_a_credit_note_that_was_refused_is_not_to_be_credited_and_can_be_filed(
    company, customer, account, code, status
):
    invoice = story.an_issued_invoice(customer)
    with company_scope(company):
        note = credit_invoice(invoice=invoice, parts=None, reason="Erreur", actor=story.ACTOR, at=AT)
    Transmission.everywhere.filter(invoice=note).update(status=status, lifecycle_code=code, deposited_at=AT)
    row = Transmission.everywhere.get(invoice=note)
    problem = problem_of(row)
    assert "avoir" in problem.title
    assert not [step for step in problem.steps if "avoir" in step.sentence]
    client = signed_in(company)
    assert client.get(TRANSMISSIONS).context["counts"]["broken"] == 1
    dismiss = reverse("einvoicing:transmission-dismiss", args=[row.pk])
    assert dismiss in client.get(row.get_absolute_url()).text
    client.post(dismiss, {"why": "Vu au téléphone : il le garde"})
    row.refresh_from_db()
    assert problem_of(row) is None
    assert client.get(TRANSMISSIONS).context["counts"]["broken"] == 0


def test_an_invoice_that_was_refused_cannot_be_filed_away(company, customer, account):
    row = carried(customer, "", Status.REJECTED)
    client, dismiss = signed_in(company), reverse("einvoicing:transmission-dismiss", args=[row.pk])
    assert dismiss not in client.get(row.get_absolute_url()).text
    client.post(dismiss, {"why": "Pas envie"})
    row.refresh_from_db()
    assert row.dismissed_at is None


def test_a_rejected_invoice_is_not_put_back_but_sent_again(company, customer, account):
    row = carried(customer, "", Status.REJECTED)
    client = signed_in(company)
    retry = reverse("einvoicing:transmission-retry", args=[row.pk])
    assert retry not in client.get(row.get_absolute_url()).text
    client.post(retry, {"reason": "Taux corrigé"})
    row.refresh_from_db()
    assert row.status == Status.REJECTED


# -- the page follows by itself ----------------------------------------------------------------------------------------


def test_the_record_follows_its_transmission_and_stops_when_it_is_settled(company, customer, account):
    invoice = story.an_issued_invoice(customer, at=timezone.now())
    row = Transmission.everywhere.get(invoice=invoice)
    client = signed_in(company)
    url = follow_url(client.get(invoice.get_absolute_url()).text)
    assert client.get(url).status_code == 204, "nothing new: nothing is changed on the page"
    Transmission.everywhere.filter(pk=row.pk).update(status=Status.ACCEPTED, deposited_at=timezone.now())
    page = client.get(url)
    assert page.status_code == 200
    assert "Déposée" in page.text
    url = follow_url(page.text)
    assert client.get(url).status_code == 204
    Transmission.everywhere.filter(pk=row.pk).update(lifecycle_code="210")
    page = client.get(url)
    assert "Refusée" in head(page)
    assert "hx-trigger" not in page.text.split('class="side"')[1].split("</aside>")[0]


def test_a_record_at_rest_asks_nothing(company, customer):
    page = signed_in(company).get(story.an_issued_invoice(customer, at=AT).get_absolute_url())
    assert "/follow/" not in page.text


def test_an_old_deposit_and_a_far_next_try_are_looked_for_seldom(company, customer, account):
    old = carried(customer)
    Transmission.everywhere.filter(pk=old.pk).update(deposited_at=AT - timedelta(hours=1))
    far = carried(customer, status=Status.PENDING)
    Transmission.everywhere.filter(pk=far.pk).update(next_attempt_at=AT + timedelta(hours=2), deposited_at=None)
    client = signed_in(company)
    for row in (old, far):
        page = client.get(row.invoice.get_absolute_url()).text
        assert "every 30s, shown" in page
        assert client.get(follow_url(page)).status_code == 204
    url = follow_url(client.get(old.invoice.get_absolute_url()).text)
    platforms_say(old, "205")
    page = client.get(url)
    assert "every 30s, shown" in page.text, "approved is not the end"
    platforms_say(old, "210")
    assert "/follow/" not in client.get(old.invoice.get_absolute_url()).text


def platforms_say(row: Transmission, code: str) -> None:
    Transmission.everywhere.filter(pk=row.pk).update(lifecycle_code=code)


def test_a_page_slows_down_by_itself_once_the_deposit_is_old(company, customer, account):
    row = carried(customer)
    Transmission.everywhere.filter(pk=row.pk).update(deposited_at=timezone.now())
    client = signed_in(company)
    page = client.get(row.invoice.get_absolute_url()).text
    assert "every 3s, shown" in page
    Transmission.everywhere.filter(pk=row.pk).update(deposited_at=timezone.now() - timedelta(minutes=11))
    page = client.get(follow_url(page)).text
    assert "every 30s, shown" in page
    assert client.get(follow_url(page)).status_code == 204


def test_another_company_s_record_cannot_be_followed(company):
    stranger = story.an_issued_invoice(story.a_customer(story.a_company()), at=AT)
    assert signed_in(company).get(reverse("einvoicing:invoice-follow", args=[stranger.pk])).status_code == 404


def follow_url(page: str) -> str:
    return page.split('hx-get="')[-1].split('"')[0] if "/follow/" in page else ""


def test_a_refusal_told_after_the_credit_note_is_kept_and_contests_nothing(company: Any, customer: Any, account: Any):
    row = carried(customer, "205")
    with company_scope(company):
        credit_invoice(invoice=row.invoice, parts=None, reason="Erreur", actor=story.ACTOR, at=AT)
        row.invoice.refresh_from_db()
        news = RemoteStatus(number=str(row.invoice.number), code="210", raw="210", at=AT, reason="TVA fausse")
        document = platforms.a_message(account, b"refused")
        event = record_status(invoice=row.invoice, status=news, document=document, at=AT + timedelta(minutes=1))
        row.invoice.refresh_from_db()
    assert (event.code, row.invoice.disputed_at) == ("210", None)
