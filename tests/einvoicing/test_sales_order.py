"""Our own order number (BT-14) stands in the XML as it is printed, with or without the buyer's (BT-13)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pypdfium2
import pytest

from billing.models import Invoice
from billing.pdf import render_pdf
from billing.services.correcting import draft_correction
from billing.services.crediting import draft_credit_note
from billing.services.deposits import draft_deposit
from billing.services.generating import generate_invoice
from billing.services.orders import confirm_order, save_order, ship_order
from einvoicing import validation
from einvoicing.formats import cii, ubl
from einvoicing.services.documents import _issued_document
from einvoicing.services.sending import issue_checked
from tests.factories import story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]
ACT: dict[str, Any] = {"actor": story.ACTOR, "at": story.AT}


def an_order(customer: Any, **values: Any) -> Any:
    order = save_order(order=None, customer=customer, values=values, lines=[story.a_line()], **ACT)
    return confirm_order(order=order, **ACT)


def final(customer: Any, **values: Any) -> Invoice:
    order = ship_order(order=an_order(customer, **values), **ACT)
    return issue_checked(invoice=generate_invoice(order=order, **ACT), **ACT)


def deposit(customer: Any) -> Invoice:
    draft = draft_deposit(source=an_order(customer), gross=Decimal("30.00"), description="Acompte", **ACT)
    return issue_checked(invoice=draft, **ACT)


def credit_note(customer: Any) -> Invoice:
    return issue_checked(invoice=draft_credit_note(invoice=final(customer), parts=None, reason="Retour", **ACT), **ACT)


def corrected(customer: Any) -> Invoice:
    return issue_checked(invoice=draft_correction(invoice=final(customer), reason="Adresse", **ACT), **ACT)


def without_an_order(customer: Any) -> Invoice:
    return story.an_issued_invoice(customer)


@pytest.mark.parametrize("made", [final, deposit, credit_note, corrected, without_an_order])
def test_our_order_is_in_the_xml_where_it_is_on_the_pdf(made: Any, customer: Any) -> None:
    invoice = made(customer)
    ours = invoice.order.number if invoice.order else ""
    with pypdfium2.PdfDocument(render_pdf(invoice)) as document:
        printed = document[0].get_textpage().get_text_bounded()
    assert bool(ours) == ("Notre commande" in printed)
    assert ours in printed
    document_of = _issued_document(invoice)
    assert document_of.sales_order == ours
    for syntax in (cii, ubl):
        data = syntax.render(document_of)
        report = validation.check(data)
        assert report.valid, report.violations
        assert syntax.parse(data).sales_order == ours


@pytest.mark.parametrize("theirs", ["", "BC-778"])
def test_the_buyers_order_is_told_beside_ours_or_not_at_all(theirs: str, customer: Any) -> None:
    invoice = final(customer, purchase_order=theirs)
    for syntax in (cii, ubl):
        read = syntax.parse(syntax.render(_issued_document(invoice)))
        assert (read.purchase_order, read.sales_order) == (theirs, invoice.order.number)
    # UBL wants the buyer's number wherever ours is (EN 16931-3-2, BT-13)
    assert f"<cbc:ID>{theirs or 'NA'}</cbc:ID>" in ubl.render(_issued_document(invoice)).decode()
