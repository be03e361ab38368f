"""The nouns of billing."""

from billing.models.emails import Email as Email
from billing.models.emails import EmailKind as EmailKind
from billing.models.emails import EmailStatus as EmailStatus
from billing.models.invoice_parts import DepositDeduction as DepositDeduction
from billing.models.invoice_parts import DocumentKind as DocumentKind
from billing.models.invoice_parts import InvoiceDocument as InvoiceDocument
from billing.models.invoice_parts import InvoiceLine as InvoiceLine
from billing.models.invoice_parts import VatSubtotal as VatSubtotal
from billing.models.invoice_rows import BALANCE as BALANCE
from billing.models.invoice_rows import InvoiceKind as InvoiceKind
from billing.models.invoice_rows import InvoiceQuerySet as InvoiceQuerySet
from billing.models.invoice_rows import InvoiceStatus as InvoiceStatus
from billing.models.invoices import Invoice as Invoice
from billing.models.ledger import Journal as Journal
from billing.models.ledger import JournalEntry as JournalEntry
from billing.models.ledger import JournalLine as JournalLine
from billing.models.numbering import NumberSequence as NumberSequence
from billing.models.orders import OrderLine as OrderLine
from billing.models.orders import OrderStatus as OrderStatus
from billing.models.orders import SalesOrder as SalesOrder
from billing.models.products import VAT_RATES as VAT_RATES
from billing.models.products import MovementReason as MovementReason
from billing.models.products import Product as Product
from billing.models.products import StockMovement as StockMovement
from billing.models.products import Unit as Unit
from billing.models.products import VatCategory as VatCategory
