"""The validation chain of one document: XSD, profile schematron, BR-FR, PDF/A. Runs in the child process.

Order and artefacts as the FNFE prescribes. What a document is, is read from its bytes, never from its name.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from lxml import etree

from config.kernel.errors import Invalid
from einvoicing.formats import facturx, pdfa
from einvoicing.formats.xml import parse_untrusted
from einvoicing.validation import artefacts
from einvoicing.validation.report import FATAL, Report, Violation, build
from einvoicing.validation.schematron import MAX_VIOLATIONS, Schematrons

_RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
_CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
_CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
_GUIDELINE = f".//{_RAM}GuidelineSpecifiedDocumentContextParameter/{_RAM}ID"
_COUNTRIES = (
    f".//{_RAM}SellerTradeParty/{_RAM}PostalTradeAddress/{_RAM}CountryID",
    f"{_CAC}AccountingSupplierParty/{_CAC}Party/{_CAC}PostalAddress/{_CAC}Country/{_CBC}IdentificationCode",
)


class Chain:
    """Compiled schemas and schematrons, kept for the life of the process."""

    def __init__(self) -> None:
        self._schematrons = Schematrons()
        self._schemas: dict[str, etree.XMLSchema] = {}

    def check(self, data: bytes, rules: Collection[str] | None = None) -> Report:
        """Judge a document by the rule sets named, by all that apply to it when None."""
        started = time.monotonic()
        violations: list[Violation] = []
        checks: list[str] = []
        syntax = profile = ""
        try:
            document = data
            if data[:1024].lstrip().startswith(b"%PDF"):
                syntax = "FACTURX"
                document = facturx.extract(data)
            root = parse_untrusted(document)
            kind = etree.QName(root).localname
            syntax = syntax or artefacts.SYNTAXES.get(kind, "")
            profile = _profile(root)
            artefact = artefacts.ARTEFACTS.get((kind, profile))
            if artefact is None:
                violations.append(_unknown(kind, profile))
            else:
                self._judge(root, artefact, rules, violations, checks)
            if syntax == "FACTURX" and (rules is None or artefacts.PDF in rules):
                checks.append(artefacts.PDF)
                violations.extend(
                    Violation(item.rule, FATAL, item.text, "PDF", "", item.text) for item in pdfa.check(data)
                )
        except Invalid as error:
            violations.append(Violation("FORMAT", FATAL, str(error)))
        milliseconds = round((time.monotonic() - started) * 1000)
        return build(
            violations[:MAX_VIOLATIONS],
            syntax=syntax,
            profile=profile,
            checks=tuple(checks),
            milliseconds=milliseconds,
        )

    def _judge(
        self,
        root: etree._Element,
        artefact: artefacts.Artefact,
        rules: Collection[str] | None,
        violations: list[Violation],
        checks: list[str],
    ) -> None:
        if rules is None or artefacts.SCHEMA in rules:
            checks.append(artefacts.SCHEMA)
            broken = self._schema_violations(root, artefact.schema)
            violations.extend(broken)
            if broken:
                return  # a schematron says nothing sensible about a document with the wrong shape
        text = etree.tostring(root, encoding="unicode")
        if rules is None or artefacts.PROFILE in rules:
            checks.append(artefacts.PROFILE)
            violations.extend(self._schematrons.run(artefact.profile, text))
        wanted = _is_french(root) if rules is None else artefacts.FRENCH in rules
        if artefact.french and wanted:
            checks.append(artefacts.FRENCH)
            violations.extend(self._schematrons.run(artefact.french, text))

    def _schema_violations(self, root: etree._Element, name: str) -> list[Violation]:
        schema = self._schemas.get(name)
        if schema is None:
            schema = etree.XMLSchema(etree.parse(str(artefacts.locate(name))))
            self._schemas[name] = schema
        if schema.validate(root):
            return []
        return [
            Violation("XSD", FATAL, entry.message[:500], f"ligne {entry.line}", "", entry.message[:500])
            for entry in list(schema.error_log)[:20]  # type: ignore[call-overload]
        ]


def _unknown(kind: str, profile: str) -> Violation:
    if kind not in artefacts.SYNTAXES:
        return Violation("SYNTAX", FATAL, "Le document n’est ni une facture CII ou UBL, ni un message CDAR.")
    return Violation("PROFILE", FATAL, f"Le profil « {profile[:120]} » n’est pas pris en charge.", "", "BT-24")


def _profile(root: etree._Element) -> str:
    return (root.findtext(_GUIDELINE) or root.findtext(f"{_CBC}CustomizationID") or "").strip()


def _is_french(root: etree._Element) -> bool:
    return any((root.findtext(path) or "").strip() == "FR" for path in _COUNTRIES)
