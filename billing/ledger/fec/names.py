"""The names in the file of a fiscal year: those of today while it is open, those of its closing day ever after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from django.db.models import Q
from django.utils.translation import override

from billing.ledger.chart import account_names
from billing.ledger.fec.fields import AUXILIARY
from billing.models import ClosedName, FiscalYear, Journal, JournalLine, LedgerJournal
from customers.models import Customer

BATCH = 1000
Names = Mapping[str, str]


def current_names(company_id: int) -> tuple[Names, Names]:
    """Of the accounts, and of the journals that have words of their own."""
    journals = LedgerJournal.everywhere.filter(company=company_id).values_list("code", "name")
    return account_names(company_id), dict(journals)


def kept_names(year: FiscalYear) -> tuple[Names, Names]:
    """The same as they were when the year was closed; today's for a year that was closed before names were kept."""
    found: dict[str, dict[str, str]] = {ClosedName.ACCOUNT: {}, ClosedName.JOURNAL: {}}
    rows = ClosedName.everywhere.filter(year=year, kind__in=found)
    for kind, code, name in rows.values_list("kind", "code", "name"):
        found[kind][code] = name
    return (
        (found[ClosedName.ACCOUNT], found[ClosedName.JOURNAL])
        if any(found.values())
        else current_names(year.company_id)
    )


def keep_names(year: FiscalYear) -> None:
    """Write down how all that the entries of a year name is called; once, as it is closed."""
    names = _names(year)
    while batch := list(islice(names, BATCH)):
        ClosedName.everywhere.bulk_create(
            ClosedName(company_id=year.company_id, year=year, kind=kind, code=code, name=name[:255])
            for kind, code, name in batch
        )


def _names(year: FiscalYear) -> Iterator[tuple[str, str, str]]:
    lines = JournalLine.everywhere.filter(company=year.company_id, day__range=(year.starts_on, year.ends_on)).order_by()
    accounts, journals = current_names(year.company_id)
    for account in lines.values_list("account", flat=True).distinct():
        yield ClosedName.ACCOUNT, account, accounts.get(account, "") or f"Compte {account}"
    for code in lines.values_list("entry__journal", flat=True).distinct():
        yield ClosedName.JOURNAL, code, journals.get(code, "") or journal_label(code)
    auxiliary = Q()
    for digits in AUXILIARY:
        auxiliary |= Q(account__startswith=digits)
    named = lines.filter(auxiliary, customer__isnull=False).values("customer")
    for key, name in Customer.everywhere.filter(pk__in=named).values_list("pk", "name").iterator(chunk_size=BATCH):
        yield ClosedName.THIRD, str(key), name


def journal_label(code: str) -> str:
    """The name of a journal in French, never empty: BQ1 is the bank's first."""
    with override("fr"):
        for journal in Journal:
            if code.startswith(journal):
                return f"{journal.label} {code.removeprefix(journal)}".strip()
    return f"Journal {code}"
