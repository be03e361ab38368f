"""The reports that billing knows: those of the books, of purchases and of sales."""

from billing.ledger.reports import declare_reports, general_ledger, journal, sales, trial_balance
from billing.ledger.vat import reports as vat
from billing.ledger.vat.swiss_return import SWISS_RETURN


def declare() -> None:
    """Called once, when the app is ready."""
    declare_reports(
        trial_balance.REPORT,
        general_ledger.GENERAL_LEDGER,
        general_ledger.THIRD_PARTY_LEDGER,
        journal.REPORT,
        *sales.REPORTS,
        vat.WAITING_REPORT,
        vat.UNION_REPORT,
        SWISS_RETURN,
    )
