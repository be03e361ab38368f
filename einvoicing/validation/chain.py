"""The validation chain of one document: XSD, profile schematron, BR-FR, PDF/A. Runs in the child process.

Order and artefacts as the FNFE prescribes. What a document is, is read from its bytes, never from its name.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from lxml import etree

from config.kernel.errors import Invalid
from einvoicing.formats import pdfa
from einvoicing.formats.facturx import NotFacturX
from einvoicing.validation import artefacts
from einvoicing.validation.reading import Subject, is_pdf, read
from einvoicing.validation.report import FATAL, UNREADABLE, WARNING, Report, Violation, build
from einvoicing.validation.schematron import MAX_VIOLATIONS, Schematrons


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
        profile = ""
        syntax = artefacts.FACTURX if is_pdf(data) else ""
        defects = pdfa.check(data) if is_pdf(data) else ()
        try:
            subject = read(data)
            syntax, profile = subject.syntax, subject.profile
            self._judge(subject, rules, violations, checks)
        except NotFacturX as error:
            unreadable = any(defect.rule in pdfa.UNREADABLE for defect in defects)
            violations.append(Violation(UNREADABLE if unreadable else "PDF-ATTACHMENT", FATAL, str(error)))
        except Invalid as error:
            violations.append(Violation(UNREADABLE, FATAL, str(error)))
        if is_pdf(data) and _is_asked_for(artefacts.PDF, rules):
            checks.append(artefacts.PDF)
            known = {violation.rule for violation in violations}
            violations.extend(
                Violation(defect.rule, FATAL if defect.fatal else WARNING, defect.text, "PDF", "", defect.text)
                for defect in defects
                if defect.rule not in known
            )
        if not checks and not violations:
            violations.append(Violation("RULES", FATAL, "Aucune des règles demandées ne s’applique à ce document."))
        return build(
            violations[:MAX_VIOLATIONS],
            syntax=syntax,
            profile=profile,
            checks=tuple(checks),
            milliseconds=round((time.monotonic() - started) * 1000),
        )

    def _judge(
        self, subject: Subject, rules: Collection[str] | None, violations: list[Violation], checks: list[str]
    ) -> None:
        facturx = subject.syntax == artefacts.FACTURX or (rules is not None and artefacts.FACTUR_X in rules)
        choice = artefacts.choose(subject.kind, subject.profile, facturx=facturx)
        if choice is None:
            violations.append(_unknown(subject))
            return
        artefact = choice.artefact
        if _is_asked_for(artefacts.SCHEMA, rules):
            checks.append(artefacts.SCHEMA)
            broken = self._schema_violations(subject.root, artefact.schema)
            violations.extend(broken)
            if broken:
                return  # a schematron says nothing sensible about a document with the wrong shape
        subject.name_profile(choice.profile)
        node = self._schematrons.node(etree.tostring(subject.root, encoding="unicode"))
        if _is_asked_for(artefact.rule_set, rules) or _is_asked_for(artefacts.PROFILE, rules):
            checks.append(artefact.rule_set)
            violations.extend(self._schematrons.run(artefact.profile, node))
        if artefact.french and (subject.is_french if rules is None else artefacts.FRENCH in rules):
            checks.append(artefacts.FRENCH)
            violations.extend(self._schematrons.run(artefact.french, node))
        if choice.foreign:
            violations.append(_not_run(subject.profile))

    def _schema_violations(self, root: etree._Element, name: str) -> list[Violation]:
        schema = self._schemas.get(name)
        if schema is None:
            schema = etree.XMLSchema(etree.parse(str(artefacts.locate(name))))
            self._schemas[name] = schema
        if schema.validate(root):
            return []
        return [
            Violation("XSD", FATAL, entry.message[:500], f"ligne {entry.line}", "", entry.message[:500])
            for entry in list(schema.error_log)[:20]  # type: ignore[call-overload]  # lxml’s log is a list to iterate
        ]


def _is_asked_for(name: str, rules: Collection[str] | None) -> bool:
    return rules is None or name in rules


def _not_run(profile: str) -> Violation:
    name = profile.rpartition("#")[2][:120]
    text = f"Les règles propres à « {name} » n’ont pas été contrôlées : seules celles de l’EN 16931 l’ont été."
    return Violation("PEPPOL" if "peppol" in profile else "CIUS", WARNING, text, "", "BT-24")


def _unknown(subject: Subject) -> Violation:
    if subject.kind not in artefacts.SYNTAXES:
        text = "Le document n’est ni une facture CII ou UBL, ni un message CDAR, ni un flux d’e-reporting."
        return Violation("SYNTAX", FATAL, text)
    text = f"Le profil « {subject.profile[:120]} » n’est pas pris en charge."
    return Violation("PROFILE", FATAL, text, "", "MDT-3" if subject.syntax == "CDAR" else "BT-24")
