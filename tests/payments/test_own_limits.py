"""What one person does alone ends at the limit that an owner named: credit notes, differences, payment runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing.models import InvoiceStatus
from billing.services.correcting import draft_correction
from billing.services.issuing import issue_invoice
from config.kernel.actor import Actor
from config.kernel.models import Company, Membership
from config.kernel.people.limits import CreditNoteBeyondLimit, PaymentRunBeyondLimit, WriteOffBeyondLimit
from config.kernel.people.members import change_member
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import RunStatus, WriteOffReason
from payments.outgoing.suppliers.ordering import order_run
from payments.services.write_off_limits import BeyondLimit
from payments.services.write_offs import write_off
from tests.api.client import a_partner, json_of
from tests.factories import money, story
from tests.factories import supplier_payments as paid
from tests.factories.people import a_person
from tests.factories.story import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def limited(company: Company, **limits: str) -> Actor:
    """An accountant of these limits."""
    owner, user = a_person(company), a_person(company, Role.ACCOUNTANT)
    held = {name: Decimal(most) for name, most in limits.items()}
    row = Membership.objects.get(user=user)
    change_member(membership=row, role=Role.ACCOUNTANT, limits=held, actor=Actor.user(owner), at=AT)
    return Actor.user(user)


def an_invoice(company: Company, **values: Any) -> Any:
    """1 200 with VAT."""
    line = story.a_line("Étude", quantity=Decimal(1), unit_price=Decimal(1000))
    return story.an_issued_invoice(story.a_customer(company), [line], **values)


def credit(invoice: Any, actor: Actor, part: str) -> Any:
    parts = story.a_return(invoice, part)
    return money.credit_invoice(invoice=invoice, parts=parts, reason="Geste", actor=actor, at=AT)


def test_a_credit_note_up_to_the_limit_is_issued_and_one_cent_more_is_not(company: Company) -> None:
    actor = limited(company, credit_note_limit="240")
    invoice = an_invoice(company)
    with pytest.raises(CreditNoteBeyondLimit) as refused:
        credit(invoice, actor, "0.21")
    said = refused.value.sentence.replace("\u202f", " ").replace("\xa0", " ")
    assert "240,00 €" in said
    assert "252,00 €" in said
    assert "owner-" in said, "who may do it"
    assert credit(invoice, actor, "0.20").status != InvoiceStatus.DRAFT
    assert credit(invoice, story.ACTOR, "0.5").status != InvoiceStatus.DRAFT


def test_the_limit_is_in_the_currency_of_the_books(company: Company) -> None:
    """At 1.25 dollars for a euro, 300 dollars are 240 euros."""
    actor = limited(company, credit_note_limit="240")
    invoice = an_invoice(company, currency="USD")
    with pytest.raises(CreditNoteBeyondLimit):
        credit(invoice, actor, "0.26")
    assert credit(invoice, actor, "0.25").total_gross == Decimal("300.00")


def test_differences_of_several_reasons_on_one_document_count_together(company: Company) -> None:
    actor = limited(company, write_off_limit="1")
    invoice = an_invoice(company)
    values: dict[str, Any] = {"with_vat": False, "note": "", "actor": actor, "at": AT}
    write_off(invoice=invoice, amount=Decimal("0.60"), reason=WriteOffReason.BANK_FEE, **values)
    with pytest.raises(WriteOffBeyondLimit):
        write_off(invoice=invoice, amount=Decimal("0.41"), reason=WriteOffReason.ROUNDING, **values)
    write_off(invoice=invoice, amount=Decimal("0.40"), reason=WriteOffReason.ROUNDING, **values)


def test_the_smaller_of_the_role_s_limit_and_the_person_s_holds(company: Company) -> None:
    actor = limited(company, write_off_limit="10000")
    values: dict[str, Any] = {"with_vat": False, "note": "", "actor": actor, "at": AT}
    with pytest.raises(BeyondLimit):
        write_off(invoice=an_invoice(company), amount=Decimal(900), reason=WriteOffReason.ROUNDING, **values)


def test_a_payment_run_beyond_the_limit_waits_for_somebody_else(company: Company) -> None:
    actor, other = limited(company, payment_run_limit="100"), paid.a_payer(company)
    run = paid.a_run([paid.a_purchase(paid.a_supplier(company))], actor)
    assert run.total > 100
    with pytest.raises(PaymentRunBeyondLimit):
        order_run(run=run, total=run.total, actor=actor, at=AT)
    assert order_run(run=run, total=run.total, actor=other, at=AT).status == RunStatus.ORDERED


def test_a_correction_that_gives_back_more_than_the_limit_is_none_either(company: Company) -> None:
    actor = limited(company, credit_note_limit="240")
    corrected = draft_correction(invoice=an_invoice(company), reason="Prix", actor=actor, at=AT)
    line = corrected.lines.get()
    line.unit_price = Decimal(799)
    line.save(update_fields=["unit_price"])
    with pytest.raises(CreditNoteBeyondLimit):
        issue_invoice(invoice=corrected, actor=actor, at=AT)
    line.unit_price = Decimal(800)
    line.save(update_fields=["unit_price"])
    assert issue_invoice(invoice=corrected, actor=actor, at=AT).total_gross == Decimal("960.00")


def test_the_api_refuses_the_same_act_with_the_same_sentence(company: Company) -> None:
    partner = a_partner(company, Role.ACCOUNTANT)
    Membership.objects.filter(company=company, role=Role.ACCOUNTANT).update(write_off_limit=Decimal("1"))
    invoice = an_invoice(company)
    sent = {"amount": Decimal("1.50"), "reason": "bank_fee"}
    refused = partner.post(f"/api/invoices/{invoice.pk}/write-offs", sent, key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (403, "beyond_own_limit")
    assert "Votre limite est de 1,00" in json_of(refused)["detail"]
