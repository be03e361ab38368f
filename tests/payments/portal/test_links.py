"""Links go out in letters, are shown to the company on its records, and are taken back there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import Email, EmailKind, Invoice
from billing.services.emails import queue_email
from billing.variables import previewed, sent_body, shown_body
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.services.sending import email_invoice
from payments.dunning.letters import reminder_letter
from payments.models import CustomerLink, ReminderLevel
from payments.portal.choices import change_portal
from tests.factories import story
from tests.factories.people import signed_in
from tests.payments.portal.conftest import a_link, a_statement_link, path_to

pytestmark = pytest.mark.django_db
LINE = "Voir et payer en ligne : "


def test_an_invoice_letter_carries_the_link_of_each_recipient(invoice: Invoice, visitor) -> None:
    at = timezone.now()
    with company_scope(invoice.company_id):
        emails = email_invoice(invoice=invoice, addresses=["a@client.example", "b@client.example"], at=at)
        bodies = [sent_body(email, at) for email in emails]
    assert all("{lien}" in email.body for email in emails)
    first, second = CustomerLink.everywhere.order_by("recipient")
    assert (first.recipient, second.recipient) == ("a@client.example", "b@client.example")
    for link, body in zip((first, second), bodies, strict=True):
        (address,) = [word for word in body.split() if "/c/" in word]
        assert address.endswith(path_to(link))
        assert visitor.get(address.partition(":8000")[2]).status_code == 200


def test_a_letter_sent_again_carries_the_same_link(invoice: Invoice) -> None:
    at = timezone.now()
    with company_scope(invoice.company_id):
        (email,) = email_invoice(invoice=invoice, addresses=["a@client.example"], at=at)
        assert sent_body(email, at) == sent_body(email, at + timedelta(days=3)) == shown_body(email, at)
    assert CustomerLink.everywhere.count() == 1


@pytest.mark.parametrize("level", list(ReminderLevel))
def test_each_reminder_carries_it(invoice: Invoice, level: ReminderLevel) -> None:
    with company_scope(invoice.company_id):
        _subject, body = reminder_letter(invoice, level, at=timezone.now())
    assert f"{LINE}{{lien}}" in body
    assert f"{LINE}(lien personnel vers la facture)" in previewed(body)


def test_with_the_pages_closed_the_line_is_left_out(invoice: Invoice) -> None:
    at = timezone.now()
    with company_scope(invoice.company_id):
        change_portal(company=invoice.company, is_open=False, link_days=30, pause_days=0, actor=story.ACTOR, at=at)
        (email,) = email_invoice(invoice=invoice, addresses=["a@client.example"], at=at)
        body = sent_body(email, at)
    assert "{lien}" not in body
    assert "/c/" not in body
    assert "Le fichier joint est" in body
    assert not CustomerLink.everywhere.exists()


def test_a_notice_to_the_team_gives_no_link_away(company: Company, invoice: Invoice) -> None:
    at = timezone.now()
    with company_scope(company):
        email = queue_email(
            company_id=company.pk,
            invoice=invoice,
            kind=EmailKind.NOTICE,
            recipient="claire@verone.example",
            subject_line="Avis",
            body="Motif : {lien}",
            needs_document=False,
            at=at,
        )
        assert sent_body(email, at) == "Motif : {lien}"


def test_the_statement_has_a_variable_too(invoice: Invoice) -> None:
    at = timezone.now()
    with company_scope(invoice.company_id):
        (email,) = email_invoice(invoice=invoice, addresses=["a@client.example"], at=at)
        Email.everywhere.filter(pk=email.pk).update(body="Tout : {releve}")
        email.refresh_from_db()
        body = sent_body(email, at)
    link = CustomerLink.everywhere.get(invoice=None)
    assert body.endswith(path_to(link))


def test_the_record_makes_shows_and_takes_back_a_link(invoice: Invoice, visitor) -> None:
    owner = signed_in(invoice.company)
    page = invoice.get_absolute_url()
    assert "Créer un lien à copier" in owner.get(page).content.decode()
    assert owner.post(f"/invoices/{invoice.pk}/link/").status_code == 302
    link = CustomerLink.everywhere.get()
    html = owner.get(page).content.decode()
    assert path_to(link) in html
    assert "Pas encore ouvert" in html
    assert "Créer un lien à copier" not in html
    visitor.get(path_to(link))
    assert "Lien ouvert par le client" in owner.get(page).content.decode()
    revoke = f"/links/{link.pk}/revoke/"
    assert "lien copié" in owner.get(revoke).content.decode()
    assert owner.post(revoke).status_code == 302
    assert visitor.get(path_to(link)).status_code == 404
    assert path_to(link) not in owner.get(page).content.decode()
    assert owner.get(revoke).status_code == 404


def test_a_customer_record_makes_a_statement_link(invoice: Invoice, visitor) -> None:
    owner = signed_in(invoice.company)
    customer = invoice.customer
    assert owner.post(f"/customers/{customer.pk}/link/").status_code == 302
    link = CustomerLink.everywhere.get(invoice=None)
    assert path_to(link) in owner.get(customer.get_absolute_url()).content.decode()
    assert invoice.number in visitor.get(path_to(link)).content.decode()


def test_who_only_reads_sees_no_address(invoice: Invoice) -> None:
    link, statement = a_link(invoice), a_statement_link(invoice.customer)
    viewer = signed_in(invoice.company, Role.VIEWER)
    html = viewer.get(invoice.get_absolute_url()).content.decode()
    assert link.recipient in html
    assert "/c/" not in html
    assert path_to(statement) not in viewer.get(invoice.customer.get_absolute_url()).content.decode()
    assert viewer.post(f"/invoices/{invoice.pk}/link/").status_code == 403
    assert viewer.post(f"/links/{link.pk}/revoke/").status_code == 403


def test_a_draft_offers_no_link(company: Company) -> None:
    draft = story.a_draft(story.a_customer(company))
    owner = signed_in(company)
    assert "Lien pour le client" not in owner.get(draft.get_absolute_url()).content.decode()
    assert owner.post(f"/invoices/{draft.pk}/link/").status_code in (302, 409)
    assert not CustomerLink.everywhere.exists()


def test_a_link_of_another_company_is_not_revoked(invoice: Invoice) -> None:
    link = a_link(invoice)
    stranger = signed_in(story.a_company())
    assert stranger.post(f"/links/{link.pk}/revoke/").status_code == 404
    link.refresh_from_db()
    assert link.revoked_at is None


def test_the_owner_sets_how_long_links_live(company: Company) -> None:
    owner = signed_in(company)
    assert owner.get("/settings/customer-pages/").status_code == 200
    assert (
        owner.post("/settings/customer-pages/", {"is_open": "on", "link_days": "30", "pause_days": "5"}).status_code
        == 302
    )
    at = timezone.now()
    assert a_link(story.an_issued_invoice(story.a_customer(company)), at=at).expires_at == at + timedelta(days=30)
    assert owner.post("/settings/customer-pages/", {"link_days": "0", "pause_days": "5"}).status_code == 422
    accountant = signed_in(company, Role.ACCOUNTANT)
    assert accountant.post("/settings/customer-pages/", {"link_days": "30", "pause_days": "5"}).status_code == 403
