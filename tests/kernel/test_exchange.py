"""Exchange rates: the central bank's files as it publishes them, the last published day, and nothing guessed."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from config.kernel.errors import Invalid
from config.kernel.exchange import UnknownRate, ecb, import_rates, known_currencies, rate_on, save_rate
from config.kernel.models import AuditEvent, Company, ExchangeRate
from config.kernel.money import UnknownCurrency, check_currency, decimals_of, round_in
from config.kernel.scope import company_scope
from config.kernel.typography import money
from config.kernel.xml import UnreadableXml
from payments.models import BankAccount
from tests.factories import story
from tests.factories.story import ACTOR, AT
from tests.home.test_rate_settings import a_browser

DAILY = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
 <gesmes:subject>Reference rates</gesmes:subject>
 <gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
 <Cube><Cube time='2026-11-13'><Cube currency='USD' rate='1.0845'/><Cube currency='JPY' rate='170.12'/>
 <Cube currency='CHF' rate='0.9350'/></Cube></Cube>
</gesmes:Envelope>"""
HISTORY = b"""Date,USD,JPY,CYP,CHF,
2026-11-13,1.0845,170.12,N/A,0.9350,
2026-11-12,1.0800,169.00,N/A,0.9300,
2019-01-02,1.1397,124.40,N/A,1.1260,
"""
DAILY_CSV = b"Date, USD, JPY, CHF, \n13 November 2026, 1.0845, 170.12, 0.9350, \n"
MONDAY = date(2026, 11, 16)


def zipped(data: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("eurofxref-hist.csv",):
            archive.writestr(name, data)
    return file.getvalue()


def test_the_xml_file_is_read() -> None:
    found = ecb.read(DAILY)
    assert [(row.currency, row.rate) for row in found] == [
        ("USD", Decimal("1.0845")), ("JPY", Decimal("170.12")), ("CHF", Decimal("0.9350")),
    ]  # fmt: skip
    assert {row.day for row in found} == {date(2026, 11, 13)}


@pytest.mark.parametrize("data", [DAILY_CSV, zipped(DAILY_CSV), zipped(DAILY, "eurofxref-daily.xml")])
def test_the_other_forms_say_the_same(data: bytes) -> None:
    assert ecb.read(data) == ecb.read(DAILY)


def test_what_was_not_quoted_has_no_rate() -> None:
    assert {row.currency for row in ecb.read(HISTORY)} == {"USD", "JPY", "CHF"}
    assert len(ecb.read(HISTORY)) == 9


@pytest.mark.parametrize(
    "data",
    [
        b"", b"PK\x03\x04 broken", b"<a/>", b"Date,USD\nyesterday,1.2\n", b"Date,USD\n2026-11-13,cheap\n",
        b"Date,USD\n2026-11-13,-1\n", b"Date,USD\n2026-11-13,NaN\n", b"Date,DOLLAR\n2026-11-13,1\n", b"name,amount\n",
        "Date,USD\n2026-11-13,1".encode("utf-16"), zipped(HISTORY, "a.csv", "b.csv"), zipped(b"0" * (21 << 20)),
        b"Date," + b"USD," * 200 + b"\n",
    ],
)  # fmt: skip
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        ecb.read(data)


def test_a_file_that_expands_for_ever_is_refused_by_the_one_reader_of_xml() -> None:
    with pytest.raises(UnreadableXml):
        ecb.read(b'<!DOCTYPE a [<!ENTITY b "c">]>' + DAILY)


@pytest.fixture
def company(db: None) -> Any:
    made = story.a_company()
    with company_scope(made):
        yield made


def imported(company: Company, data: bytes = DAILY, **values: Any) -> Any:
    return import_rates(company=company, data=data, actor=ACTOR, at=AT, **values)


def asked(company: Company, base: str, currency: str, on: date = MONDAY) -> Decimal:
    return rate_on(company_id=company.pk, base=base, currency=currency, on=on).rate


def test_the_last_published_day_counts_until_the_next(company: Company) -> None:
    imported(company, HISTORY)
    assert asked(company, "EUR", "USD", date(2026, 11, 12)) == Decimal("1.08")
    found = rate_on(company_id=company.pk, base="EUR", currency="USD", on=MONDAY)
    assert (found.rate, found.day) == (Decimal("1.0845"), date(2026, 11, 13))
    assert "BCE" in found.source


def test_an_old_rate_and_a_later_one_are_no_rate(company: Company) -> None:
    imported(company)
    assert asked(company, "EUR", "USD", date(2026, 11, 20)) == Decimal("1.0845")
    with pytest.raises(UnknownRate):
        asked(company, "EUR", "USD", date(2026, 11, 21))
    with pytest.raises(UnknownRate):
        asked(company, "EUR", "USD", date(2026, 11, 12))
    with pytest.raises(UnknownRate):
        asked(company, "EUR", "GBP")


def test_two_currencies_meet_at_the_euro_on_one_day(company: Company) -> None:
    imported(company)
    assert asked(company, "CHF", "USD") == Decimal("1.15989305")
    assert asked(company, "USD", "EUR") == Decimal("0.92208391")
    assert asked(company, "CHF", "CHF") == 1


def test_days_of_one_and_of_the_other_are_not_mixed(company: Company) -> None:
    imported(company, b"Date,USD,CHF\n2026-11-13,1.0845,N/A\n2026-11-12,N/A,0.93\n")
    with pytest.raises(UnknownRate):
        asked(company, "CHF", "USD")


def test_a_typed_rate_is_never_replaced_by_a_file(company: Company) -> None:
    values = {"base": "EUR", "currency": "USD", "day": date(2026, 11, 13), "source": "Banque"}
    save_rate(company=company, rate=Decimal("1.09"), actor=ACTOR, at=AT, **values)
    assert imported(company).new == 2
    assert asked(company, "EUR", "USD") == Decimal("1.09")
    save_rate(company=company, rate=Decimal("1.10"), actor=ACTOR, at=AT, **values)
    event = AuditEvent.objects.filter(tag="kernel.exchange_rate.saved").latest("id")
    assert event.data["before"][0] == "1.09"


def test_the_same_file_twice_adds_nothing(company: Company) -> None:
    assert imported(company, HISTORY).new == 6, "the rates of 2019 are of no use any more"
    assert imported(company, HISTORY).new == 0
    assert imported(company, HISTORY, since=date(2019, 1, 1)).new == 3
    assert AuditEvent.objects.filter(tag="kernel.exchange_rate.imported").count() == 2


def test_the_rates_of_one_company_are_not_those_of_another(company: Company) -> None:
    imported(company)
    other = story.a_company()
    with company_scope(other), pytest.raises(UnknownRate):
        asked(other, "EUR", "USD")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("source", {"source": " "}), ("rate", {"rate": Decimal(0)}), ("rate", {"rate": Decimal(10) ** 10}),
        ("currency", {"currency": "EUR"}), ("currency", {"currency": "XYZ"}), ("currency", {"currency": "KWD"}),
        ("base", {"base": "€"}),
    ],
)  # fmt: skip
def test_a_wrong_rate_is_refused_at_its_field(company: Company, field: str, values: dict[str, Any]) -> None:
    right = {"base": "EUR", "currency": "USD", "day": MONDAY, "rate": Decimal("1.1"), "source": "Banque"}
    with pytest.raises(Invalid) as refused:
        save_rate(company=company, actor=ACTOR, at=AT, **{**right, **values})
    assert field in refused.value.fields


@pytest.mark.parametrize("values", [{"rate": 0}, {"currency": "EUR"}, {"source": ""}, {"currency": "usd"}])
def test_the_database_refuses_it_too(company: Company, values: dict[str, Any]) -> None:
    right = {"base": "EUR", "currency": "USD", "day": MONDAY, "rate": Decimal("1.1"), "source": "Banque"}
    with pytest.raises(IntegrityError), transaction.atomic():
        ExchangeRate.everywhere.create(company=company, **{**right, **values})


def test_documents_are_offered_the_currencies_that_have_a_rate(company: Company) -> None:
    assert known_currencies(company.pk, base="EUR", on=MONDAY) == ["EUR"]
    imported(company)
    assert known_currencies(company.pk, base="EUR", on=MONDAY) == ["EUR", "CHF", "JPY", "USD"]
    assert known_currencies(company.pk, base="CHF", on=MONDAY) == ["CHF", "EUR", "JPY", "USD"]
    assert known_currencies(company.pk, base="EUR", on=date(2026, 12, 31)) == ["EUR"]


def test_each_currency_is_rounded_and_written_as_it_has_decimals() -> None:
    assert [decimals_of(code) for code in ("EUR", "CHF", "JPY", "KRW", "RSD", "KWD")] == [2, 2, 0, 0, 2, 3]
    assert round_in(Decimal("-0.5"), "JPY") == Decimal(-1)
    assert round_in(Decimal("0.005"), "EUR") == Decimal("0.01")
    assert money(Decimal("1234.50"), "JPY") == "1\u202f235\u00a0JPY"
    assert money(Decimal("1234.5"), "CHF") == "1\u202f234,50\u00a0CHF"
    with pytest.raises(UnknownCurrency):
        check_currency("KWD")


def test_an_owner_imports_the_file_and_types_a_rate(company: Company) -> None:
    client = a_browser(company, "OWNER")
    page = reverse("exchange-settings")
    assert "Aucun cours n’est connu" in client.get(page).text
    file = io.BytesIO(DAILY)
    file.name = "eurofxref-daily.xml"
    assert client.post(reverse("exchange-import"), {"file": file}).status_code == 302
    assert "1,0845" in client.get(page).text
    typed = {"day": "16/11/2026", "base": "eur", "rate": "0,9412", "currency": "gbp", "source": "Banque"}
    assert client.post(page, typed).status_code == 302
    assert asked(company, "EUR", "GBP") == Decimal("0.9412")
    refused = client.post(page, {**typed, "rate": "0"})
    assert refused.status_code == 422
    assert "Un cours est plus grand que zéro." in refused.text
    assert "Banque" in client.get(page, {"currency": "GBP"}).text


def test_a_wrong_file_is_said_beside_it_and_an_accountant_may_not(company: Company) -> None:
    file = io.BytesIO(b"<a/>")
    file.name = "x.xml"
    answer = a_browser(company, "OWNER").post(reverse("exchange-import"), {"file": file})
    assert answer.status_code == 422
    assert "n’est pas un fichier de cours de la BCE" in answer.text
    assert a_browser(company, "ACCOUNTANT").post(reverse("exchange-import"), {"file": file}).status_code == 403


def test_the_command_fills_every_company(company: Company, tmp_path: Path, capsys: Any) -> None:
    other = story.a_company()
    path = tmp_path / "eurofxref-hist.zip"
    path.write_bytes(zipped(HISTORY))
    call_command("import_rates", path, since=date(2026, 1, 1))
    assert capsys.readouterr().out.count("6 nouveaux") == 2
    call_command("import_rates", path, company=other.siren, since=date(2019, 1, 1))
    assert "3 nouveaux" in capsys.readouterr().out
    for wrong in ({"company": "123"}, {}):
        with pytest.raises(CommandError):
            call_command("import_rates", tmp_path / "absent", **wrong)


def test_a_bank_account_is_added_in_its_currency(company: Company) -> None:
    client = a_browser(company, "OWNER")
    typed = {"name": "Dollars", "iban": story.SECOND_IBAN, "currency": "usd"}
    assert client.post(reverse("bank-settings"), typed).status_code == 302
    assert BankAccount.objects.get().currency == "USD"
    refused = client.post(reverse("bank-settings"), {**typed, "iban": story.IBAN, "currency": "XYZ"})
    assert (refused.status_code, BankAccount.objects.count()) == (422, 1)
