"""One-click fixes: offered where the value is certain, written by the service that owns the row; the rule is mended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.models import Invoice, InvoiceLine
from config.kernel.identifiers import vat
from config.kernel.models import AuditEvent, Company
from config.kernel.roles import Role
from customers.models import Customer
from einvoicing.problems import fixes
from einvoicing.services.directory import Found
from einvoicing.services.documents import preflight
from tests.factories import people, story
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.usefixtures("in_scope")


@pytest.fixture
def draft(company):
    return story.a_draft(story.a_customer(company))


def again(invoice):
    return Invoice.objects.select_related("company", "customer__terms").get(pk=invoice.pk)


def offered(invoice):
    """The codes of the fixes that the verdict on the draft brings."""
    row = again(invoice)
    found = [fixes.fix_for(one.rule, row) for one in preflight(invoice=again(invoice), at=AT).violations]
    return {fix.code for fix in found if fix}


def press(client, invoice, code):
    return client.post(reverse("einvoicing:invoice-issue", args=[invoice.pk]), {"fix": code})


def no_address(draft):
    Customer.objects.filter(pk=draft.customer_id).update(electronic_address="")


def no_siren(draft):
    buyer = draft.customer
    columns = {"siren": "", "siret": "", "electronic_address": "", "vat_number": vat.from_siren(buyer.siren)}
    Customer.objects.filter(pk=buyer.pk).update(**columns)


def no_buyer_vat(draft):
    rows = InvoiceLine.objects.filter(invoice=draft)
    rows.update(vat_category="K", vat_rate=0, exemption_code="VATEX-EU-IC")
    Customer.objects.filter(pk=draft.customer_id).update(vat_number="")


def no_mentions(draft):
    Company.objects.filter(pk=draft.company_id).update(late_penalty_mention="", discount_mention="")


def no_own_address(draft):
    Company.objects.filter(pk=draft.company_id).update(electronic_address="")


def no_own_vat(draft):
    Company.objects.filter(pk=draft.company_id).update(vat_number="")


def due_too_early(draft):
    Invoice.objects.filter(pk=draft.pk).update(due_date=date(2020, 1, 1))


def no_code(draft):
    InvoiceLine.objects.filter(invoice=draft).update(vat_category="G", vat_rate=Decimal(0), exemption_code="")


BROKEN = {
    "buyer-address": no_address,
    "buyer-siren": no_siren,
    "buyer-vat": no_buyer_vat,
    "mentions": no_mentions,
    "seller-address": no_own_address,
    "seller-vat": no_own_vat,
    "due-date": due_too_early,
    "exemption": no_code,
}


def test_every_fix_is_tried_here():
    assert set(BROKEN) == set(fixes.BY_CODE)


@pytest.mark.parametrize("code", BROKEN)
def test_one_press_mends_what_is_certain_and_leaves_a_trace(company, draft, code):
    assert offered(draft) == set()
    BROKEN[code](draft)
    assert code in offered(draft)
    before = AuditEvent.objects.count()
    owner = people.signed_in(company)
    page = owner.get(reverse("einvoicing:invoice-issue", args=[draft.pk])).content.decode()
    assert f'name="fix" value="{code}"' in page
    assert press(owner, draft, code).status_code == 302
    assert code not in offered(draft)
    assert AuditEvent.objects.count() > before
    assert again(draft).is_draft


@pytest.mark.parametrize(("code", "role"), [("mentions", Role.SALES), ("seller-address", Role.SALES)])
def test_who_may_not_change_the_company_sees_no_button_and_is_refused(company, draft, code, role):
    BROKEN[code](draft)
    client = people.signed_in(company, role)
    page = client.get(reverse("einvoicing:invoice-issue", args=[draft.pk])).content.decode()
    assert f'value="{code}"' not in page
    assert press(client, draft, code).status_code == 403


def test_a_fix_that_is_no_longer_certain_is_refused_and_writes_nothing(company, draft):
    answer = press(people.signed_in(company), draft, "buyer-siren")
    assert answer.status_code == 422
    assert "n’est plus certaine" in people.read(type("Page", (), {"text": answer.content.decode()}))
    assert press(people.signed_in(company, Role.ACCOUNTANT), draft, "whatever").status_code == 404


class Line:
    status = fixes.ENABLED

    def __init__(self, address):
        self.addressing_identifier = address


@pytest.mark.parametrize("count", [1, 2])
def test_the_directory_decides_when_it_gives_one_address(draft, monkeypatch, count):
    no_address(draft)
    siren = draft.customer.siren
    lines = tuple(Line(f"{siren}_{suffix}") for suffix in ("COMPTA", "ACHATS")[:count])
    monkeypatch.setattr(fixes, "look_up", lambda **_asked: Found(AT, None, lines))
    if count == 1:
        fixes.apply_fix(code="buyer-address", invoice=again(draft), actor=ACTOR, at=AT)
        assert again(draft).customer.electronic_address == f"{siren}_COMPTA"
    else:
        with pytest.raises(fixes.SeveralAddresses):
            fixes.apply_fix(code="buyer-address", invoice=again(draft), actor=ACTOR, at=AT)


def test_an_issued_invoice_has_no_fix(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    no_mentions(invoice)
    assert fixes.fix_for("L441-9", again(invoice)) is None
