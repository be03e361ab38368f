"""The FEC, the file of entries that the tax office asks for (LPF A47 A-1, BOI-CF-IOR-60-40-20): written, checked.

Written in UTF-8 without a mark, which A47 A-1 allows beside ASCII and ISO 8859-15: names of customers hold signs that
those two have not. Tabs between fields, CRLF after each line.
"""

from billing.ledger.fec.checking import Report as Report
from billing.ledger.fec.checking import check_fec as check_fec
from billing.ledger.fec.fields import fec_name as fec_name
from billing.ledger.fec.writing import Fec as Fec
from billing.ledger.fec.writing import fec_of as fec_of
