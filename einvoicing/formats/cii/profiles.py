"""The profiles of Factur-X: what each leaves out of an invoice, so that the rest can be rendered and is valid.

A profile is named by its BT-24. France takes BASIC WL, EN 16931 and EXTENDED; MINIMUM and BASIC are for abroad.
EXTENDED adds terms to EN 16931 which the model does not hold: under that name the terms of EN 16931 are written.
"""

from __future__ import annotations

from dataclasses import replace

from einvoicing import document as model
from einvoicing.document import EN16931

MINIMUM = "urn:factur-x.eu:1p0:minimum"
BASIC_WL = "urn:factur-x.eu:1p0:basicwl"
BASIC = f"{EN16931}#compliant#urn:factur-x.eu:1p0:basic"
EXTENDED = f"{EN16931}#conformant#urn:factur-x.eu:1p0:extended"
EXTENDED_FR = f"{EN16931}#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr"
PROFILES = (MINIMUM, BASIC_WL, BASIC, EN16931, EXTENDED, EXTENDED_FR)
# the names that they had before, still met in the present syntax
_ALIASES = {
    "urn:ferd:CrossIndustryDocument:invoice:1p0:basic": BASIC,
    "urn:ferd:CrossIndustryDocument:invoice:1p0:comfort": EN16931,
    "urn:ferd:CrossIndustryDocument:invoice:1p0:extended": EXTENDED,
    "urn:zugferd.de:2p0:minimum": MINIMUM,
    "urn:zugferd.de:2p0:basicwl": BASIC_WL,
    f"{EN16931}#compliant#urn:zugferd.de:2p0:basic": BASIC,
    f"{EN16931}:compliant:factur-x.eu:1p0:basic": BASIC,
    f"{EN16931}#compliant#urn:factur-x.eu:1p0:en16931": EN16931,
    f"{EN16931}#conformant#urn:zugferd.de:2p0:extended": EXTENDED,
    f"{EN16931}:conformant:factur-x.eu:1p0:extended": EXTENDED,
}
WITHOUT_LINES = frozenset({MINIMUM, BASIC_WL})


def current(profile: str) -> str:
    """The present name of a profile that a BT-24 gives under an older one; any other BT-24 as it is."""
    return _ALIASES.get(profile, profile)


def reduce_to(document: model.Invoice, profile: str) -> model.Invoice:
    """The same invoice under a profile, without the terms it does not know; any other BT-24 leaves out nothing.

    Raises ValueError when BASIC or BASIC WL would lose a rounding of the amount due (BT-114), without which the
    total cannot be right (BR-CO-16).
    """
    if profile == MINIMUM:
        return _minimum(document)
    if profile not in {BASIC, BASIC_WL}:
        return replace(document, profile=profile)
    if document.totals.rounding:
        raise ValueError("the profiles BASIC and BASIC WL cannot carry a rounding of the amount due (BT-114)")
    return replace(
        document,
        profile=profile,
        project="",
        sales_order="",
        receiving_advice="",
        tender="",
        invoiced_object=None,
        vat_point_date=None,
        attachments=(),
        seller=replace(document.seller, legal_information="", contact=None),
        buyer=replace(document.buyer, trade_name="", legal_information="", contact=None),
        payment=_payment(document.payment),
        lines=() if profile == BASIC_WL else tuple(_line(line) for line in document.lines),
    )


def _payment(payment: model.Payment | None) -> model.Payment | None:
    if payment is None:
        return None
    accounts = tuple(replace(account, account_name="", bic="") for account in payment.other_accounts)
    return replace(
        payment, means_text="", account_name="", bic="", card_number="", card_holder="", other_accounts=accounts
    )


def _line(line: model.Line) -> model.Line:
    return replace(
        line,
        allowances=_amounts(line.allowances),
        charges=_amounts(line.charges),
        object_identifier=None,
        purchase_order_line="",
        accounting_reference="",
        description="",
        seller_identifier="",
        buyer_identifier="",
        classifications=(),
        origin_country="",
        attributes=(),
    )


def _amounts(items: tuple[model.AllowanceCharge, ...]) -> tuple[model.AllowanceCharge, ...]:
    return tuple(replace(item, base=None, percent=None) for item in items)


def _minimum(document: model.Invoice) -> model.Invoice:
    totals = document.totals
    return model.Invoice(
        number=document.number,
        issue_date=document.issue_date,
        type_code=document.type_code,
        currency=document.currency,
        buyer_reference=document.buyer_reference,
        purchase_order=document.purchase_order,
        business_process=document.business_process,
        profile=MINIMUM,
        seller=replace(
            _identity(document.seller),
            vat_number=document.seller.vat_number,
            tax_number=document.seller.tax_number,
            address=model.Address(country=document.seller.address.country) if document.seller.address else None,
        ),
        buyer=_identity(document.buyer),
        # BT-106 is not written: it is read as BT-109
        totals=model.Totals(
            lines=totals.net, net=totals.net, vat=totals.vat, gross=totals.gross, payable=totals.payable
        ),
        vat=(),
        lines=(),
    )


def _identity(party: model.Party) -> model.Party:
    return model.Party(name=party.name, siren=party.siren, legal_identifier=party.legal_identifier)
