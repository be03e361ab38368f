"""The Chorus Pro module counts invoices, not submissions, and shows the chain of a rejection and its correction."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from lxml import html

from billing.models import Invoice
from billing.services.correcting import draft_correction
from billing.services.issuing import issue_invoice
from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.problems.steps import way_back
from einvoicing.services.sending import credit_checked
from einvoicing.services.transmissions import RejectedUnchanged, queue_many, queue_transmission
from payments.models import Payment
from payments.services.allocations import Share
from payments.services.crediting import issue_correction
from payments.services.payments import record_payment, reverse_payment
from tests.api.client import Partner, json_of
from tests.api.test_chorus_pro import ROOT, a_public_invoice, an_account, numbers, paid, submitted, words_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import story
from tests.factories.people import signed_in
from tests.factories.queues import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_say_yes")]

ACT = {"actor": story.ACTOR, "at": story.AT}


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def account(company: Company, sandbox: str) -> PlatformAccount:
    return an_account(company, sandbox)


def there(row: int, **columns: Any) -> int:
    columns = {"status": "ACCEPTED", "deposited_at": story.AT, **columns}
    Transmission.everywhere.filter(pk=row).update(**columns)
    return row


def rejected(row: int) -> int:
    return there(row, status="REJECTED", last_error="SIRET inconnu")


def listed(company: Company, partner: Partner, state: str = "") -> set[str]:
    return numbers(partner.get(f"{ROOT}/invoices/supplier/{company.siret}{state and '/' + state}"))


def figures(company: Company, partner: Partner) -> dict[str, Any]:
    found: dict[str, Any] = json_of(partner.get(f"{ROOT}/statistics/supplier/{company.siret}"))
    return found


def shown(partner: Partner, row: int) -> dict[str, Any]:
    found: dict[str, Any] = json_of(partner.get(f"{ROOT}/invoices/{row}/status"))
    return found


def corrected(invoice: Invoice) -> Invoice:
    with company_scope(invoice.company_id):
        draft = draft_correction(invoice=invoice, reason="SIRET", actor=story.ACTOR, at=story.AT)
        return issue_correction(invoice=draft, actor=story.ACTOR, at=story.AT)


def test_an_invoice_submitted_twice_counts_once(company: Company, account: PlatformAccount, partner: Partner) -> None:
    invoice = a_public_invoice(company)
    rejected(submitted(partner, invoice))
    there(submitted(partner, invoice))
    assert (listed(company, partner, "rejected"), listed(company, partner, "pending")) == (set(), {invoice.number})
    told = figures(company, partner)
    assert (told["totalInvoices"], told["totalAmount"]) == (1, invoice.total_gross)
    assert (told["rejectedInvoices"], told["pendingInvoices"], told["pendingAmount"]) == (0, 1, invoice.total_gross)
    query = json_of(partner.post(f"{ROOT}/invoices/query", {"invoiceNumber": invoice.number}))
    assert (query["total"], len(query["invoices"])) == (1, 1)


def test_a_rejection_and_its_correction_stand_in_the_history_of_both(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(company)
    first = there(submitted(partner, invoice), lifecycle_code="210", last_error="Engagement faux")
    assert (shown(partner, first)["status"], listed(company, partner, "rejected")) == ("REJETEE", {invoice.number})
    correction = corrected(invoice)
    second = submitted(partner, correction)
    assert words_of(shown(partner, first))[-1] != "RECYCLEE"  # queued is not submitted
    there(second, status="DEPOSITED")
    old, new = shown(partner, first), shown(partner, second)
    assert (old["status"], old["rejectionReason"], words_of(old)[-1]) == ("RECYCLEE", "Engagement faux", "RECYCLEE")
    assert old["statusHistory"][-1]["comment"] == f"{invoice.number} → {correction.number}"
    assert (new["status"], words_of(new)[:2], new["rejectionReason"]) == ("RECYCLEE", ["REJETEE", "RECYCLEE"], "")
    assert new["statusHistory"][0]["comment"] == "Engagement faux"
    assert (listed(company, partner, "rejected"), listed(company, partner, "pending")) == (set(), {correction.number})


def test_a_new_invoice_in_the_place_of_a_rejected_one_is_its_recycling(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(company)
    first = rejected(submitted(partner, invoice))
    with company_scope(company):
        credit_checked(invoice=invoice, parts=None, reason="Rejetée", actor=story.ACTOR, at=timezone.now())
        step = list(way_back(Transmission.objects.select_related("invoice", "account").get(pk=first)))[1]
    client = signed_in(company, "OWNER")
    page = client.get(step.url)
    typed = dict(next(form for form in html.fromstring(page.content).forms if "service_code" in form.fields).fields)
    assert (typed["service_code"], typed["due_date"]) == (invoice.service_code, None)
    typed = {name: value for name, value in typed.items() if value is not None} | {"notes": "Corrigée"}
    client.post(step.url, typed)
    draft = Invoice.everywhere.get(replaces=invoice)
    assert (draft.is_draft, draft.notes, draft.total_gross) == (True, "Corrigée", invoice.total_gross)
    with company_scope(company):
        anew = issue_invoice(invoice=draft, actor=story.ACTOR, at=timezone.now())
    second = there(submitted(partner, anew))
    old, new = shown(partner, first), shown(partner, second)
    assert (old["status"], old["statusHistory"][-1]["comment"]) == ("RECYCLEE", f"{invoice.number} → {anew.number}")
    assert (new["status"], words_of(new)[:2]) == ("RECYCLEE", ["REJETEE", "RECYCLEE"])


def test_another_invoice_of_the_same_customer_is_no_correction(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    first = rejected(submitted(partner, a_public_invoice(company)))
    second = there(submitted(partner, a_public_invoice(company)))
    assert (shown(partner, first)["status"], shown(partner, second)["status"]) == ("REJETEE", "DEPOSEE")
    assert "REJETEE" not in words_of(shown(partner, second))


def test_nothing_is_pending_of_what_was_paid_or_credited(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    credited, settled, waiting = (a_public_invoice(company) for _invoice in range(3))
    for invoice in (credited, settled, waiting):
        there(submitted(partner, invoice), lifecycle_code="203")
    paid(settled)
    paid(credited)
    with company_scope(company):
        note = credit_checked(invoice=credited, parts=None, reason="Erreur", actor=story.ACTOR, at=timezone.now())
    there(submitted(partner, note), lifecycle_code="203")
    assert listed(company, partner, "pending") == {waiting.number}
    told = figures(company, partner)
    assert (told["pendingInvoices"], told["pendingAmount"], told["paidInvoices"]) == (1, waiting.total_gross, 1)
    assert told["totalAmount"] == settled.total_gross + waiting.total_gross  # the credit note takes its invoice off


def test_a_payment_before_the_issue_is_no_negative_delay(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    early, late = a_public_invoice(company), a_public_invoice(company)
    for invoice, days in ((early, -2), (late, 3)):
        there(submitted(partner, invoice))
        with company_scope(company):
            record_payment(
                customer=invoice.customer,
                amount=invoice.total_gross,
                method="TRANSFER",
                paid_on=date.fromisoformat(str(invoice.issue_date)) + timedelta(days=days),
                shares=[Share(invoice, invoice.total_gross)],
                actor=story.ACTOR,
                at=timezone.now(),
            )
    assert figures(company, partner)["averagePaymentDays"] == 1.5


def test_a_payment_taken_back_is_no_day_of_payment(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(company)
    row = there(submitted(partner, invoice))

    def pays(day: date) -> Payment:
        shares = [Share(invoice, invoice.total_gross)]
        invoice.refresh_from_db()
        return record_payment(
            customer=invoice.customer, amount=invoice.total_gross, method="TRANSFER", paid_on=day, shares=shares, **ACT
        )

    with company_scope(company):
        reverse_payment(payment=pays(date(2026, 11, 16)), reason="Rejet de la banque", **ACT)
        assert shown(partner, row)["paymentDate"] is None
        pays(date(2026, 11, 15))
    assert shown(partner, row)["paymentDate"] == "2026-11-15"


def test_a_state_nobody_documented_is_unknown_everywhere(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    row = there(submitted(partner, a_public_invoice(company)), status="DEPOSITED", unknown_status="IN_ORBITE")
    told = shown(partner, row)
    assert (told["status"], told["statusHistory"][-1]) == (
        "INCONNUE",
        {"status": "INCONNUE", "date": told["statusHistory"][-1]["date"], "comment": "IN_ORBITE"},
    )
    assert json_of(partner.get(f"/api/transmissions/{row}"))["unknown_status"] == "IN_ORBITE"
    assert {one["status"] for one in figures(company, partner)["byStatus"]} == {"INCONNUE"}


def test_a_file_that_was_rejected_does_not_leave_again_as_it_is(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(company)
    row = submitted(partner, invoice)
    drain(at=timezone.now())
    Transmission.everywhere.filter(pk=row).update(status="REJECTED")
    with company_scope(company):
        with pytest.raises(RejectedUnchanged):
            queue_transmission(invoice=invoice, account=account, actor=story.ACTOR, at=story.AT)
        queued, refused = queue_many(invoices=[invoice], actor=story.ACTOR, at=story.AT)
    assert (queued, [type(error) for _invoice, error in refused]) == ([], [RejectedUnchanged])
    again = partner.post(f"/api/invoices/{invoice.pk}/transmissions", {})
    assert (again.status_code, json_of(again)["code"]) == (409, "rejected_unchanged")
    retried = partner.post(f"/api/transmissions/{row}/retry", {"reason": "Encore"})
    assert (retried.status_code, json_of(retried)["code"]) == (409, "transition_refused")
    account.default_format = "UBL"
    account.save()
    with company_scope(company):
        invoice.refresh_from_db()
        assert queue_transmission(invoice=invoice, account=account, actor=story.ACTOR, at=story.AT).status == "PENDING"
