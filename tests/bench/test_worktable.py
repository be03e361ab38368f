"""What the worktable costs over 10,000 open invoices and as many lines: `make bench`."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.kernel.models import Company
from payments.models import BankLine
from tests.bench.test_reminder_pages import measured
from tests.factories import money, story
from tests.factories.people import signed_in
from tests.house.test_pages_at_scale import analyse, multiply

pytestmark = pytest.mark.django_db
ROWS, CUSTOMERS = int(os.environ.get("BENCH_ROWS", "10000")), 1000
KINDS = {
    "by number": ("1241.00", "VIR FAC-2025-4711 MERCI", "CLIENT 712"),
    "by amount": ("4 321.00", "SANS REFERENCE", "INCONNU"),
    "nothing": ("7.77", "BONJOUR 2026", "PERSONNE"),
    "debit": ("-24.00", "FRAIS TENUE 11", "BANQUE"),
}


def grow(company: Company) -> dict[str, BankLine]:
    """Open invoices of many customers, and lines of which none is explained."""
    now = timezone.now()
    story.an_issued_invoice(story.a_customer(company, name="Petit"), at=now - timedelta(days=60))
    entries = [
        money.a_credit(amount.replace(" ", ""), remittance=text, counterparty=payer)
        for amount, text, payer in KINDS.values()
    ]
    lines = money.bank_lines(company, entries, at=now)
    multiply("customers_customer", CUSTOMERS, id="1000000000000 + n", name="'Client ' || n", siren="''", siret="''")
    multiply(
        "billing_invoice",
        ROWS,
        id="1000000000000 + n",
        number="'FAC-2025-' || n",
        payment_reference="''",
        customer_id=f"1000000000001 + n % {CUSTOMERS}",
        buyer_name=f"'Client ' || 1 + n % {CUSTOMERS}",
        due_date="current_date - (n % 90) - 1",
        total_gross="1240 + n",
        total_net="1000 + n",
    )
    multiply("payments_bankline", ROWS, id="1000000000000 + n", import_key="'copy:' || n", amount="0.5 + n")
    analyse()
    found = {line.remittance: line for line in lines}
    return {kind: found[text] for kind, (_amount, text, _payer) in KINDS.items()}


def test_what_the_worktable_costs_over_ten_thousand_rows() -> None:
    company = story.a_company()
    lines, client = grow(company), signed_in(company)
    print(f"\n{ROWS} open invoices, {ROWS} lines")
    for kind, line in lines.items():
        tell(client, kind, reverse("payments:worktable-line", args=[line.pk]))
    tell(client, "search", f"{reverse('payments:worktable-line', args=[lines['nothing'].pk])}?q=Client 712 ; 4711")
    tell(client, "line's own page", reverse("payments:bankline-detail", args=[lines["by number"].pk]))


def tell(client: Client, kind: str, address: str) -> None:
    asked, took, weight = measured(client, address)
    print(f"{kind:>16}: {took:6.1f} ms, {asked} queries, {weight / 1000:.1f} kB")
    assert weight < 60_000
