"""Why a sale bears no VAT: the official list of motives (VATEX, BT-121), each with the sentence it prints (BT-120).

Sources: code list « CEF VATEX » as CEN's schematron 1.3.16 holds it (BR-CL-22); sentences: CGI, and for the special
schemes ann. II art. 242 nonies A, I-11° to 14°. The CGI's VAT articles move to the CIBS on 1 January 2027 (ordonnance
2025-1247, postponed by 2026-671), which tolerates references to the CGI until 30 June 2028: `until` says so. A motive
whose `until` has passed keeps its sentence, for an invoice without one is invalid (BR-E-10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

CGI_TOLERATED_UNTIL = date(2028, 6, 30)
FRANCHISE_CODE = "VATEX-FR-FRANCHISE"


@dataclass(frozen=True, slots=True)
class Motive:
    """`category`: BT-151; `sentence`: BT-120; `source`: the text of law; `until`: the last day it may be cited."""

    code: str
    category: str
    sentence: str
    source: str
    until: date | None = None


def _cgi(code: str, article: str, subject: str = "") -> Motive:
    sentence = f"Exonération de TVA, art. {article} du CGI" + (f" ({subject})" if subject else "")
    return Motive(f"VATEX-FR-{code}", "E", sentence, f"CGI, art. {article}", CGI_TOLERATED_UNTIL)


def _scheme(letter: str, subject: str) -> Motive:
    return Motive(f"VATEX-EU-{letter}", "E", f"Régime particulier – {subject}", "CGI, ann. II, art. 242 nonies A, I")


def _directive(suffix: str) -> Motive:
    """VATEX-EU-132-1A is article 132, paragraph 1, point a, of the directive."""
    article, paragraph, points = re.fullmatch(r"(\d+)(?:-(\d*)-?([A-Z]*))?", suffix).groups()  # type: ignore[union-attr]  # our own list
    parts = [f"art. {article}", f"§ {paragraph}" if paragraph else "", f"point {points.lower()}" if points else ""]
    cited = ", ".join(part for part in parts if part)
    return Motive(
        f"VATEX-EU-{suffix}", "E", f"Exonération de TVA, directive 2006/112/CE, {cited}", "directive 2006/112/CE"
    )


_DIRECTIVE = """
    79-C 132 132-1A 132-1B 132-1C 132-1D 132-1E 132-1F 132-1G 132-1H 132-1I 132-1J 132-1K 132-1L 132-1M 132-1N 132-1O
    132-1P 132-1Q 135-1 143 143-1A 143-1B 143-1C 143-1D 143-1E 143-1F 143-1FA 143-1G 143-1H 143-1I 143-1J 143-1K 143-1L
    144 146-1E 148 148-A 148-B 148-C 148-D 148-E 148-F 148-G 151 151-1A 151-1AA 151-1B 151-1C 151-1D 151-1E 153 159 309
"""
# those that a French seller meets, offered wherever a rate is chosen
USUAL = (
    _cgi("CGI261-4", "261, 4", "santé, enseignement, professions libérales"),
    _cgi("CGI261-5", "261, 5", "opérations immobilières"),
    _cgi("CGI261-7", "261, 7", "organismes d’utilité générale"),
    _cgi("CGI261C-1", "261 C, 1°", "opérations bancaires et financières"),
    _cgi("CGI261C-2", "261 C, 2°", "assurances"),
    _cgi("CGI261D-2", "261 D, 2°", "locations immobilières"),
    _cgi("CGI261D-4", "261 D, 4°", "locations meublées"),
    _cgi("CGI275", "275", "achats en franchise"),
    _scheme("D", "Agences de voyages"),
    _scheme("F", "Biens d’occasion"),
    _scheme("I", "Objets d’art"),
    _scheme("J", "Objets de collection et d’antiquité"),
)
_OTHERS = (
    _cgi("CGI261-1", "261, 1"),
    _cgi("CGI261-2", "261, 2"),
    _cgi("CGI261-3", "261, 3"),
    _cgi("CGI261-8", "261, 8"),
    _cgi("CGI261A", "261 A"),
    _cgi("CGI261B", "261 B"),
    _cgi("CGI261C-3", "261 C, 3°"),
    _cgi("CGI261D-1", "261 D, 1°"),
    _cgi("CGI261D-1BIS", "261 D, 1° bis"),
    _cgi("CGI261D-3", "261 D, 3°"),
    _cgi("CGI261E-1", "261 E, 1°"),
    _cgi("CGI261E-2", "261 E, 2°"),
    _cgi("CGI277A", "277 A"),
    _cgi("CGI295", "295"),
    _cgi("298SEXDECIESA", "298 sexdecies A"),
    Motive("VATEX-FR-CNWVAT", "E", "Avoir net de taxe, art. 272 du CGI", "CGI, art. 272", CGI_TOLERATED_UNTIL),
)
# the first of its category where nothing is chosen
_USUAL_OF_CATEGORY = (
    Motive("VATEX-EU-132", "E", "Exonération de TVA, art. 261 du CGI", "CGI, art. 261", CGI_TOLERATED_UNTIL),
    Motive("VATEX-EU-AE", "AE", "Autoliquidation", "CGI, ann. II, art. 242 nonies A, I-13°"),
    Motive("VATEX-FR-AE", "AE", "Autoliquidation", "CGI, ann. II, art. 242 nonies A, I-13°"),
    Motive("VATEX-EU-IC", "K", "Exonération de TVA, art. 262 ter I du CGI", "CGI, art. 262 ter", CGI_TOLERATED_UNTIL),
    Motive("VATEX-EU-G", "G", "Exonération de TVA, art. 262 I du CGI", "CGI, art. 262", CGI_TOLERATED_UNTIL),
    Motive("VATEX-EU-O", "O", "Opération hors champ de la TVA", "CGI, art. 256"),
)
FRANCHISE = Motive(FRANCHISE_CODE, "E", "TVA non applicable, art. 293 B du CGI", "CGI, art. 293 B", CGI_TOLERATED_UNTIL)
# the same codes where VAT is not applicable: sold from, or to, Guyane or Mayotte
_ARTICLE_294 = {
    "VATEX-EU-G": "Exportation, TVA non applicable, art. 294 du CGI",
    "VATEX-EU-O": "TVA non applicable, art. 294 du CGI",
}

MOTIVES: dict[str, Motive] = {}
for _motive in (*_USUAL_OF_CATEGORY, *USUAL, *_OTHERS, *map(_directive, _DIRECTIVE.split()), FRANCHISE):
    MOTIVES.setdefault(_motive.code, _motive)


def default_code(category: str) -> str:
    """The motive of a category where none is chosen; '' where VAT is charged."""
    return next((motive.code for motive in _USUAL_OF_CATEGORY if motive.category == category), "")


def customer_motives() -> tuple[list[Motive], list[Motive]]:
    """Those that a customer's exempt lines may have by themselves: the usual ones, and all others of the list."""
    others = [motive for motive in MOTIVES.values() if is_motive(motive.code, "E") and motive not in USUAL]
    return list(USUAL), others


def is_motive(code: str, category: str) -> bool:
    """Whether a person may choose it for a sale of that category: the franchise is the company's, never a line's."""
    return code in MOTIVES and MOTIVES[code].category == category and code != FRANCHISE_CODE


def mention(code: str, *, where_no_vat: bool = False) -> str:
    """The sentence printed beside a code (BT-120). `where_no_vat`: sold from, or to, Guyane or Mayotte (CGI 294)."""
    if where_no_vat and code in _ARTICLE_294:
        return _ARTICLE_294[code]
    return MOTIVES[code].sentence if code in MOTIVES else ""


def depends_on_place(code: str) -> bool:
    return code in _ARTICLE_294
