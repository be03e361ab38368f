"""The only pages for strangers: the token alone opens them, says of which company, and gives nothing else away."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import Invoice
from config.kernel.logs import redact
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import company_scope
from payments.models import CustomerLink, CustomerNotice
from payments.portal.choices import change_portal
from payments.portal.links import live_link, revoke_link
from payments.portal.tokens import new_public_id, public_id_of, token_of
from tests.factories import story
from tests.factories.people import signed_in
from tests.payments.portal.conftest import a_link, a_statement_link, path_to

pytestmark = pytest.mark.django_db
NOTHING = "Ce lien n’ouvre rien"


def answers(visitor: Client, path: str) -> tuple[int, str]:
    answer = visitor.get(path)
    return answer.status_code, answer.content.decode()


def plain_page(visitor: Client) -> str:
    status, html = answers(visitor, "/c/nothing/")
    assert status == 404
    assert NOTHING in html
    return html


def test_a_token_is_56_letters_and_opens_its_own_link_alone() -> None:
    public_id = new_public_id()
    token = token_of(public_id)
    assert re.fullmatch(r"[a-z2-7]{56}", token)
    assert public_id_of(token) == public_id
    for place in range(56):
        other = "a" if token[place] != "a" else "b"
        assert public_id_of(token[:place] + other + token[place + 1 :]) == ""
    for wrong in ("", token[:-1], token + "a", token.upper(), token + "\n", " " + token, "é" * 56):
        assert public_id_of(wrong) == ""


def test_a_new_key_signs_and_the_old_one_opens_until_it_is_thrown_away(settings: Any) -> None:
    public_id, old = new_public_id(), settings.CREDENTIALS_KEYS[0]
    token = token_of(public_id)
    new = "x" * 43 + "="
    settings.CREDENTIALS_KEYS = [new, old]
    assert token_of(public_id) != token
    assert public_id_of(token) == public_id_of(token_of(public_id)) == public_id
    settings.CREDENTIALS_KEYS = [new]
    assert public_id_of(token) == ""


def test_what_opens_nothing_is_one_page_whatever_is_wrong(invoice: Invoice, visitor: Client) -> None:
    plain = plain_page(visitor)
    at = timezone.now()
    forged = a_link(invoice, "a@client.example")
    revoked, expired = a_link(invoice, "b@client.example"), a_link(invoice, "c@client.example")
    with company_scope(invoice.company_id):
        revoke_link(link=revoked, actor=story.ACTOR, at=at)
    CustomerLink.everywhere.filter(pk=expired.pk).update(expires_at=at)
    unknown = CustomerLink(public_id=new_public_id())
    token = token_of(forged.public_id)
    swapped = token_of(revoked.public_id)[:30] + token[30:]
    paths = ["/c/" + swapped + "/", path_to(revoked), path_to(expired), path_to(unknown)]
    paths += [path_to(forged, "FAC-2026-99999"), path_to(revoked, invoice.number, "pdf")]
    for path in paths:
        assert answers(visitor, path) == (404, plain), path
    for path in (path_to(revoked, invoice.number, "paid"), path_to(revoked, invoice.number, "dispute")):
        assert visitor.post(path, {"reason": "x"}).status_code == 404


def test_a_forged_token_costs_no_query(invoice: Invoice, visitor: Client) -> None:
    token = token_of(a_link(invoice).public_id)
    with CaptureQueriesContext(connection) as queries:
        visitor.get(f"/c/{token[:-1]}{'a' if token[-1] != 'a' else 'b'}/")
        visitor.get("/c/anything/")
    assert [query["sql"] for query in queries if "payments_" in query["sql"]] == []


def test_the_token_says_of_which_company_and_a_session_does_not(invoice: Invoice) -> None:
    other = story.an_issued_invoice(story.a_customer(story.a_company(name="Autre Maison")))
    member = signed_in(invoice.company)
    answer = member.get(path_to(a_link(other)))
    assert answer.status_code == 200
    assert "Autre Maison" in answer.content.decode()
    assert invoice.company.name not in answer.content.decode()
    assert member.get(path_to(a_link(other), invoice.number)).status_code in (200, 404)
    if invoice.number != other.number:
        assert member.get(path_to(a_link(other), invoice.number)).status_code == 404


def test_the_same_number_of_another_company_is_never_shown(company: Company, visitor: Client) -> None:
    mine = story.an_issued_invoice(story.a_customer(company, name="Maison A"))
    theirs = story.an_issued_invoice(story.a_customer(story.a_company(), name="Maison B"))
    assert mine.number == theirs.number
    html = visitor.get(path_to(a_statement_link(mine.customer), mine.number)).content.decode()
    assert "Maison A" in html
    assert "Maison B" not in html


def test_row_level_security_holds_within_the_page(invoice: Invoice) -> None:
    other = story.an_issued_invoice(story.a_customer(story.a_company()))
    link = live_link(token_of(a_link(invoice).public_id), timezone.now())
    assert link is not None
    with company_scope(link.company_id):
        assert set(Invoice.everywhere.values_list("pk", flat=True)) == {invoice.pk}
        assert not Invoice.everywhere.filter(pk=other.pk).exists()


def test_answers_are_kept_and_found_by_nobody_and_set_no_session(invoice: Invoice, visitor: Client) -> None:
    link = a_link(invoice)
    for path in (path_to(link), path_to(link, invoice.number, "paid"), "/c/nothing/"):
        answer = visitor.get(path)
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        html = answer.content.decode()
        assert 'content="noindex, nofollow"' in html
        assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
    assert set(visitor.cookies) <= {"csrftoken"}


def test_a_form_without_its_token_is_refused(invoice: Invoice) -> None:
    strict = Client(enforce_csrf_checks=True)
    path = path_to(a_link(invoice), invoice.number, "dispute")
    assert strict.post(path, {"reason": "Faux"}).status_code == 403
    assert not CustomerNotice.everywhere.exists()
    page = strict.get(path).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    assert strict.post(path, {"reason": "Vrai", "csrfmiddlewaretoken": token[1]}).status_code == 302


def test_the_first_opening_is_written_down_once(invoice: Invoice, visitor: Client) -> None:
    link = a_link(invoice)
    for _turn in range(3):
        visitor.get(path_to(link))
    events = list(AuditEvent.everywhere.filter(tag="payments.link.opened"))
    assert [(event.actor_kind, event.actor_name) for event in events] == [("CUSTOMER", "compta@client.example")]
    assert invoice.subject in events[0].subjects
    link.refresh_from_db()
    assert link.opened_at is not None


def test_calls_are_counted_by_address_and_by_link(invoice: Invoice, visitor: Client, settings: Any) -> None:
    first, second = a_link(invoice, "a@client.example"), a_link(invoice, "b@client.example")
    settings.PORTAL_LINK_LIMIT = "3/minute"
    assert [visitor.get(path_to(first)).status_code for _turn in range(4)] == [200, 200, 200, 429]
    assert visitor.get(path_to(second)).status_code == 200
    settings.PORTAL_LINK_LIMIT, settings.PORTAL_ADDRESS_LIMIT = "100/minute", "2/minute"
    elsewhere = {"REMOTE_ADDR": "203.0.113.7"}
    statuses = [visitor.get("/c/nothing/", **elsewhere).status_code for _turn in range(3)]
    assert statuses == [404, 404, 429]
    refused = visitor.get(path_to(second), **elsewhere)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


def test_closed_pages_open_nothing_until_they_are_open_again(invoice: Invoice, visitor: Client) -> None:
    link = a_link(invoice)

    def close(*, is_open: bool) -> None:
        with company_scope(invoice.company_id):
            change_portal(
                company=invoice.company,
                is_open=is_open,
                link_days=180,
                pause_days=7,
                actor=story.ACTOR,
                at=timezone.now(),
            )

    close(is_open=False)
    assert visitor.get(path_to(link)).status_code == 404
    close(is_open=True)
    assert visitor.get(path_to(link)).status_code == 200


def test_a_link_is_one_per_recipient_and_lives_its_time(invoice: Invoice) -> None:
    at = timezone.now()
    link = a_link(invoice, at=at)
    assert link.expires_at == at + timedelta(days=180)
    later = a_link(invoice, at=at + timedelta(days=100))
    assert later.pk == link.pk
    assert later.expires_at == at + timedelta(days=280)
    assert a_link(invoice, "autre@client.example", at=at).pk != link.pk
    much_later = a_link(invoice, at=at + timedelta(days=300))
    assert much_later.pk != link.pk
    assert live_link(token_of(link.public_id), at + timedelta(days=300)) is None


def test_no_database_row_holds_what_opens_a_page(invoice: Invoice) -> None:
    token = token_of(a_link(invoice).public_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(t)::text FROM payments_customerlink t")
        rows = [row for (row,) in cursor.fetchall()]
    assert rows
    assert all(token[30:] not in row for row in rows)


def test_a_log_names_no_link(invoice: Invoice) -> None:
    path = path_to(a_link(invoice), invoice.number, "paid")
    assert redact(f"Forbidden: {path}") == f"Forbidden: /c/[redacted]/{invoice.number}/paid/"
