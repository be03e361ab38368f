"""The pages of deposits and corrected invoices: their buttons, their forms without JavaScript, their refusals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from billing.models import Invoice, InvoiceKind
from billing.pdf import context as pdf_context
from billing.services.correcting import draft_correction
from billing.services.deposits import choose_deposits
from billing.services.emails import invoice_letter
from billing.services.issuing import issue_invoice
from billing.services.orders import confirm_order, save_order
from config.kernel.roles import Role
from payments.services.crediting import issue_correction
from tests.factories import people, story
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.usefixtures("in_scope")


@pytest.fixture
def owner(company):
    return people.signed_in(company)


def an_order(customer):
    order = save_order(order=None, customer=customer, values={}, lines=[story.a_line()], actor=ACTOR, at=AT)
    return confirm_order(order=order, actor=ACTOR, at=AT)


def a_final(customer):
    """An issued invoice of 1 440 € that deducts a deposit of 144 €."""
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))], kind="386")
    draft = choose_deposits(invoice=story.a_draft(customer), keys=[deposit.pk], actor=ACTOR, at=AT)
    return issue_invoice(invoice=draft, actor=ACTOR, at=AT)


def page(client, name, row, status=200):
    answer = client.get(reverse(f"billing:{name}", args=[row.pk]))
    assert answer.status_code == status
    return people.read(type("Page", (), {"text": answer.content.decode()}))


@pytest.mark.parametrize(
    ("sent", "total"), [({"basis": "percent", "amount": "30"}, 432), ({"basis": "amount", "amount": "600,00"}, 600)]
)
def test_a_confirmed_order_offers_a_deposit_of_a_share_or_an_amount(owner, customer, sent, total):
    order = an_order(customer)
    assert reverse("billing:order-deposit", args=[order.pk]) in page(owner, "order-detail", order)
    assert "1 440,00 € TTC" in page(owner, "order-deposit", order)
    answer = owner.post(reverse("billing:order-deposit", args=[order.pk]), sent)
    deposit = Invoice.objects.get(kind=InvoiceKind.DEPOSIT)
    assert answer.headers["Location"] == deposit.get_absolute_url()
    assert (deposit.total_gross, deposit.order) == (total, order)
    assert str(deposit.get_absolute_url()) in page(owner, "order-detail", order)


def test_an_amount_that_vat_cannot_make_is_told(owner, customer):
    url = reverse("billing:order-deposit", args=[an_order(customer).pk])
    answer = owner.post(url, {"basis": "amount", "amount": "100,05"}, follow=True)
    text = people.read(type("Page", (), {"text": answer.content.decode()}))
    assert "100,04 € au lieu de 100,05 €" in text


def test_a_deposit_beyond_the_order_comes_back_with_what_was_typed(owner, customer):
    url = reverse("billing:order-deposit", args=[an_order(customer).pk])
    answer = owner.post(url, {"basis": "amount", "amount": "2000"})
    assert answer.status_code == 422
    assert "Il reste 1\N{NARROW NO-BREAK SPACE}440,00\N{NO-BREAK SPACE}€ TTC à facturer" in answer.content.decode()
    assert 'value="2000"' in people.read(type("Page", (), {"text": answer.content.decode()})).replace(" ", "")


def test_a_second_deposit_of_everything_on_one_draft_is_refused_on_its_page(owner, customer):
    draft = story.a_draft(customer)
    url = reverse("billing:invoice-deposit", args=[draft.pk])
    assert owner.post(url, {"basis": "percent", "amount": "100"}).status_code == 302
    answer = owner.post(url, {"basis": "percent", "amount": "100"})
    assert (answer.status_code, Invoice.objects.filter(kind=InvoiceKind.DEPOSIT).count()) == (422, 1)


def test_an_order_that_is_not_confirmed_has_neither_button_nor_form(owner, customer):
    order = save_order(order=None, customer=customer, values={}, lines=[story.a_line()], actor=ACTOR, at=AT)
    assert "Facturer un acompte" not in page(owner, "order-detail", order)
    page(owner, "order-deposit", order, status=409)


def test_a_draft_chooses_the_deposits_it_deducts(owner, customer):
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))], kind="386")
    draft = story.a_draft(customer)
    url = reverse("billing:invoice-deductions", args=[draft.pk])
    assert "ACO-2026-00001" in page(owner, "invoice-deductions", draft)
    assert owner.post(url, {"deposits": [str(deposit.pk)]}).status_code == 302
    shown = page(owner, "invoice-detail", draft)
    assert "Acomptes déduits" in shown
    assert "1 296,00 €" in shown
    assert owner.post(url, {}).status_code == 302
    draft.refresh_from_db()
    assert draft.amount_deposited == 0


def test_deposits_beyond_the_total_come_back_with_a_sentence(owner, customer):
    deposit = story.an_issued_invoice(customer, kind="386")
    draft = story.a_draft(customer, [story.a_line(quantity=Decimal(1))])
    answer = owner.post(reverse("billing:invoice-deductions", args=[draft.pk]), {"deposits": [str(deposit.pk)]})
    assert answer.status_code == 422
    assert "dépassent le total" in answer.content.decode()


def test_the_final_invoice_and_its_deposit_name_each_other(owner, customer):
    final = a_final(customer)
    deposit = final.deductions.get().deposit
    assert deposit.number in page(owner, "invoice-detail", final)
    shown = page(owner, "invoice-detail", deposit)
    assert "Déduit par" in shown
    assert final.number in shown
    assert "Établir un avoir" not in shown
    assert owner.get(reverse("einvoicing:invoice-credit", args=[deposit.pk])).status_code == 409


def test_paper_and_letter_ask_for_the_rest(customer):
    final = a_final(customer)
    _subject, body = invoice_letter(final)
    assert "1 296,00 €" in body.replace("\u202f", " ").replace("\xa0", " ")
    assert pdf_context(final)["invoice"].payable == 1296


def test_the_list_names_each_kind(owner, customer):
    a_final(customer)
    answer = owner.get(reverse("billing:invoice-list"))
    assert "Facture d’acompte" in answer.content.decode()


def test_an_issued_invoice_is_corrected_from_its_page(owner, customer):
    original = story.an_issued_invoice(customer)
    assert "Rectifier" in page(owner, "invoice-detail", original)
    url = reverse("billing:invoice-correct", args=[original.pk])
    assert owner.post(url, {"reason": ""}).status_code == 422
    answer = owner.post(url, {"reason": "Adresse erronée"})
    draft = Invoice.objects.get(kind=InvoiceKind.CORRECTED)
    assert answer.headers["Location"] == reverse("billing:invoice-edit", args=[draft.pk])
    assert "Rectification en cours" in page(owner, "invoice-detail", original)
    assert owner.post(url, {"reason": "Encore"}).status_code == 422


def test_a_corrected_draft_keeps_its_kind_when_it_is_edited(owner, customer):
    draft = draft_correction(invoice=story.an_issued_invoice(customer), reason="Erreur", actor=ACTOR, at=AT)
    form = page(owner, "invoice-edit", draft)
    assert '<option value="384" selected>' in form
    assert '<option value="380"' not in form


def test_the_replaced_invoice_says_by_which(owner, customer):
    original = story.an_issued_invoice(customer)
    draft = draft_correction(invoice=original, reason="Erreur", actor=ACTOR, at=AT)
    corrected = issue_correction(invoice=draft, actor=ACTOR, at=AT)
    shown = page(owner, "invoice-detail", original)
    assert "Remplacée par" in shown
    assert corrected.number in shown
    assert "Rectifier" not in shown


def test_who_only_sells_does_not_correct(company, customer):
    original = story.an_issued_invoice(customer)
    seller = people.signed_in(company, Role.SALES)
    assert "Rectifier" not in page(seller, "invoice-detail", original)
    assert seller.get(reverse("billing:invoice-correct", args=[original.pk])).status_code == 403


def test_the_paper_of_each_kind_opens(owner, customer):
    final = a_final(customer)
    for invoice in (final, final.deductions.get().deposit):
        answer = owner.get(reverse("billing:invoice-preview", args=[invoice.pk]))
        assert answer.content.startswith(b"%PDF")
