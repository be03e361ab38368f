"""Texts are cleaned on entry; what no document can print is refused at its field, wherever it comes from."""

from __future__ import annotations

import pytest
from django import forms
from django.urls import reverse

from billing.models import InvoiceLine
from billing.pdf import render_pdf
from config.kernel import characters
from config.kernel.admin_base import CompanyAdmin
from config.kernel.forms import TextField
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.formats import pdfa
from einvoicing.services.documents import preflight
from tests.api.client import a_partner
from tests.factories import story
from tests.factories.people import signed_in


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ab\x0bcd", "ab cd"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("del\x7fete", "delete"),
        ("\u200bHôtel\ufeff\u00ad", "Hôtel"),
        ("e\u0301te\u0301", "été"),
        ("ab\u202ecd", "abcd"),
        ("tab\tbed", "tab bed"),
        ("❤\ufe0f", "❤"),
        ("1\u202f234,50\u00a0€", "1\u202f234,50\u00a0€"),
        ("क्\u200dष", "क्\u200dष"),
        ("a\u200d", "a"),
        ("\u200b\u2060 \t", ""),
        ("e\u200b\u0301te\x7f\u0301", "\u00e9t\u00e9"),  # what parts a letter from its accent goes first
        ("e\ufe0f\u0301", "\u00e9"),
        ("\u2800", ""),
        ("\u034f", ""),
        ("葛\U000e0100", "葛"),
    ],
)
def test_what_is_invisible_is_cleaned_and_what_is_seen_stays(given, kept):
    assert characters.clean(given) == kept
    assert characters.clean(kept) == kept


def test_a_text_of_several_lines_keeps_them_all_alike():
    assert characters.clean("un\r\ndeux\u2028trois\x0bquatre\n", lines=True) == "un\ndeux\ntrois\nquatre"


@pytest.mark.parametrize("text", ["Łódź Ελλάδα Київ", "½ № → ✓ ∞", "ภาษาไทย हिन्दी", "x\u0302", "«\u202fœ\u00a0» – …"])
def test_what_the_faces_draw_is_taken(text):
    assert characters.undrawable(characters.clean(text)) == []


@pytest.mark.parametrize("text", ["🎉", "日本", "a\0b", "\ud800", "\ue000", "\U000e0041x"[1:] + "한"])
def test_what_they_do_not_is_refused_by_its_name(text):
    assert characters.undrawable(characters.clean(text))
    form_field = TextField()
    with pytest.raises(forms.ValidationError, match=r"U\+"):
        form_field.clean(text)


def test_a_name_of_one_zero_width_space_is_no_name():
    with pytest.raises(forms.ValidationError, match="obligatoire"):
        TextField().clean("\u200b")


@pytest.mark.django_db
def test_a_page_says_it_at_the_field(company, customer):
    page = signed_in(company).post(reverse("customers:customer-edit", args=[customer.pk]), {"name": "Café 🎉"})
    assert page.status_code == 422
    assert "U+1F389" in str(page.context["form"].errors["name"])


@pytest.mark.django_db
def test_the_api_says_it_at_the_field_and_keeps_what_is_clean(company, customer):
    partner = a_partner(company)
    place = f"/api/customers/{customer.pk}"
    sent = {name: value for name, value in partner.get(place).json().items() if name in {"name", "email"}}
    refused = partner.put(place, {**sent, "name": "日本"})
    assert refused.status_code == 400
    assert "U+65E5" in str(refused.json()["fields"]["name"])
    blank = partner.put(place, {**sent, "name": "\u200b"})
    assert (blank.status_code, list(blank.json()["fields"])) == (400, ["name"])


@pytest.mark.django_db
def test_a_draft_that_holds_one_already_is_not_ready(company, customer):
    invoice = story.a_draft(customer)
    InvoiceLine.everywhere.filter(invoice=invoice).update(description="Fauteuil 🎉")
    with company_scope(company):
        report = preflight(invoice=invoice, at=story.AT)
    assert not report.valid
    found = [violation for violation in report.violations if violation.rule == "CARACTERES"]
    assert [(violation.term, "U+1F389" in violation.text) for violation in found] == [("BT-153", True)]


@pytest.mark.django_db
def test_a_character_without_a_glyph_is_no_pdfa(customer):
    sound = render_pdf(story.an_issued_invoice(customer))
    broken = render_pdf(story.an_issued_invoice(customer, [story.a_line("Fauteuil 日本")]))
    assert "PDF-GLYPH" not in {defect.rule for defect in pdfa.check(sound)}
    assert "PDF-GLYPH" in {defect.rule for defect in pdfa.check(broken)}


@pytest.mark.django_db
def test_the_admin_asks_the_same(rf):
    field = CompanyAdmin(Customer, None).formfield_for_dbfield(Customer._meta.get_field("name"), rf.get("/"))
    assert isinstance(field, TextField)
