"""The semantic model of an electronic invoice: EN 16931-1, its terms named by their BT- and BG- numbers.

Plain, frozen values that every syntax (CII, UBL, Factur-X) is rendered from and parsed into. No rendering
and no computation here: totals come from `billing.totals`, and this model only carries them. An absent text
is '', an absent number, date or group is None. Amounts are Decimal; a float is refused.
"""

from einvoicing.document.amounts import Account, AllowanceCharge, Payment, Totals, VatSubtotal
from einvoicing.document.invoice import CORRECTIONS, CREDIT_NOTES, EN16931, Invoice
from einvoicing.document.lines import Attribute, Classification, Line, Period
from einvoicing.document.notes import Attachment, Note, Reference
from einvoicing.document.parties import Address, Contact, Delivery, Party, Payee, TaxRepresentative
from einvoicing.document.value import Identifier

__all__ = [
    "CORRECTIONS",
    "CREDIT_NOTES",
    "EN16931",
    "Account",
    "Address",
    "AllowanceCharge",
    "Attachment",
    "Attribute",
    "Classification",
    "Contact",
    "Delivery",
    "Identifier",
    "Invoice",
    "Line",
    "Note",
    "Party",
    "Payee",
    "Payment",
    "Period",
    "Reference",
    "TaxRepresentative",
    "Totals",
    "VatSubtotal",
]
