"""Where the platform reports: it counts our invoices, and we hold its count against our facts, row by row."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from config.kernel.scope import company_scope
from einvoicing.models import PlatformAccount, RemoteDocument, Transmission
from einvoicing.reporting.choosing import InvoicesGiven
from einvoicing.reporting.counting import compare_counts
from einvoicing.reporting.models import Channel, ReportPeriod
from einvoicing.reporting.reading import refresh_periods
from einvoicing.services.polling import poll_account
from einvoicing.services.transmissions import TRANSMISSIONS
from tests.einvoicing.reporting.conftest import reports_itself
from tests.einvoicing.reporting.selling import a_german, a_sale, an_individual, noon, paid
from tests.factories import money, platforms, story
from tests.factories.story import ACTOR

pytestmark = pytest.mark.django_db(transaction=True)
DAY, LATER = date(2026, 11, 5), date(2026, 11, 8)
AFTER, DECEMBER = noon(date(2026, 11, 12)), noon(date(2026, 12, 3))


@pytest.fixture
def company(sandbox, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    # UBL: no PDF is drawn for it
    platforms.a_platform_account(company, sandbox, default_format="UBL")
    reports_itself(company, channel=Channel.PLATFORM)
    with company_scope(company):
        yield company


def carried(company, at=AFTER):
    TRANSMISSIONS.sweep(now=lambda: at)
    account = PlatformAccount.objects.get(company=company)
    poll_account(account=account, at=at)
    bad = Transmission.objects.filter(status__in=["INVALID", "REJECTED", "DEAD"]).values_list("last_error", flat=True)
    assert not list(bad)


def compared(company, kind, at):
    refresh_periods(company=company, at=at)
    compare_counts(company=company, at=at)
    return ReportPeriod.objects.get(company=company, kind=kind, start=date(2026, 11, 1))


def test_the_platform_counts_the_same(company):
    someone = an_individual(company)
    goods = a_sale(someone, DAY, ("100.00", "20", False), ("30.00", "5.5", False))
    service = a_sale(someone, DAY, ("80.00", "20", True))
    a_sale(a_german(company), DAY, ("1000.00", "0", False), vat_category="K")
    money.credit_invoice(
        invoice=goods, parts=story.a_return(goods, 1, position=2), reason="Retour", actor=ACTOR, at=noon(LATER)
    )
    paid(service, LATER, "48.00")
    carried(company)
    row = compared(company, "SALES", AFTER)
    assert (row.status, row.differences) == ("AGREED", [])
    paid_for = compared(company, "PAYMENTS", DECEMBER)
    assert (paid_for.status, paid_for.differences) == ("AGREED", [])
    # read again, nothing is kept twice
    kept = RemoteDocument.objects.filter(flow_type__endswith="Report").count()
    compared(company, "SALES", AFTER + timedelta(hours=1))
    assert RemoteDocument.objects.filter(flow_type__endswith="Report").count() == kept


def test_what_the_platform_counts_otherwise_is_said_row_by_row(company):
    mixed = a_sale(an_individual(company), DAY, ("100.00", "20", False), ("50.00", "20", True))
    carried(company)
    row = compared(company, "SALES", AFTER)
    assert row.status == "DIFFERS"
    found = {one["what"]: (one["ours"], one["theirs"]) for one in row.differences}
    plain = {
        what: tuple(text.replace("\u202f", " ").replace("\xa0", " ") for text in both) for what, both in found.items()
    }
    assert plain == {
        "05/11/2026 TLB1 20 %": ("100,00 € + 20,00 €", "150,00 € + 30,00 €"),
        "05/11/2026 TPS1 20 %": ("50,00 € + 10,00 €", ""),
    }
    assert mixed.total_net == Decimal("150.00")


def test_a_late_invoice_is_counted_by_the_platform_s_correction(company):
    someone = an_individual(company)
    a_sale(someone, DAY, ("100.00", "20", False))
    carried(company)
    assert compared(company, "SALES", AFTER).status == "AGREED"
    a_sale(someone, LATER, ("10.00", "20", False))
    assert compared(company, "SALES", AFTER).status == "DIFFERS"
    carried(company)
    assert compared(company, "SALES", AFTER + timedelta(hours=1)).status == "AGREED"


def test_who_reports_does_not_change_for_invoices_that_the_platform_has(company):
    a_sale(an_individual(company), DAY, ("100.00", "20", False))
    carried(company)
    with pytest.raises(InvoicesGiven):
        reports_itself(company, since=date(2026, 11, 1), channel=Channel.FLOWS)
    reports_itself(company, since=date(2026, 12, 1), channel=Channel.FLOWS)


def test_what_never_reached_the_platform_is_missing(company):
    PlatformAccount.objects.update(sends_automatically=False)
    a_sale(an_individual(company), DAY, ("100.00", "20", False))
    assert compared(company, "SALES", AFTER).status == "MISSING"
    assert compared(company, "PAYMENTS", DECEMBER).status == "AGREED"
