"""What e-invoicing adds to the dossier of an inspector: the statuses of the invoices of the fiscal year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from billing.ledger.calendar import Year
from billing.ledger.dossier.parts import Part, as_csv
from config.kernel.models import Company
from einvoicing.models import LifecycleEvent

HEAD = ("Facture", "Code", "Motif", "Précision", "Date du statut", "Reçu le")


def statuses(company: Company, year: Year) -> Iterator[Part]:
    yield Part("statuts.csv", as_csv(HEAD, _rows(company, year)))


def _rows(company: Company, year: Year) -> Iterator[Sequence[Any]]:
    rows = LifecycleEvent.everywhere.filter(
        company=company, invoice__issue_date__range=(year.starts_on, year.ends_on)
    ).order_by("received_at", "id")
    names = ("invoice__number", "code", "reason_code", "reason", "occurred_at", "received_at")
    for number, code, reason_code, reason, occurred_at, received_at in rows.values_list(*names).iterator(500):
        yield number, code, reason_code, reason, occurred_at.isoformat(), received_at.isoformat()
