"""The pages of supplier invoices and suppliers: what the lists find, sum and export, what a record shows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.purchases.approval_rules import save_approval_rule
from billing.purchases.models import PurchaseInvoice, SupplierIban
from config.kernel.models import User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.services import ensure_terms
from tests.factories.people import read, signed_in
from tests.factories.purchases import a_bought_line, a_checked_purchase, a_purchase, a_supplier, kept
from tests.factories.story import ACTOR, AT, a_customer

pytestmark = pytest.mark.django_db

LIST = "billing:purchase-list"
IBAN = "FR7630006000011234567890189"


def numbers(page):
    return [row["purchase"].number for row in page.context["rows"]]


def standing(purchase, **columns):
    """The purchase further on its way."""
    PurchaseInvoice.everywhere.filter(pk=purchase.pk).update(**columns)
    return purchase


def booked(purchase, **columns):
    return standing(purchase, status="BOOKED", booked_on=date(2026, 11, 16), **columns)


def test_the_list_finds_by_number_reference_supplier_and_amount_and_sums_its_filter(company):
    bought = a_purchase(a_supplier(company, name="Électricité Générale"), [a_bought_line("1234.50")])
    a_purchase(a_supplier(company))
    client = signed_in(company)
    for text in (bought.number, bought.reference, "electricite", "1 481,40"):
        page = client.get(reverse(LIST), {"q": text})
        assert numbers(page) == [bought.number], text
        assert "1 facture · HT 1 234,50 € · TVA 246,90 € · TTC 1 481,40 €" in read(page)
    found = client.get(reverse("search"), {"q": "electricite"})
    assert bought.number in read(found)
    assert reverse("billing:supplier-detail", args=[bought.supplier_id]) in found.text


def test_the_worst_news_of_a_purchase_is_its_chip_and_each_chip_filters(company):
    supplier = a_supplier(company)
    doubtful = a_purchase(supplier, iban=IBAN)
    new_iban = standing(a_purchase(supplier, iban=IBAN), status="TO_APPROVE", doubts=[])
    late = booked(a_purchase(supplier), due_date=date(2026, 1, 31))
    disputed = standing(a_purchase(supplier), disputed_at="2026-11-16T09:00:00Z", dispute_reason="Cassé", doubts=[])
    refused = standing(a_purchase(supplier), status="REFUSED", doubts=[])
    client = signed_in(company)
    expected = {
        "doubtful": ("Points à vérifier", doubtful),
        "new_iban": ("IBAN à confirmer", new_iban),
        "overdue": ("En retard", late),
        "disputed": ("En litige", disputed),
        "refused": ("Refusée", refused),
    }
    for word, (words, purchase) in expected.items():
        rows = client.get(reverse(LIST), {"status": word}).context["rows"]
        shown = {row["purchase"].pk: row["chip"].label for row in rows}
        assert shown[purchase.pk] == words
        assert len(shown) == (2 if word == "new_iban" else 1), word


def test_the_export_says_what_the_filter_shows_and_holds_no_formula(company):
    a_purchase(a_supplier(company, name="=1+1"), kind="381")
    page = signed_in(company).get(reverse(LIST), {"export": "csv"})
    head, line = b"".join(page.streaming_content).decode("utf-8-sig").splitlines()
    assert head.startswith("Référence;Numéro;Type;Fournisseur")
    assert "'=1+1" in line
    assert line.endswith("EUR;-100,00;-20,00;-120,00;")


def test_the_list_and_the_record_ask_as_many_questions_with_many_rows(company):
    supplier = a_supplier(company)
    first = a_purchase(supplier, iban=IBAN)
    client = signed_in(company)
    pages = [
        reverse(LIST),
        reverse("billing:supplier-list"),
        reverse("billing:supplier-detail", args=[supplier.pk]),
        first.get_absolute_url(),
    ]
    few = [questions(client, address) for address in pages]
    for _ in range(5):
        a_purchase(a_supplier(company), iban=IBAN)
        a_purchase(supplier)
    assert [questions(client, address) for address in pages] == few
    assert max(few) <= 20, few


def questions(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_a_supplier_shows_what_is_owed_credit_notes_taken_off(company):
    supplier = a_supplier(company)
    booked(a_purchase(supplier), due_date=date(2026, 11, 10))
    booked(a_purchase(supplier, [a_bought_line("30.00")], kind="381"))
    client = signed_in(company)
    assert "84,00 €" in read(client.get(reverse("billing:supplier-list")))
    record = read(client.get(reverse("billing:supplier-detail", args=[supplier.pk])))
    assert "Reste à régler" in record
    assert "84,00 €" in record
    assert "Avoirs à imputer" in record


def typed(supplier, *rows, **head):
    """What the form sends: its head, and a sheet with these rows and an empty one."""
    given = {"kind": "380", "number": "F-77", "issue_date": "12/11/2026", "total_gross": "1 481,40", "currency": "EUR"}
    paper = {"description": "Ramettes de papier", "net": "1 234,5", "vat_rate": "20"}
    sent = [*({**paper, **row} for row in rows or [{}]), {"vat_rate": "20"}]
    sheet = {"lines-INITIAL_FORMS": "0", "lines-TOTAL_FORMS": str(len(sent))}
    for index, row in enumerate(sent):
        sheet |= {f"lines-{index}-{name}": value for name, value in row.items()}
    return {"customer": supplier.pk, "customer_text": supplier.name, **given, **sheet, **head}


def test_an_invoice_is_entered_validated_and_booked_by_its_pages(company):
    supplier = a_supplier(company)
    client = signed_in(company)
    answer = client.post(reverse("billing:purchase-new"), typed(supplier, {"account": "6064 Fournitures"}))
    purchase = PurchaseInvoice.everywhere.get()
    assert answer.url == purchase.get_absolute_url()
    line = purchase.lines.get()
    assert (line.account, str(line.net), str(purchase.total_net), purchase.doubts) == (
        "606400",
        "1234.50",
        "1234.50",
        [],
    )
    asked = read(client.get(reverse("billing:purchase-check", args=[purchase.pk])))
    assert "401000 Fournisseurs" in asked
    assert "1 481,40 € au crédit" in asked
    client.post(reverse("billing:purchase-check", args=[purchase.pk]))
    record = read(client.get(purchase.get_absolute_url()))
    assert "À payer" in record
    assert "445660" in record


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_recorded(company):
    supplier = a_supplier(company)
    client = signed_in(company)
    wrong = typed(supplier, {"account": "colle", "starts_on": "1/1/2026"}, total_vat="9 999", iban="FR00")
    page = client.post(reverse("billing:purchase-new"), wrong)
    assert page.status_code == 422
    errors = page.context["form"].errors | page.context["formset"].errors[0]
    assert set(errors) == {"total_vat", "iban", "account", "ends_on"}
    assert not PurchaseInvoice.everywhere.exists()
    a_purchase(supplier, number="F-77", issue_date=date(2026, 3, 1))
    again = client.post(reverse("billing:purchase-new"), typed(supplier))
    assert "déjà enregistrée" in read(again)


def test_the_totals_of_the_lines_stand_beside_those_of_the_document(company):
    sent = typed(a_supplier(company), {"net": "1 000"}, {"net": "2x50", "vat_rate": "5,5"}, total_gross="1 305,60")
    figures = read(signed_in(company).post(reverse("billing:purchase-totals"), sent))
    assert "1 100,00 €" in figures
    assert "1 305,50 €" in figures
    assert "0,10 €" in figures


def test_a_form_sets_aside_comes_back_with_the_supplier_that_was_created(company):
    client = signed_in(company)
    aside = client.post(
        reverse("billing:purchase-new"), typed(a_supplier(company)) | {"create": "customer", "customer_text": "Novo"}
    )
    assert reverse("billing:supplier-new") in aside.url
    made = client.post(aside.url, {"name": "Novo SARL", "country": "FR", "terms": a_term(company)})
    back = client.get(made.url)
    assert "Novo SARL" in read(back)
    assert "1 234,5" in read(back)


def a_term(company):
    with company_scope(company):
        return ensure_terms(company.pk).pk


def test_a_doubt_is_settled_by_who_has_looked_and_an_iban_on_its_own_page(company):
    supplier = a_supplier(company, phone="01 42 00 00 01")
    purchase = a_purchase(supplier, iban=IBAN, doubts=["low_confidence"])
    client = signed_in(company)
    record = client.get(purchase.get_absolute_url())
    urls = [point["url"] for point in record.context["doubts"]]
    row = SupplierIban.everywhere.get()
    assert reverse("billing:supplier-iban-confirm", args=[row.pk]) in urls
    assert "01 42 00 00 01" in read(client.get(reverse("billing:supplier-iban-confirm", args=[row.pk])))
    for url in urls:
        client.post(url)
    purchase.refresh_from_db()
    assert purchase.doubts == []
    assert SupplierIban.everywhere.get().is_confirmed


def test_an_account_that_other_suppliers_ask_for_is_said_before_it_is_trusted(company):
    a_purchase(a_supplier(company, name="Maison connue"), iban=IBAN)
    a_purchase(a_supplier(company, name="Ombre SARL"), iban=IBAN)
    row = SupplierIban.everywhere.get(supplier__name="Ombre SARL")
    page = read(signed_in(company).get(reverse("billing:supplier-iban-confirm", args=[row.pk])))
    assert "Maison connue" in page


def test_only_who_pays_confirms_an_iban(company):
    purchase = a_purchase(a_supplier(company), iban=IBAN)
    seller = signed_in(company, Role.SALES)
    row = SupplierIban.everywhere.get()
    assert seller.post(reverse("billing:supplier-iban-confirm", args=[row.pk])).status_code == 403
    assert IBAN[4:8] not in seller.get(purchase.get_absolute_url()).text
    assert not SupplierIban.everywhere.get().is_confirmed


def test_an_approver_goes_through_what_waits_and_an_owner_sees_it_booked(company):
    seller = signed_in(company, Role.SALES)
    user = User.objects.get(email__startswith="sales-")
    with company_scope(company):
        values = {"name": "Plus de 1 000", "above": Decimal(100)}
        save_approval_rule(rule=None, company=company, values=values, approvers=[user], actor=ACTOR, at=AT)
    supplier = a_supplier(company)
    first, second = (
        a_checked_purchase(supplier, [kept(f"{day}0.00", "606400")], due_date=date(2026, 12, day)) for day in (20, 30)
    )
    assert first.status == "TO_APPROVE"
    assert [row["purchase"].pk for row in seller.get(reverse("billing:approval-list")).context["rows"]] == [
        first.pk,
        second.pk,
    ]
    passed = seller.get(reverse("billing:approval-next"), {"after": first.pk})
    assert passed.url == reverse("billing:approval-one", args=[second.pk])
    after = seller.post(reverse("billing:approval-one", args=[first.pk]))
    assert after.url == passed.url
    accountant = signed_in(company, Role.ACCOUNTANT)
    assert not accountant.get(reverse("billing:approval-list")).context["rows"]
    refused = accountant.post(reverse("billing:purchase-approve", args=[second.pk]))
    assert refused.status_code == 403
    seller.post(reverse("billing:approval-many"), {"purchase": [second.pk]})
    assert {row.status for row in PurchaseInvoice.everywhere.all()} == {"BOOKED"}


def test_a_dispute_holds_it_and_a_refusal_ends_it_with_a_reason_of_the_list(company):
    purchase = a_purchase(a_supplier(company))
    client = signed_in(company)
    dispute = reverse("billing:purchase-dispute", args=[purchase.pk])
    assert "quantité" in read(client.get(dispute))
    assert client.post(dispute, {"code": "", "reason": ""}).status_code == 422
    client.post(dispute, {"code": "QTE_ERR", "reason": "Deux cartons manquent"})
    assert "Deux cartons manquent" in read(client.get(purchase.get_absolute_url()))
    client.post(reverse("billing:purchase-dispute-close", args=[purchase.pk]))
    client.post(reverse("billing:purchase-refuse", args=[purchase.pk]), {"code": "DOUBLON", "reason": "Déjà reçue"})
    record = read(client.get(purchase.get_absolute_url()))
    assert "Refusée au fournisseur" in record
    assert "Valider" not in record


def test_a_credit_note_settles_an_invoice_and_can_be_taken_back(company):
    supplier = a_supplier(company)
    invoice = a_checked_purchase(supplier, [kept("100.00", "606400")])
    note = a_checked_purchase(supplier, [kept("30.00", "606400")], kind="381")
    client = signed_in(company)
    client.post(reverse("billing:purchase-credit", args=[note.pk]), {"purchase": invoice.pk, "amount": "36"})
    invoice.refresh_from_db()
    assert str(invoice.balance) == "84.00"
    undo = reverse("billing:purchase-credit-undo", args=[note.pk, invoice.pk])
    assert "36,00 €" in read(client.get(undo))
    client.post(undo)
    invoice.refresh_from_db()
    assert str(invoice.balance) == "120.00"


def test_a_corrected_invoice_shows_what_it_takes_out_of_the_books(company):
    supplier = a_supplier(company)
    with company_scope(company):
        a_checked_purchase(supplier, [kept("100", "607000")], number="A-1")
    right = a_purchase(supplier, [a_bought_line("90.00")], kind="384", corrects_number="A-1", number="A-1bis")
    page = signed_in(company).get(reverse("billing:purchase-check", args=[right.pk]))
    assert ("A-1 · 120,00 €") in read(page)


def test_who_saves_second_sees_both_versions(company):
    supplier = a_supplier(company)
    purchase = a_purchase(supplier)
    client = signed_in(company)
    edit = reverse("billing:purchase-edit", args=[purchase.pk])
    version = client.get(edit).context["form"].version
    stored = typed(supplier, {"net": "100", "account": "606400", "regime": "GOODS"}, total_gross="120")
    assert client.post(edit, {**stored, "number": "F-A", "read_version": version}).status_code == 302
    second = client.post(edit, {**stored, "number": "F-B", "read_version": version})
    assert second.status_code == 422
    assert "F-A" in read(second)
    assert "F-B" in read(second)


def test_a_customer_becomes_a_supplier_and_a_supplier_a_customer(company):
    client = signed_in(company)
    customer, supplier = a_customer(company, name="Atelier Double"), a_supplier(company)
    page = client.post(reverse("billing:supplier-from-customer", args=[customer.pk]), follow=True)
    assert "Fournisseur et client" in read(page)
    client.post(reverse("billing:supplier-bill-too", args=[supplier.pk]))
    assert supplier.name in read(client.get(reverse("customers:customer-list")))


def test_a_suppliers_first_iban_is_confirmed_by_who_types_it_and_the_next_waits(company):
    client = signed_in(company)
    sent = {"name": "Imprimerie Nord", "country": "FR", "terms": a_term(company), "iban": IBAN, "account": "623000"}
    record = client.post(reverse("billing:supplier-new"), sent, follow=True)
    assert [item.title for item in record.context["timeline"]][-1] == "Fournisseur créé"
    supplier = record.context["supplier"]
    assert "Confirmé" in read(record)
    assert "623000" in read(record)
    client.post(reverse("billing:supplier-iban-new", args=[supplier.pk]), {"iban": "FR7630001007941234567890185"})
    page = read(client.get(reverse("billing:supplier-detail", args=[supplier.pk])))
    assert "À confirmer" in page
    assert supplier.name in read(client.get(reverse("billing:supplier-list"), {"state": "iban"}))


def test_a_line_on_an_account_of_sales_or_pay_and_a_period_of_centuries_are_refused_in_words(company):
    purchase = a_purchase(a_supplier(company))
    client = signed_in(company)
    edit = reverse("billing:purchase-edit", args=[purchase.pk])
    sheet = {"lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 0}
    good = {
        "customer": purchase.supplier_id, "kind": "380", "number": "F-1", "issue_date": "10/11/2026",
        "total_gross": "120", "currency": "EUR", "lines-0-description": "Papier", "lines-0-net": "100",
        "lines-0-vat_rate": "20", "lines-0-account": "6064", **sheet,
    }  # fmt: skip
    for bad, words in (
        ({"lines-0-account": "706000"}, "Un achat ne s’enregistre pas au compte 706000"),
        ({"lines-0-account": "421000"}, "Un achat ne s’enregistre pas au compte 421000"),
        ({"lines-0-starts_on": "01/01/2026", "lines-0-ends_on": "01/01/2199"}, "La période dépasse 10 ans"),
        ({"currency": "ZZZ"}, "Écrivez le code d’une devise"),
    ):
        page = client.post(edit, {**good, **bad})
        assert page.status_code == 422, bad
        assert words in read(page)
    assert client.post(edit, good).status_code == 302
