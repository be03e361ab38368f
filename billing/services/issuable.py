"""What issuing refuses and no official rule sees: the pre-flight asks the same, so that neither says otherwise."""

from __future__ import annotations

from datetime import date

from billing.models import Invoice, InvoiceKind, VatCategory
from billing.services.deducting import check_deductions
from billing.services.deposits import DepositTooSmall, check_deposit_room
from billing.services.invoices import TotalNegative, check_customer
from billing.services.settling import check_correctable, check_creditable
from billing.totals import Totals
from billing.vat_rates import check_swiss_rates
from config.kernel.errors import Invalid
from config.kernel.models import Company
from config.kernel.money import round_in
from customers.models import Customer


class AmountNotPositive(Invalid):
    code = "amount_not_positive"
    message = TotalNegative.message


class NotInUnits(Invalid):
    code = "not_in_units"
    message = "En %(currency)s il n’y a pas de centimes : arrondissez les prix pour que chaque montant soit entier."


class DueBeforeIssue(Invalid):
    code = "due_before_issue"
    message = "L’échéance précède la date d’émission (BR-FR-CO-07)."


class BuyerIsSeller(Invalid):
    code = "buyer_is_seller"
    message = "Le client a le SIREN de la société elle-même : on ne se facture pas soi-même. Corrigez sa fiche."


class PublicBodyNeeds(Invalid):
    code = "public_body_needs"
    message = "Cette entité publique exige des références qui manquent."


def check_issuable(draft: Invoice, computed: Totals) -> None:
    """What issuing refuses and no official rule sees; the pre-flight asks the same.

    Zero is allowed (EN 16931), but for a deposit, which asks for money. Raises CustomerArchived, AmountNotPositive,
    DepositTooSmall, DepositDeducted, NotCorrectable, NoDepositHere, DepositTooLarge, DepositNotDeductible,
    DepositsBeyondTotal, NotInUnits.
    """
    check_customer(draft)
    _check_units(draft, computed)
    if draft.is_credit_note and draft.corrects is not None:
        check_creditable(draft.corrects)
    if computed.gross < 0:
        raise AmountNotPositive
    if draft.is_deposit and not computed.gross:
        raise DepositTooSmall
    if draft.kind == InvoiceKind.CORRECTED and draft.corrects is not None:
        check_correctable(draft.corrects)
    if draft.is_deposit:
        check_deposit_room(draft, gross=computed.gross)
    check_deductions(draft, total=computed.gross)


def check_rates(draft: Invoice, computed: Totals, on: date) -> None:
    """Whether its rates of VAT are in force where the seller is, on the day of the sale. Raises NoSuchRate.

    What corrects an invoice bears its rates.
    """
    if not draft.corrects_id:
        rates = {row.rate for row in computed.subtotals if row.category == VatCategory.STANDARD}
        check_swiss_rates(draft.company, rates, draft.supply_date or on)


def _check_units(draft: Invoice, computed: Totals) -> None:
    """Raises NotInUnits."""
    amounts = [
        computed.net,
        computed.vat,
        computed.gross,
        *computed.line_nets,
        *(row.amount for row in computed.subtotals),
    ]
    if any(round_in(amount, draft.currency) != amount for amount in amounts):
        raise NotInUnits(currency=draft.currency)


def is_seller(customer: Customer, company: Company) -> bool:
    """Whether the customer is the company itself, by its SIREN or its VAT number."""
    same_number = bool(customer.vat_number) and customer.vat_number == company.vat_number
    return customer.siren == company.siren if customer.siren else same_number


def due_date_of(draft: Invoice, customer: Customer, on: date) -> date:
    """The day typed, else that of the customer's terms. Raises DueBeforeIssue."""
    if draft.is_credit_note:
        return on
    due_date = draft.due_date or customer.terms.due_date(on)
    if due_date < on:
        raise DueBeforeIssue(fields={"due_date": DueBeforeIssue.message})
    return due_date


def check_public_references(draft: Invoice, customer: Customer) -> None:
    """Raises PublicBodyNeeds, with a sentence per field."""
    problems = {}
    if customer.requires_service_code and not (draft.service_code or customer.service_code):
        problems["service_code"] = "Cette entité publique exige un code service (BT-10)."
    if customer.requires_commitment and not draft.purchase_order:
        problems["purchase_order"] = "Cette entité publique exige un numéro d’engagement (BT-13)."
    if problems:
        raise PublicBodyNeeds(fields=problems)
