"""Closing a month as an accountant does: checks, their acts, the closing, then the FEC; on a narrow screen too."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.ledger.calendar import calendar_of
from billing.ledger.fec import check_fec
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.billing.books.test_fec_writing import an_entry
from tests.browser.conftest import sign_in
from tests.factories import story


def last_month() -> date:
    return local_day(timezone.now()).replace(day=1) - timedelta(days=1)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_month_is_closed_from_its_checks_to_its_file(page: Page, company: Company, width: int) -> None:
    through = last_month()
    with company_scope(company), transaction.atomic():
        an_entry(company, ("471000", "12.50"), ("512000", "-12.50"), on=through)
        an_entry(company, ("411000", "120", story.a_customer(company).pk), ("706000", "-120"), on=through)
    sign_in(page)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/books/closing/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.get_by_text(re.compile("Le compte 471000 n’est pas soldé"))).to_be_visible()
    expect(page.get_by_role("link", name="Clôturer définitivement")).to_have_count(0)
    page.get_by_role("link", name="Voir le compte").click()
    expect(page.get_by_role("heading", name="Grand livre")).to_be_visible()
    with company_scope(company), transaction.atomic():
        an_entry(company, ("471000", "-12.50"), ("627000", "12.50"), on=through)
    page.goto("/books/closing/")
    page.get_by_role("link", name="Vérifier la preuve").click()
    page.get_by_role("button", name="Vérifier maintenant").click()
    expect(page.get_by_text("Elle a été vérifiée, et tient.")).to_be_visible()
    grave = [one for one in Axe().run(page).response["violations"] if one["impact"] in {"critical", "serious"}]
    assert grave == []
    page.get_by_role("link", name="Clôturer définitivement").click()
    expect(page.get_by_text("Cela ne se défait pas.")).to_be_visible()
    page.get_by_role("button", name=re.compile("Clôturer jusqu’au")).click()
    expect(page.get_by_text(re.compile("Livres clôturés jusqu’au"))).to_be_visible()
    with company_scope(company):
        assert calendar_of(company.pk).hard == through
    page.goto("/books/fec/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name=f"Contrôler {through.year}").click()
    expect(page.get_by_text("Il tient aux règles du texte")).to_be_visible()
    with page.expect_download() as leaving:
        page.get_by_role("link", name=f"FEC {through.year}").click()
    file = leaving.value
    with open(file.path(), "rb") as data:  # noqa: PTH123 - the browser's own path
        assert check_fec(io.BytesIO(data.read()), file.suggested_filename).ok
