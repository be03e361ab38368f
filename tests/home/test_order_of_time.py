"""Keys are random: what is called last, first or recent follows a day, a time or a name, however the keys fall."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from billing.forms.books import third_parties
from billing.imports import _known
from billing.models import Email, EmailStatus, Product
from billing.services.emails import _message, attach
from config.kernel.models import Invitation
from config.pages.settings import people as people_page
from customers.models import Contact
from einvoicing.services.sending import recipients
from payments.dunning.planning import reminder_address
from tests.factories import story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]
AT = story.AT


@pytest.fixture(params=["rising", "falling"], autouse=True)
def keys(request, monkeypatch):
    """Each new key is greater than the one before, or smaller: a random one may be either."""
    step = 1 if request.param == "rising" else -1
    following = itertools.count(4 * 10**15, step)
    monkeypatch.setattr("config.kernel.ids.secrets", SimpleNamespace(randbelow=lambda _most: next(following)))


def test_the_third_parties_that_are_offered_were_booked_last(company, monkeypatch):
    monkeypatch.setattr(third_parties, "OFFERED", 1)
    for days, name in ((30, "Albert"), (20, "Bernard"), (10, "Zoé")):
        story.an_issued_invoice(story.a_customer(company, name=name), at=AT - timedelta(days=days))
    assert third_parties.recent_third_parties() == ["Zoé"]


@pytest.mark.parametrize("names", [("ann", "bob"), ("bob", "ann")])
def test_the_first_contact_is_the_first_of_the_list_that_people_see(company, customer, names):
    for name in names:
        Contact.objects.create(company=company, customer=customer, name=name, email=f"{name}@client.example")
    assert recipients(customer) == ["ann@client.example", "bob@client.example"]
    assert reminder_address(customer) == "ann@client.example"


def test_a_list_that_names_two_products_alike_means_the_older_one(company):
    older, _newer = (
        Product.objects.create(company=company, reference=reference, name="Chaise", unit_price=Decimal(10))
        for reference in ("A", "B")
    )
    assert _known(company)[("name", "chaise")] == (older.pk, "Chaise")


def test_the_invitation_of_today_is_shown_first(company):
    for days, email in ((2, "a@x.example"), (0, "b@x.example"), (1, "c@x.example")):
        at = AT - timedelta(days=days)
        Invitation.objects.create(
            company=company, email=email, role="SALES", digest=email, invited_at=at, expires_at=at + timedelta(days=7)
        )
    shown = [one["row"].email for one in people_page._invitations(AT)]
    assert shown == ["b@x.example", "c@x.example", "a@x.example"]


def test_the_papers_of_a_message_are_in_the_order_in_which_they_were_attached(company, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    email = Email.objects.create(
        company=company, status=EmailStatus.QUEUED, recipient="c@client.example", subject_line="Relance", body="…",
        needs_document=False, next_attempt_at=AT, created_at=AT,
    )  # fmt: skip
    for minutes, name in enumerate(("mise-en-demeure.pdf", "facture.pdf")):
        attach(email=email, name=name, data=b"%PDF", at=AT + timedelta(minutes=minutes))
    assert [name for name, _data, _type in _message(email, AT).attachments] == ["mise-en-demeure.pdf", "facture.pdf"]
