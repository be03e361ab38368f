"""« Boîte d’envoi »: a message's state in honest words, and sending it again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Email, EmailKind, EmailStatus
from billing.services.emails import queue_email
from config.kernel.roles import Role
from tests.factories.people import signed_in
from tests.factories.story import AT, a_company, a_customer, an_issued_invoice

pytestmark = pytest.mark.django_db


def a_message(company, invoice=None, status=EmailStatus.QUEUED):
    email = queue_email(
        company_id=company.pk,
        invoice=invoice or an_issued_invoice(a_customer(company)),
        kind=EmailKind.INVOICE,
        recipient="ada@client.example",
        subject_line="Facture",
        body="Bonjour,\n\nMerci.",
        needs_document=True,
        at=AT,
    )
    Email.everywhere.filter(pk=email.pk).update(status=status)
    email.refresh_from_db()
    return email


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (EmailStatus.QUEUED, "pas encore parti"),
        (EmailStatus.SENT, "ne prouve pas"),
        (EmailStatus.KEPT, "n’est pas parti"),
        (EmailStatus.UNKNOWN, "peut-être parti"),
        (EmailStatus.FAILED, "a refusé le message"),
    ],
)
def test_the_state_of_a_message_claims_no_more_than_is_known(company, status, words):
    email = a_message(company, status=status)
    page = signed_in(company).get(email.get_absolute_url())
    assert words in page.text
    assert "ada@client.example" in page.text


def test_a_kept_message_goes_again_and_a_sent_one_does_not(company):
    client = signed_in(company)
    kept, sent = a_message(company, status=EmailStatus.KEPT), a_message(company, status=EmailStatus.SENT)
    assert client.get(kept.get_absolute_url()).context["may_resend"]
    assert not client.get(sent.get_absolute_url()).context["may_resend"]
    for email in (kept, sent):
        client.post(reverse("billing:email-resend", args=[email.pk]))
        email.refresh_from_db()
    assert (kept.status, sent.status) == (EmailStatus.QUEUED, EmailStatus.SENT)


def test_the_list_is_narrowed_by_state_and_text(company):
    kept = a_message(company, status=EmailStatus.KEPT)
    a_message(company, status=EmailStatus.SENT)
    client = signed_in(company)
    for query in ({"status": "KEPT"}, {"q": kept.invoice.number}):
        page = client.get(reverse("billing:email-list"), query)
        assert [row.pk for row in page.context["page"]] == [kept.pk]


def test_the_list_costs_the_same_for_three_rows_and_thirty(company):
    client, invoice = signed_in(company), an_issued_invoice(a_customer(company))
    counts = []
    for total in (3, 30):
        while Email.everywhere.filter(company=company).count() < total:
            a_message(company, invoice)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("billing:email-list"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_viewer_may_read_but_not_resend(company):
    email = a_message(company, status=EmailStatus.KEPT)
    client = signed_in(company, Role.VIEWER)
    assert client.get(email.get_absolute_url()).status_code == 200
    assert client.post(reverse("billing:email-resend", args=[email.pk])).status_code == 403
    email.refresh_from_db()
    assert email.status == EmailStatus.KEPT


def test_another_company_s_message_does_not_exist(company):
    assert signed_in(company).get(a_message(a_company()).get_absolute_url()).status_code == 404
