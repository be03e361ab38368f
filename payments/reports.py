"""The reports that payments know: who owes what for how long."""

from billing.ledger.reports import declare_reports
from payments.aged import credit_control, delays, statement
from payments.aged import reports as aged


def declare() -> None:
    """Called once, when the app is ready."""
    declare_reports(aged.RECEIVABLE_REPORT, aged.PAYABLE_REPORT, statement.REPORT, delays.REPORT, credit_control.REPORT)
