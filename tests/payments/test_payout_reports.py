"""Reports of payment services dropped on « Banque »: recognised by content, kept once, a payout split to the cent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from billing.models import Invoice, InvoiceStatus
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.checkouts.payout_parts import NotExplained, payout_parts
from payments.models import BankLine, LineStatus, Match, MatchPart, Method, Payout, StatementUpload, UploadState
from payments.services import uploads
from payments.statements.base import InvalidStatement
from payments.statements.payout_report import bare_columns, guess_columns, read_payouts
from tests.factories import money, story
from tests.factories.people import signed_in
from tests.payments.money_state import money_state

AT, ACTOR = story.AT, story.ACTOR
DAY = AT.date()

STRIPE = (
    "automatic_payout_id,automatic_payout_effective_at_utc,balance_transaction_id,created_utc,currency,gross,fee,net,"
    "reporting_category,description,source_id\n"
)
BALANCE = (
    "id,Type,Source,Amount,Fee,Net,Currency,Created (UTC),Available On (UTC),Description,Transfer,Transfer Date (UTC)\n"
)
SUMUP = "Date;Code de transaction;Type;Total;Frais;Net;Date de versement;Identifiant du versement;Description\n"


def stripe(*rows: tuple[str, ...]) -> bytes:
    return (STRIPE + "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)).encode()


def a_sale(number: str, gross: str = "1200.00", net: str = "1182.00", **values: str) -> tuple[str, ...]:
    fee = f"{Decimal(gross) - Decimal(net):.2f}"
    cells = {"payout": "po_1", "day": f"{DAY} 00:00:00", "category": "charge", "id": f"ch_{number}", **values}
    return (
        cells["payout"], cells["day"], f"txn_{number}", f"{DAY} 08:00:00", "eur", gross, fee, net,
        cells["category"], f"Facture {number}", cells["id"],
    )  # fmt: skip


def read(data: bytes) -> list[Any]:
    columns = guess_columns(data)
    assert columns is not None
    return read_payouts(data, columns)


@pytest.fixture
def company(db: None, settings: Any, tmp_path: Path) -> Iterator[Company]:
    settings.MEDIA_ROOT = str(tmp_path)
    row = story.a_company()
    money.a_bank_account(row)
    with company_scope(row):
        yield row


@pytest.fixture
def client(company: Company) -> Client:
    return signed_in(company)


def drop(client: Client, data: bytes, name: str = "rapport.csv") -> StatementUpload:
    before = list(StatementUpload.objects.values_list("pk", flat=True))
    client.post(reverse("payments:bankline-list"), {"file": SimpleUploadedFile(name, data)})
    return StatementUpload.objects.exclude(pk__in=before).get()


def keep(client: Client, row: StatementUpload) -> None:
    client.post(reverse("payments:upload-batch", args=[row.pk]), {"keep": "all"})
    row.refresh_from_db()


def a_line(company: Company, amount: str, remittance: str = "STRIPE") -> BankLine:
    [line] = money.bank_lines(company, [money.a_credit(amount, counterparty="STRIPE", remittance=remittance)])
    return line


def address(line: BankLine) -> str:
    return reverse("payments:worktable-line", args=[line.pk])


# -- reading ---------------------------------------------------------------------------------------------------------


def test_stripe_by_transfer_with_refunds_fees_and_the_transfer_itself():
    data = stripe(
        a_sale("1"),
        a_sale("2", "100.00", "97.10", payout="po_2"),
        a_sale("r", "-50.00", "-50.00", category="refund"),
        a_sale("f", "-2.00", "-2.00", category="fee"),
        a_sale("p", "-1130.00", "-1130.00", category="payout"),
        a_sale("w", "10.00", "9.50", payout="", day=""),
    )
    first, second = read(data)
    assert (first.id, first.arrives_on, first.currency, first.amount) == ("po_1", DAY, "EUR", Decimal("1130.00"))
    assert [row.kind for row in first.transactions] == ["payment", "refund", "fee"]
    assert (second.amount, second.transactions[0].fee) == (Decimal("97.10"), Decimal("2.90"))
    assert "ch_2" in second.transactions[0].references


def test_the_balance_export_of_stripe_in_french_figures_too():
    row = 'txn_1,charge,ch_1,"1,200.00",18.00,"1,182.00",eur,2026-11-02 10:00,2026-11-04,F-1,po_9,2026-11-04 00:00\n'
    [payout] = read((BALANCE + row).encode())
    assert (payout.id, payout.amount, payout.arrives_on) == ("po_9", Decimal("1182.00"), date(2026, 11, 4))


def test_sumup_with_semicolons_commas_a_byte_order_mark_and_fees_written_negative():
    rows = "02/11/2026;TAAA1;Vente;1 200,00;-18,00;1 182,00;04/11/2026;PID12;F-1\n"
    [payout] = read((SUMUP + rows).encode("utf-8-sig"))
    assert (payout.id, payout.arrives_on, payout.amount) == ("PID12", date(2026, 11, 4), Decimal("1182.00"))


def test_a_workbook_is_a_report_too():
    book, out = Workbook(), BytesIO()
    book.active.append(["Payout ID", "Payout date", "Gross", "Fee", "Net", "Transaction ID"])
    book.active.append(["PID1", DAY, 120.0, 1.8, 118.2, "T1"])
    book.save(out)
    assert read(out.getvalue())[0].amount == Decimal("118.20")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(*a_sale("1")[:6], "17.00", *a_sale("1")[7:])], "net"),
        ([(*a_sale("1")[:5], "douze", *a_sale("1")[6:])], "montant"),
        ([a_sale("1", day="hier")], "date"),
        ([a_sale("1"), (*a_sale("2")[:4], "usd", *a_sale("2")[5:])], "devises"),
        ([a_sale("1", payout="", day="")], "aucun versement"),
        ([], "aucun versement"),
    ],
)
def test_an_odd_report_is_refused_with_its_reason(rows, said):
    with pytest.raises(InvalidStatement, match=said):
        read(stripe(*rows))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 5000,
        b"PK\x03\x04 no archive",
        "Date;Libellé;Débit;Crédit;Frais\n02/11/2026;VIR;;120,00;1\n".encode(),
        b"gross,fee,net\n1,0,1\n",
        b"<?xml version='1.0'?><Document/>",
        b'"' * 3000,
    ],
)
def test_what_is_no_report_is_none(data):
    with contextlib.suppress(InvalidStatement):
        assert guess_columns(data) is None


def test_a_statement_of_a_bank_is_still_one(company, client):
    table = "Date;Libellé;Débit;Crédit\n02/11/2026;VIR DUPONT FACTURE;;120,00\n".encode()
    row = drop(client, table)
    assert (row.preview["format"], "payouts" in row.preview) == ("csv", False)


# -- on the pages ------------------------------------------------------------------------------------------------------


def test_a_report_is_previewed_kept_once_and_its_line_is_split_by_one_key(company, client):
    customer = story.a_customer(company)
    invoice, typed = story.an_issued_invoice(customer), story.an_issued_invoice(customer)
    recorded = money.a_payment(customer, "500.00", [(typed, "500.00")], method=Method.CARD, reference="ch_typed")
    data = stripe(
        a_sale(invoice.number, f"{invoice.balance}", f"{invoice.balance - 20}"),
        a_sale("x", "500.00", "493.00", id="ch_typed"),
        a_sale("f", "-2.00", "-2.00", category="fee"),
    )
    row = drop(client, data)
    assert (row.state, row.preview["new"], Payout.objects.count()) == (UploadState.READ, 1, 0)
    page = client.get(reverse("payments:upload-batch", args=[row.pk])).text
    assert "po_1" in page
    keep(client, row)
    payout = Payout.objects.get()
    assert (row.state, payout.amount) == (UploadState.KEPT, invoice.balance - 20 + 493 - 2)
    keep(client, drop(client, data))
    assert Payout.objects.count() == 1, "the same report again brings nothing"

    line = a_line(company, f"{payout.amount}")
    before = money_state(company)
    assert f'name="payout" value="{payout.pk}"' in client.get(address(line)).text
    client.post(address(line), {"act": "payout", "payout": str(payout.pk)})
    line.refresh_from_db()
    assert line.status == LineStatus.MATCHED
    parts = MatchPart.objects.filter(match__line=line).order_by("position")
    assert [part.amount for part in parts] == [invoice.balance, Decimal("500.00"), Decimal("-29.00")]
    assert parts[1].payment == recorded
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID
    client.post(reverse("payments:worktable-undo", args=[Match.objects.get(line=line).pk]))
    assert money_state(company).differences(before) == []


def test_what_is_unknown_is_named_by_a_person_on_the_payout_s_page(company, client):
    invoice = story.an_issued_invoice(story.a_customer(company))
    keep(client, drop(client, stripe(a_sale("inconnu", "1200.00", "1182.00"))))
    payout, line = Payout.objects.get(), a_line(company, "1182.00")
    assert "txn_inconnu" in client.get(address(line)).text
    with pytest.raises(NotExplained):
        payout_parts(payout)
    page = reverse("payments:payout-detail", args=[payout.pk])
    assert 'name="invoice_0"' in client.get(page).text
    assert client.post(page, {"invoice_0": "F-0"}).status_code == 422
    assert client.post(page, {"invoice_0": invoice.number}).url == address(line)
    client.post(address(line), {"act": "payout", "payout": str(payout.pk)})
    assert Invoice.objects.get(pk=invoice.pk).amount_paid == 1200


def test_two_transactions_do_not_take_the_same_money(company, client):
    invoice = story.an_issued_invoice(story.a_customer(company))
    gross = f"{invoice.balance}"
    keep(client, drop(client, stripe(a_sale(invoice.number, gross, gross), a_sale(invoice.number, gross, gross))))
    with pytest.raises(NotExplained):
        payout_parts(Payout.objects.get())


def test_a_refund_in_the_payout_is_left_to_a_person(company, client):
    invoice = story.an_issued_invoice(story.a_customer(company))
    refund = a_sale("r", "-10.00", "-10.00", category="refund")
    keep(client, drop(client, stripe(a_sale(invoice.number, f"{invoice.balance}", "1400.00"), refund)))
    with pytest.raises(NotExplained):
        payout_parts(Payout.objects.get())
    page = client.get(reverse("payments:payout-detail", args=[Payout.objects.get().pk])).text
    assert "Inconnue ici" in page


def test_a_payout_undone_and_dropped_again_under_other_names_is_the_same_and_booked_again(company, client):
    invoice = story.an_issued_invoice(story.a_customer(company))
    gross, net = invoice.balance, invoice.balance - 20
    data = stripe(a_sale(invoice.number, f"{gross}", f"{net}"))
    keep(client, drop(client, data, "novembre.csv"))
    payout, line = Payout.objects.get(), a_line(company, f"{net}")
    client.post(address(line), {"act": "payout", "payout": str(payout.pk)})
    client.post(reverse("payments:worktable-undo", args=[Match.objects.get(line=line).pk]))
    before = money_state(company)
    other_name = data.replace(b'"po_1"', b'"TRF-77"')
    header = SUMUP.replace("Identifiant du versement;", "")
    by_day = f"{header}{DAY};ch_{invoice.number};Vente;{gross};20;{net};{DAY};Facture {invoice.number}\n"
    for name, again in (("copie.csv", data), ("po.csv", other_name), ("par-jour.csv", by_day.encode())):
        row = drop(client, again, name)
        assert (row.preview["is_known"], row.preview["new"]) == (True, 0), name
        keep(client, row)
        assert Payout.objects.get() == payout
    assert money_state(company).differences(before) == []
    assert f'name="payout" value="{payout.pk}"' in client.get(address(line)).text
    client.post(address(line), {"act": "payout", "payout": str(payout.pk)})
    assert Invoice.objects.get(pk=invoice.pk).status == InvoiceStatus.PAID
    twin = a_line(company, f"{net}", "STRIPE DEUXIEME")
    client.post(address(twin), {"act": "payout", "payout": str(payout.pk)})
    assert Match.objects.filter(line=twin).count() == 0, "one transfer is one line"
    later = data.replace(b"ch_", b"ch_other_").replace(b"txn_", b"txn_other_").replace(b'"po_1"', b'"po_2"')
    assert drop(client, later).preview["new"] == 1, "the same figures of other sales"


def test_another_amount_under_a_known_name_is_refused(company, client):
    keep(client, drop(client, stripe(a_sale("1"))))
    row = drop(client, stripe(a_sale("1", "1200.00", "1100.00")))
    assert (row.state, row.preview["problem"]["code"]) == (UploadState.REFUSED, "payout_report_differs")


def test_unknown_columns_are_chosen_once_and_remembered(company, client):
    data = b"Lot;Le;A;B;C;Vu\nL1;04/11/2026;120,00;1,80;118,20;F-1\n"
    row = drop(client, data)
    page = reverse("payments:upload-payout-columns", args=[row.pk])
    assert client.get(page).status_code == 200
    chosen = {"gross": "2", "fee": "3", "net": "4", "payout": "0", "arrives_on": "1", "references": "5",
              "date_format": "dmy", "decimal": ","}  # fmt: skip
    assert client.post(page, {**chosen, "net": "3"}).status_code == 302
    row.refresh_from_db()
    assert row.state == UploadState.REFUSED, "the net is not the gross less the fee"
    assert client.post(page, chosen).status_code == 302
    keep(client, row)
    assert Payout.objects.get().amount == Decimal("118.20")
    again = drop(client, data.replace(b"L1", b"L2"))
    assert [one["id"] for one in again.preview["payouts"]] == ["L2"]


def test_the_file_of_another_company_is_not_ours(company, client):
    keep(client, drop(client, stripe(a_sale("1"))))
    other = signed_in(story.a_company())
    assert other.get(reverse("payments:payout-detail", args=[Payout.objects.get().pk])).status_code == 404


def test_a_table_without_three_columns_cannot_be_chosen():
    with pytest.raises(InvalidStatement):
        bare_columns(b"a;b\n1;2\n")


def test_a_large_report_is_kept_by_the_queue(company, client):
    data = stripe(*(a_sale(str(place), "10.00", "9.00") for place in range(uploads.FEW + 1)))
    row = drop(client, data)
    keep(client, row)
    assert row.state == UploadState.CONFIRMED
    uploads.work_on(StatementUpload.objects.get(pk=row.pk), at=AT)
    assert len(Payout.objects.get().entries) == uploads.FEW + 1
