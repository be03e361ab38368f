"""What the books tell: tables as of a day or over a period, each figure with the lines behind it."""

from billing.ledger.reports.parameters import Parameters as Parameters
from billing.ledger.reports.registry import Report as Report
from billing.ledger.reports.registry import declare_reports as declare_reports
from billing.ledger.reports.registry import report_called as report_called
from billing.ledger.reports.registry import reports as reports
from billing.ledger.reports.table import ReportTable as ReportTable
from billing.ledger.reports.table import Row as Row
