"""Namespaces and code values of UBL that rendering and parsing share."""

from __future__ import annotations

from einvoicing.formats.xml import Namespaces

_OASIS = "urn:oasis:names:specification:ubl:schema:xsd:"
NS = Namespaces({"cac": f"{_OASIS}CommonAggregateComponents-2", "cbc": f"{_OASIS}CommonBasicComponents-2"})
# one namespace per kind of document; it is the default one of what we write, as everybody's is
DOCUMENTS = {kind: f"{_OASIS}{kind}-2" for kind in ("Invoice", "CreditNote")}
ROOTS = {f"{{{namespace}}}{kind}": kind for kind, namespace in DOCUMENTS.items()}

SIREN = "0002"
SIRET = "0009"
# decimals of quantities, prices and rates: all there are; how many are too many is for the official rules to say
MOST = 12
CREDITOR = "SEPA"  # scheme of BT-90 among the seller's or the payee's identifiers
VAT = "VAT"
OTHER_TAX = "LOC"  # scheme of BT-32
INVOICED_OBJECT = "130"  # BT-18, BT-128
PROJECT = "50"  # BT-11 of a credit note, which has no ProjectReference
NO_ORDER = "NA"  # BT-13 where there is only BT-14
NO_MEANS = "1"  # UNTDID 4461 "not defined": where a credit note has a due date and no means of payment
# BT-8: the model writes it as CII does (UNTDID 2475), UBL has codes of its own (UNTDID 2005)
VAT_POINTS = {"5": "3", "29": "35", "72": "432"}
