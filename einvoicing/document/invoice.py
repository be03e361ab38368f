"""The whole document: BG-0."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from einvoicing.document.amounts import AllowanceCharge, Payment, Totals, VatSubtotal
from einvoicing.document.lines import Line, Period
from einvoicing.document.notes import Attachment, Note, Reference
from einvoicing.document.parties import Delivery, Party, Payee, TaxRepresentative
from einvoicing.document.value import Identifier, Value

EN16931 = "urn:cen.eu:en16931:2017"  # BT-24 of the profile every French document uses by default
# BT-3 whose amounts give money back: the UNTDID 1001 codes that EN 16931 has UBL write in a CreditNote
CREDIT_NOTES = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"})
CORRECTIONS = frozenset({"384", "471", "472", "473"})  # BT-3 that replace exactly one earlier invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(Value):
    """BG-0, an invoice or a credit note. The amounts of a credit note are positive."""

    number: str  # BT-1
    issue_date: date  # BT-2
    type_code: str  # BT-3, UNTDID 1001
    currency: str = "EUR"  # BT-5
    tax_currency: str = ""  # BT-6
    vat_point_date: date | None = None  # BT-7
    vat_point_code: str = ""  # BT-8, UNTDID 2475 as CII writes it: 5 invoice date, 29 delivery, 72 payment
    due_date: date | None = None  # BT-9
    buyer_reference: str = ""  # BT-10, the service code of a public body
    project: str = ""  # BT-11
    contract: str = ""  # BT-12
    purchase_order: str = ""  # BT-13, the engagement number of a public body
    sales_order: str = ""  # BT-14
    receiving_advice: str = ""  # BT-15
    despatch_advice: str = ""  # BT-16
    tender: str = ""  # BT-17
    invoiced_object: Identifier | None = None  # BT-18
    accounting_reference: str = ""  # BT-19
    notes: tuple[Note, ...] = ()  # BG-1
    business_process: str = ""  # BT-23, the French "cadre": B1, S1, M1…
    profile: str = EN16931  # BT-24
    preceding: tuple[Reference, ...] = ()  # BG-3
    seller: Party  # BG-4
    buyer: Party  # BG-7
    payee: Payee | None = None  # BG-10
    tax_representative: TaxRepresentative | None = None  # BG-11
    delivery: Delivery | None = None  # BG-13
    period: Period | None = None  # BG-14
    payment: Payment | None = None  # BG-16
    allowances: tuple[AllowanceCharge, ...] = ()  # BG-20
    charges: tuple[AllowanceCharge, ...] = ()  # BG-21
    totals: Totals  # BG-22
    vat: tuple[VatSubtotal, ...]  # BG-23
    attachments: tuple[Attachment, ...] = ()  # BG-24
    lines: tuple[Line, ...]  # BG-25, none in the profiles MINIMUM and BASIC WL of Factur-X

    @property
    def is_credit_note(self) -> bool:
        """Whether BT-3 gives money back to the buyer."""
        return self.type_code in CREDIT_NOTES
