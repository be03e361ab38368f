"""Peppol BIS Billing 3.0, as a profile of UBL: its identifiers, its addresses, and what it refuses beyond EN 16931.

The PEPPOL-EN16931- rules are published without a clear licence: their schematron is not part of the product. What
can be said simply is said here in our own words; NOT_CHECKED says the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from einvoicing import document as model

PROFILE = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"  # BT-24, CustomizationID
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"  # BT-23, ProfileID
NOT_CHECKED = (
    "Les règles propres à Peppol BIS Billing 3 (schematron) n’ont pas été appliquées : seules celles de l’EN 16931 "
    "et quelques contrôles simples l’ont été."
)
FRENCH_DIRECTORY = "0225"  # EAS, the address in the French directory, written in lower case on the network
BY_EMAIL = "EM"  # an address no Peppol access point can deliver to
PROCESSING = "BAR"  # BT-21 of the French processing rule, which means nothing abroad

# UNTDID 1001 in this process; self-billing (389, 261) is another one
INVOICES = frozenset(
    {
        "71",
        "80",
        "82",
        "84",
        "102",
        "218",
        "219",
        "326",
        "331",
        "380",
        "382",
        "383",
        "384",
        "386",
        "388",
        "393",
        "395",
        "553",
        "575",
        "623",
        "780",
        "817",
        "870",
        "875",
        "876",
        "877",
    }
)
CREDIT_NOTES = frozenset({"81", "83", "381", "396", "532"})
BETWEEN_GERMANS = frozenset({"326", "384"})
_TOLERANCE = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing an access point would refuse, with the rule it comes from and the term it is about."""

    rule: str
    text: str
    term: str


def to_bis(invoice: model.Invoice) -> model.Invoice:
    """The same invoice under the Peppol profile, to be rendered as UBL.

    The French notes (PMT, PMD, AAB…) become one, for a document may have one only (PEPPOL-EN16931-R002); their
    codes and the processing rule (BAR) stay behind. Nothing is invented: see `problems` for what is missing.
    """
    texts = [note.text for note in invoice.notes if note.subject_code != PROCESSING and note.text]
    return replace(
        invoice,
        profile=PROFILE,
        business_process=PROCESS,
        notes=(model.Note("", "\n".join(texts)),) if texts else (),
        seller=_addressed(invoice.seller),
        buyer=_addressed(invoice.buyer),
    )


def participant(party: model.Party) -> str:
    """The party as the network names it: `0225:732829320`. '' when it has no address there."""
    known = _addressed(party)
    if not known.electronic_address or known.electronic_scheme in {"", BY_EMAIL}:
        return ""
    return f"{known.electronic_scheme}:{known.electronic_address.lower()}"


def _addressed(party: model.Party) -> model.Party:
    """A French company without an address of its own is reached by its SIREN."""
    address, scheme = party.electronic_address, party.electronic_scheme
    if not address and party.siren:
        address, scheme = party.siren, FRENCH_DIRECTORY
    if scheme == FRENCH_DIRECTORY:
        address = address.lower()
    return replace(party, electronic_address=address, electronic_scheme=scheme)


def problems(invoice: model.Invoice) -> tuple[Problem, ...]:
    """What BIS Billing 3 refuses in an invoice already put under its profile, as far as we can tell simply."""
    return (*_heading(invoice), *_parties(invoice), *_money(invoice), *_lines(invoice))


def _heading(invoice: model.Invoice) -> Iterator[Problem]:
    if invoice.profile != PROFILE:
        yield _problem("R004", "Le profil n’est pas celui de Peppol BIS Billing 3.", "BT-24")
    if invoice.business_process != PROCESS:
        yield _problem("R007", "Le cadre de facturation n’est pas celui de Peppol BIS Billing 3.", "BT-23")
    if len(invoice.notes) > 1:
        yield _problem("R002", "Peppol n’admet qu’une seule note par document.", "BT-22")
    if not invoice.buyer_reference and not invoice.purchase_order:
        yield _problem("R003", "Indiquez la référence de l’acheteur ou le numéro de son bon de commande.", "BT-10")
    allowed = CREDIT_NOTES if invoice.is_credit_note else INVOICES
    if invoice.type_code not in allowed:
        rule = "P0101" if invoice.is_credit_note else "P0100"
        yield _problem(rule, "Peppol n’admet pas ce type de document.", "BT-3")
    elif invoice.type_code in BETWEEN_GERMANS and _countries(invoice) != {"DE"}:
        yield _problem("P0112", "Peppol n’admet ce type de facture qu’entre deux sociétés allemandes.", "BT-3")


def _countries(invoice: model.Invoice) -> set[str]:
    return {party.address.country if party.address else "" for party in (invoice.seller, invoice.buyer)}


def _parties(invoice: model.Invoice) -> Iterator[Problem]:
    for party, rule, term in ((invoice.seller, "R020", "BT-34"), (invoice.buyer, "R010", "BT-49")):
        if not party.electronic_address:
            yield _problem(rule, f"{party.name} n’a pas d’adresse électronique.", term)
        elif not party.electronic_scheme:
            yield _problem(
                "CL008", f"L’adresse électronique de {party.name} ne dit pas de quel annuaire elle est.", term
            )
        elif party.electronic_scheme == BY_EMAIL:
            yield _problem("CL008", f"{party.name} n’a qu’une adresse e-mail : Peppol ne peut rien y remettre.", term)


def _money(invoice: model.Invoice) -> Iterator[Problem]:
    if invoice.tax_currency and invoice.tax_currency == invoice.currency:
        yield _problem("R005", "La monnaie de la TVA ne se dit que si elle n’est pas celle de la facture.", "BT-6")
    every = (*invoice.allowances, *invoice.charges, *(item for line in invoice.lines for item in _adjustments(line)))
    for item in every:
        if (item.percent is None) != (item.base is None):
            rule = "R041" if item.base is None else "R042"
            yield _problem(rule, "Une remise ou des frais en pourcentage ont besoin du taux et de la base.", "BT-93")
        elif item.percent is not None and abs((item.base or 0) * item.percent / 100 - item.amount) > _TOLERANCE:
            text = "Une remise ou des frais ne correspondent pas à leur taux et à leur base."
            yield _problem("R040", text, "BT-92")
    payment = invoice.payment
    if payment and payment.means_code in {"49", "59"} and not payment.mandate:
        yield _problem("R061", "Un prélèvement a besoin de la référence du mandat.", "BT-89")


def _adjustments(line: model.Line) -> tuple[model.AllowanceCharge, ...]:
    return (*line.allowances, *line.charges)


def _lines(invoice: model.Invoice) -> Iterator[Problem]:
    for line in invoice.lines:
        base = line.price_base_quantity if line.price_base_quantity is not None else Decimal(1)
        if base <= 0:
            yield _problem("R121", f"Ligne {line.id} : la quantité de base du prix n’est pas positive.", "BT-149")
            continue
        added = sum((charge.amount for charge in line.charges), Decimal(0))
        taken = sum((allowance.amount for allowance in line.allowances), Decimal(0))
        if abs(line.quantity * line.unit_price / base + added - taken - line.net) > _TOLERANCE:
            yield _problem("R120", f"Ligne {line.id} : le montant n’est pas la quantité par le prix.", "BT-131")
        if line.price_base_unit and line.price_base_unit != line.unit:
            yield _problem("R130", f"Ligne {line.id} : le prix et la quantité n’ont pas la même unité.", "BT-150")
        if not _is_within(line.period, invoice.period):
            yield _problem("R110", f"Ligne {line.id} : sa période sort de celle de la facture.", "BT-134")


def _is_within(line: model.Period | None, whole: model.Period | None) -> bool:
    if line is None or whole is None:
        return True
    early = line.start is not None and whole.start is not None and line.start < whole.start
    late = line.end is not None and whole.end is not None and line.end > whole.end
    return not early and not late


def _problem(rule: str, text: str, term: str) -> Problem:
    return Problem(f"PEPPOL-EN16931-{rule}", text, term)
