"""A Swiss company: its IDE for a SIREN, its rates and books in francs, and no French law on its papers."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from billing.ledger.vat.filing import NotToFrance, check_fileable
from billing.ledger.vat.periods import parse_vat_period
from billing.models import DocumentKind, Invoice, JournalLine
from billing.pdf import render_pdf
from billing.qr_bill import qr_bill
from billing.services.issuing import issue_invoice
from billing.vat_rates import NoSuchRate
from config.kernel.errors import Invalid
from config.kernel.models import Company, VatRegime
from config.kernel.scope import company_scope
from config.kernel.services import change_company
from einvoicing.reporting.choosing import begun_periods
from einvoicing.services.documents import ensure_document, preflight
from einvoicing.services.routing import enabled_accounts
from payments.models import Method, WriteOffReason
from payments.services.payments import NotInFiveCentimes
from payments.services.receiving import pay_invoice
from payments.services.write_offs import write_off
from tests.billing.test_currencies import a_note, breaks
from tests.billing.test_pdf import text_of
from tests.factories import people, story
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.django_db

GENEVA = {"line": "Rue de Lausanne 5", "postcode": "1201", "city": "Genève", "country": "CH"}
SWISS_LINES = [
    story.a_line("Montre", quantity=Decimal(3), unit_price=Decimal("333.33"), vat_rate=Decimal("8.1")),
    story.a_line("Livre", quantity=Decimal(7), unit_price=Decimal("19.99"), vat_rate=Decimal("2.6")),
    story.a_line("Nuitée", unit_price=Decimal("77.77"), vat_rate=Decimal("3.8"), is_service=True),
]


@pytest.fixture
def company(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    made = story.a_swiss_company()
    with company_scope(made):
        yield made


@pytest.fixture
def customer(company: Company) -> Any:
    uid: Any = {"siret": "", "vat_number": "CHE-116.281.710 TVA"}
    return story.a_customer(company, name="Banque du Rhône", address=GENEVA, **uid)


@pytest.fixture
def invoice(company: Company, customer: Any) -> Invoice:
    draft = story.a_draft(customer, SWISS_LINES)
    assert draft.currency == "CHF"
    return issue_invoice(invoice=draft, actor=ACTOR, at=AT)


def booked(document: Invoice) -> dict[str, Decimal]:
    lines = JournalLine.everywhere.filter(entry__source=document.subject)
    return {line.account: line.debit - line.credit for line in lines}


def test_it_is_billed_in_francs_at_swiss_rates_to_the_centime(invoice: Invoice) -> None:
    assert (invoice.total_net, invoice.total_vat, invoice.total_gross) == (
        Decimal("1917.62"),
        Decimal("114.19"),
        Decimal("2031.81"),
    )
    assert booked(invoice) == {
        "411000": Decimal("2031.81"),
        "706000": Decimal("-777.70"),
        "707000": Decimal("-1139.92"),
        "4457191": Decimal("-81.00"),
        "4457192": Decimal("-3.64"),
        "4457193": Decimal("-29.55"),
    }
    assert (invoice.currency, invoice.accounting_currency, invoice.accounting_vat) == ("CHF", "CHF", None)


def test_its_paper_bears_the_ide_and_nothing_of_french_law(invoice: Invoice) -> None:
    text = " ".join(text_of(render_pdf(invoice)).split())
    assert f"IDE CHE-{invoice.seller['uid'][3:6]}." in text.replace("\xa0", " ")
    for french in ("SIREN", "SIRET", "L441-10", "40 €", "débits", "CGI"):
        assert french not in text
    assert "art. 104 CO" in text
    bill = qr_bill(invoice)
    assert bill is not None
    assert (bill.currency, bill.amount) == ("CHF", "2 031.81")  # a transfer is exact: the five centimes are of cash


def test_its_legal_file_is_valid_without_the_french_rules(invoice: Invoice) -> None:
    document = ensure_document(invoice=invoice, kind=DocumentKind.CII, actor=ACTOR, at=AT)
    assert document.pk
    draft = story.a_draft(invoice.customer, SWISS_LINES)
    assert preflight(invoice=draft, at=AT).valid


def test_a_rate_that_is_not_in_force_there_is_refused(company: Company, customer: Any) -> None:
    french = story.a_draft(customer, [story.a_line()])
    with pytest.raises(NoSuchRate, match="20 %"):
        issue_invoice(invoice=french, actor=ACTOR, at=AT)
    before = [story.a_line(vat_rate=Decimal("7.7"))]
    with pytest.raises(NoSuchRate):
        issue_invoice(invoice=story.a_draft(customer, before), actor=ACTOR, at=AT)
    supplied = story.a_draft(customer, before, supply_date=date(2023, 12, 31))
    assert issue_invoice(invoice=supplied, actor=ACTOR, at=AT).total_vat == Decimal("92.40")


def test_a_credit_note_gives_back_the_same_and_the_chain_holds(company: Company, invoice: Invoice) -> None:
    note = a_note(invoice)
    assert booked(note) == {account: -amount for account, amount in booked(invoice).items()}
    assert breaks(company) == []


def test_below_the_threshold_it_says_so_in_the_words_of_its_own_law(company: Company, customer: Any) -> None:
    change_company(company=company, values={"vat_regime": VatRegime.FRANCHISE}, actor=ACTOR, at=AT)
    company.refresh_from_db()
    customer.company = company
    invoice = issue_invoice(invoice=story.a_draft(customer, SWISS_LINES), actor=ACTOR, at=AT)
    assert invoice.total_vat == 0
    text = text_of(render_pdf(invoice))
    assert "LTVA" in text
    assert "293 B" not in text
    assert ensure_document(invoice=invoice, kind=DocumentKind.CII, actor=ACTOR, at=AT).pk


def test_french_e_invoicing_reporting_and_ca3_are_not_its_own(company: Company) -> None:
    assert enabled_accounts(company.pk) == []
    assert list(begun_periods(company, on=date(2030, 1, 1))) == []
    with pytest.raises(NotToFrance):
        check_fileable(company, parse_vat_period("2026-10"), on=date(2026, 11, 30))


def test_a_number_is_checked_and_is_of_one_kind(company: Company) -> None:
    for values, field in (
        ({"vat_number": "CHE-123.456.789 TVA"}, "vat_number"),
        ({"vat_number": "CHE-116.281.710 TVA"}, "vat_number"),  # another company's
        ({"siret": "73282932000074"}, "siret"),
    ):
        with pytest.raises(Invalid) as refused:
            change_company(company=company, values=values, actor=ACTOR, at=AT)
        assert field in refused.value.fields
    for column, value in (("siren", "732829320"), ("uid", ""), ("country", "FR")):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE kernel_company SET {column} = %s WHERE id = %s", [value, company.pk])


def test_commands_and_partners_name_it_by_its_ide(company: Company, invoice: Invoice, tmp_path: Any) -> None:
    written = f"{company.uid[:3]}-{company.uid[3:6]}.{company.uid[6:9]}.{company.uid[9:]}"
    answer = StringIO()
    call_command("export_fec", company=written, year=2026, to=tmp_path, stdout=answer)
    assert f"{company.uid}FEC20261231.txt" in answer.getvalue()
    (fec,) = tmp_path.glob("*.txt")
    assert "1100 Débiteurs (créances clients)" in fec.read_text()
    assert breaks(company) == []
    answer = StringIO()
    call_command("verify_chain", siren=f"{written} TVA", json=True, stdout=answer)
    assert json.loads(answer.getvalue())["intact"] is True


def test_the_settings_page_asks_a_swiss_company_nothing_french(company: Company, client: Client) -> None:
    client.force_login(people.a_person(company))
    page = client.get("/settings/").content.decode()
    assert "CHE-" in page
    for field in ("siret", "rcs_city", "electronic_address", "vat_on_debits"):
        assert f'name="{field}"' not in page


def test_francs_in_cash_are_paid_by_five_centimes_and_the_rest_is_settled(company: Company, invoice: Invoice) -> None:
    paid: Any = {"method": Method.CASH, "paid_on": date(2026, 11, 16), "actor": ACTOR, "at": AT}
    with pytest.raises(NotInFiveCentimes):
        pay_invoice(invoice=invoice, amount=None, **paid)  # 2031.81
    pay_invoice(invoice=invoice, amount=Decimal("2031.80"), **paid)
    write_off(
        invoice=invoice,
        amount=Decimal("0.01"),
        reason=WriteOffReason.ROUNDING,
        with_vat=False,
        note="",
        actor=ACTOR,
        at=AT,
    )
    invoice.refresh_from_db()
    assert invoice.balance == 0
    assert breaks(company) == []


def test_the_pages_of_the_books_offer_nothing_of_the_french_state(company: Company, client: Client) -> None:
    client.force_login(people.a_person(company))
    home = client.get("/books/").text
    assert "Dossier de contrôle" in home
    assert "Décompte TVA suisse" in home
    for french in ("CA3", "FEC", "DES", "état récapitulatif"):
        assert french not in home
    assert "CGI" not in client.get(reverse("numbering-settings")).text
    assert "art. 104 CO" in client.get(reverse("rate-settings")).text


def test_a_customer_is_asked_nothing_of_chorus_pro_and_keeps_what_was_written_of_it(
    company: Company, client: Client
) -> None:
    client.force_login(people.a_person(company))
    page = client.get(reverse("customers:customer-new"))
    assert page.context["form"]["billing_country"].value() == "CH"
    for french in ("Chorus", 'name="service_code"', 'name="exemption_code"', "VATEX"):
        assert french not in page.text
    known = story.a_customer(company, name="Mairie", service_code="SVC")
    form = client.get(reverse("customers:customer-edit", args=[known.pk])).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields} | {"name": "Mairie d’Annecy"}
    assert client.post(reverse("customers:customer-edit", args=[known.pk]), typed).status_code == 302
    known.refresh_from_db()
    assert (known.name, known.service_code) == ("Mairie d’Annecy", "SVC")
