"""VAT in the books: what waits for its payment, what is due, what is deducted, and its returns."""

from billing.ledger.vat.filing import VatToCome as VatToCome
from billing.ledger.vat.filing import vat_to_come as vat_to_come
