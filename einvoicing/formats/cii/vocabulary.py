"""Namespaces and code values of the CII syntax that rendering and parsing share."""

from __future__ import annotations

from einvoicing.formats.xml import Namespaces

_STANDARD = "urn:un:unece:uncefact:data:standard:"
NS = Namespaces(
    {
        "rsm": f"{_STANDARD}CrossIndustryInvoice:100",
        "ram": f"{_STANDARD}ReusableAggregateBusinessInformationEntity:100",
        "qdt": f"{_STANDARD}QualifiedDataType:100",
        "udt": f"{_STANDARD}UnqualifiedDataType:100",
    }
)
GUIDELINE = f".//{NS.path('ram:GuidelineSpecifiedDocumentContextParameter/ram:ID')}"  # BT-24, MDT-3
ROOT = NS.tag("rsm:CrossIndustryInvoice")
SIREN = "0002"
SIRET = "0009"
# decimals of quantities, prices and rates: all there are; how many are too many is for the official rules to say
MOST = 12
# UNTDID 1001 codes that tell the AdditionalReferencedDocument apart
TENDER = "50"  # BT-17
INVOICED_OBJECT = "130"  # BT-18, BT-128
SUPPORTING = "916"  # BG-24
