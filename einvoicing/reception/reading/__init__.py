"""Reads supplier documents: structured invoices, PDFs and scans, into fields with their place and probability.

Plain Python: it knows neither Django nor the database. What the company knows (its suppliers, their accounts, what was
booked) is asked of the gates that stay None here.
"""

from __future__ import annotations

from einvoicing.reception.reading.confidence import ENOUGH
from einvoicing.reception.reading.gates import NAMES as GATES
from einvoicing.reception.reading.gates import hold
from einvoicing.reception.reading.process import draw_page, read_document
from einvoicing.reception.reading.result import FIELDS, Field, Line, Reading, VatRow

__all__ = ["ENOUGH", "FIELDS", "GATES", "Field", "Line", "Reading", "VatRow", "draw_page", "hold", "read_document"]
