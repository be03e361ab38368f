"""The syntaxes an invoice is written in: recognise one by its bytes, read it, write the invoice in another.

What a file is, is read from its bytes, never from its name. A Factur-X PDF is read as the CII inside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from config.kernel.errors import Invalid
from config.kernel.xml import parse_untrusted
from customers import territories
from einvoicing import document as model
from einvoicing.formats import cii, facturx, pdfa, ubl
from einvoicing.formats.cii import profiles

CII = "CII"
UBL = "UBL"


class UnknownSyntax(Invalid):
    """The bytes are XML, and no invoice we can read."""

    code = "unknown_syntax"
    message = "Le fichier n’est ni une facture CII ou UBL, ni un PDF Factur-X."


class CannotWrite(Invalid):
    """The invoice cannot be said in the syntax asked for."""

    code = "cannot_write"
    message = "Un montant de la facture a plus de deux décimales, ce que l’EN 16931 n’admet pas."


@dataclass(frozen=True, slots=True)
class Written:
    """An invoice with the XML it was read from."""

    syntax: str
    xml: bytes
    invoice: model.Invoice


def read(data: bytes) -> Written:
    """The invoice within the bytes of a CII, a UBL or a Factur-X PDF. Raises Invalid, with the sentence to show."""
    if data[:1024].lstrip().startswith(b"%PDF"):
        pdfa.refuse_bombs(data)
        xml = facturx.extract(data)
        return Written(CII, xml, cii.parse(xml))
    tag = parse_untrusted(data).tag
    if tag == cii.ROOT:
        return Written(CII, data, cii.parse(data))
    if tag in ubl.ROOTS:
        return Written(UBL, data, ubl.parse(data))
    raise UnknownSyntax


def to_cii(written: Written) -> bytes:
    """The invoice as CII: its own bytes when it is one already. Raises CannotWrite."""
    return written.xml if written.syntax == CII else _render_cii(written.invoice, written.invoice.profile)


def to_ubl(written: Written) -> bytes:
    """The invoice as UBL: its own bytes when it is one already. Raises CannotWrite.

    The profiles of Factur-X, old names included, mean nothing there: what they hold is written as EN 16931 is. UBL has
    no invoice without lines, which MINIMUM and BASIC WL are.
    """
    if written.syntax == UBL:
        return written.xml
    invoice = written.invoice
    if not invoice.lines:
        raise CannotWrite("Une facture sans lignes ne peut pas être écrite en UBL.")
    if profiles.current(invoice.profile) in {profiles.BASIC, profiles.EXTENDED, profiles.EN16931}:
        invoice = replace(invoice, profile=model.EN16931)
    if invoice.seller.address and territories.is_domestic(invoice.seller.address.country):
        invoice = _with_schemes(invoice)
    try:
        return ubl.render(invoice)
    except ValueError as error:
        raise CannotWrite from error


def _with_schemes(invoice: model.Invoice) -> model.Invoice:
    """Without the private identifiers of the parties that have no scheme: France's UBL takes none (BR-FR-CO-10).

    CII has a place of its own for them.
    """
    delivery, payee = invoice.delivery, invoice.payee
    return replace(
        invoice,
        seller=replace(invoice.seller, identifiers=_all_with_scheme(invoice.seller)),
        buyer=replace(invoice.buyer, identifiers=_all_with_scheme(invoice.buyer)),
        delivery=delivery and replace(delivery, location=_schemed(delivery.location)),
        payee=payee and replace(payee, identifier=_schemed(payee.identifier)),
    )


def _all_with_scheme(party: model.Party) -> tuple[model.Identifier, ...]:
    return tuple(identifier for identifier in party.identifiers if identifier.scheme)


def _schemed(identifier: model.Identifier | None) -> model.Identifier | None:
    return identifier if identifier and identifier.scheme else None


def to_facturx_xml(written: Written) -> bytes:
    """The CII a Factur-X PDF of the invoice carries, under EN 16931 when its profile is none of Factur-X."""
    if written.invoice.profile in profiles.PROFILES:
        return to_cii(written)
    return _render_cii(written.invoice, model.EN16931)


def _render_cii(invoice: model.Invoice, profile: str) -> bytes:
    try:
        return cii.render(invoice, profile=profile)
    except ValueError as error:
        raise CannotWrite from error
