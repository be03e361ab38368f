"""The journal: each fact writes its balanced entry in its own transaction (BOI-CF-IOR-60-40-20, PCG accounts)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet

from billing.models import Invoice, Journal, JournalEntry, JournalLine, VatSubtotal
from billing.numbering import next_numbers
from billing.purchases import accounts as buying
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.models import CompanyRow
from config.kernel.money import ZERO
from config.kernel.rows import insert_each, know

CUSTOMERS = "411000"
SERVICES = "706000"
GOODS = "707000"
BANK = "512000"
CHECKS = "511200"  # received, not credited by the bank yet
CARDS = "511500"
CASH = "530000"
DEPOSITS = "419100"
DEDUCTIBLE_VAT = buying.DEDUCTIBLE_VAT
SUSPENSE = "471000"
TRANSFERS = "580000"
BANK_FEES = "627000"
BAD_DEBTS = "654000"
TRADE_EXCHANGE_LOSS = "656000"  # commercial: 666 is for financial items (ANC 2015-05)
OTHER_CHARGES = "658000"
DISCOUNTS_GRANTED = "665000"
TRADE_EXCHANGE_GAIN = "756000"
OTHER_INCOME = "758000"

# what the product itself books on, by the PCG (ANC 2014-03) in French, as the books are kept
ACCOUNT_NAMES: dict[str, str] = {
    **buying.NAMES,
    CUSTOMERS: "Clients",
    DEPOSITS: "Clients – acomptes reçus sur commandes",
    "421000": "Personnel – rémunérations dues",
    "431000": "Sécurité sociale",
    "444000": "État – impôts sur les bénéfices",
    "445510": "TVA à décaisser",
    DEDUCTIBLE_VAT: "TVA déductible sur autres biens et services",
    "447000": "Autres impôts, taxes et versements assimilés",
    "455000": "Associés – comptes courants",
    SUSPENSE: "Compte d’attente",
    "511200": "Chèques à encaisser",
    "511500": "Cartes bancaires à encaisser",
    BANK: "Banque",
    CASH: "Caisse",
    TRANSFERS: "Virements internes",
    "613000": "Locations",
    "616000": "Primes d’assurances",
    "626000": "Frais postaux et de télécommunications",
    BANK_FEES: "Services bancaires et assimilés",
    BAD_DEBTS: "Pertes sur créances irrécouvrables",
    TRADE_EXCHANGE_LOSS: "Pertes de change sur créances commerciales",
    OTHER_CHARGES: "Charges diverses de gestion courante",
    "661000": "Charges d’intérêts",
    DISCOUNTS_GRANTED: "Escomptes accordés",
    SERVICES: "Prestations de services",
    GOODS: "Ventes de marchandises",
    TRADE_EXCHANGE_GAIN: "Gains de change sur créances commerciales",
    OTHER_INCOME: "Produits divers de gestion courante",
    "764000": "Revenus des valeurs mobilières de placement",
}


def account_name(account: str) -> str:
    """The name of an account, or that of the nearest one that has it: 512100 is a bank as 512000 is; '' for others."""
    for digits in range(len(account), 2, -1):
        name = ACCOUNT_NAMES.get(account[:digits].ljust(6, "0"))
        if name:
            return name
    return ""


# One sub-account of 44571 per rate, so that the VAT return reads straight from the journal.
VAT_ACCOUNTS: dict[Decimal, str] = {
    Decimal("20"): "445711",
    Decimal("10"): "445712",
    Decimal("5.5"): "445713",
    Decimal("2.1"): "445714",
    Decimal("8.5"): "445715",
}
OTHER_VAT = "445718"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line to write: positive to debit, negative to credit. Zero is left out."""

    account: str
    amount: Decimal
    customer_id: int | None = None

    def reversed(self) -> Posting:
        return replace(self, amount=-self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A balanced entry to write about `source`, with the piece that proves it."""

    label: str
    piece: str
    piece_date: date
    source: CompanyRow
    postings: Sequence[Posting]

    def row(self, *, journal: Journal, number: str, day: date, at: datetime) -> JournalEntry:
        """The entry with its lines, not saved yet. Raises ValueError, a defect, where debit and credit differ."""
        if sum((posting.amount for posting in self.postings), ZERO) != 0:
            raise ValueError(f"the entry for {self.piece} does not balance: {self.postings}")
        company_id, label = self.source.company_id, self.label[:200]
        row = JournalEntry(
            company_id=company_id,
            journal=journal,
            number=number,
            day=day,
            label=label,
            piece=self.piece,
            piece_date=self.piece_date,
            source=self.source.subject,
            created_at=at,
        )
        moved = [posting for posting in self.postings if posting.amount]
        lines = [
            JournalLine(
                company_id=company_id,
                entry=row,
                position=position,
                account=posting.account,
                customer_id=posting.customer_id,
                label=label,
                debit=max(posting.amount, ZERO),
                credit=max(-posting.amount, ZERO),
            )
            for position, posting in enumerate(moved, start=1)
        ]
        know(row, "lines", lines)
        return row


def post(entries: Sequence[Entry], *, journal: Journal, day: date, actor: Actor, at: datetime) -> list[JournalEntry]:
    """Write entries of one company, in this order. An unbalanced one fails here and in PostgreSQL."""
    if not entries:
        return []
    company_id = entries[0].source.company_id
    # EcritureNum of the FEC is continuous like a legal number (LPF A47 A-1): the same locked counters give it
    numbers = next_numbers(len(entries), company_id=company_id, series=journal, on=day)
    rows = [
        entry.row(journal=journal, number=number, day=day, at=at)
        for entry, number in zip(entries, numbers, strict=True)
    ]
    insert_each(rows)
    insert_each([line for row in rows for line in row.lines.all()])
    happenings = [
        audit.Happening(subject=row, also=[entry.source], data={"number": row.number})
        for row, entry in zip(rows, entries, strict=True)
    ]
    audit.record_all("billing.journal.written", happenings, actor=actor, at=at, seal=True)
    return rows


def sale_postings(invoice: Invoice) -> list[Posting]:
    """D 411 / C 706 and 707 net / C 44571x VAT; the other way round for a credit note.

    A deposit credits 4191 for its net in place of a sale, and so does its credit note the other way round. The invoice
    that deducts deposits takes them back from 4191, and their VAT, due already, from its own; 411 bears the rest.
    """
    sign = Decimal(-1) if invoice.is_credit_note else Decimal(1)
    postings = [Posting(CUSTOMERS, sign * invoice.payable, invoice.customer_id)]
    if _is_of_deposit(invoice):
        postings.append(Posting(DEPOSITS, -sign * invoice.total_net, invoice.customer_id))
    else:
        postings.extend(_sales(invoice, -sign))
    deposited = invoice.amount_deposited - invoice.deposited_vat
    postings.append(Posting(DEPOSITS, sign * deposited, invoice.customer_id))
    vat: dict[str, Decimal] = {}
    for row in invoice.vat_subtotals.all():
        vat[vat_account(row.rate)] = vat.get(vat_account(row.rate), ZERO) + row.amount
    for row in _deducted_vat(invoice) if invoice.amount_deposited else ():
        vat[vat_account(row.rate)] = vat.get(vat_account(row.rate), ZERO) - row.amount
    postings.extend(Posting(account, -sign * amount) for account, amount in vat.items())
    return postings


def _deducted_vat(invoice: Invoice) -> QuerySet[VatSubtotal]:
    rows: QuerySet[VatSubtotal] = VatSubtotal.everywhere.filter(invoice__deducted_by__invoice=invoice)
    return rows.order_by("-rate", "id")


def _is_of_deposit(invoice: Invoice) -> bool:
    """A deposit, or the credit note of one."""
    return invoice.is_deposit or (
        invoice.is_credit_note and invoice.corrects is not None and invoice.corrects.is_deposit
    )


def _sales(invoice: Invoice, sign: Decimal) -> list[Posting]:
    services = sum((line.net_amount for line in invoice.lines.all() if line.is_service), ZERO)
    return [Posting(SERVICES, sign * services), Posting(GOODS, sign * (invoice.total_net - services))]


def vat_account(rate: Decimal) -> str:
    """The sub-account of 44571 of a rate."""
    return VAT_ACCOUNTS.get(rate.normalize(), OTHER_VAT)
