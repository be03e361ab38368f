"""The name of the supplier: where its identifiers stand, in the footer, beside « Titulaire », or at the head."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median

from einvoicing.reception.reading.amounts import amounts_in
from einvoicing.reception.reading.days import days_in
from einvoicing.reception.reading.extraction.found import AGREED, GUESSED, LABELLED, Found
from einvoicing.reception.reading.extraction.parties import BUYER, Identity, party_score
from einvoicing.reception.reading.layout import Cell, Page
from einvoicing.reception.reading.texts import fold, squeezed

_FORM = (
    r"(?:s\.?a\.?s\.?u|s\.?a\.?r\.?l|e\.?u\.?r\.?l|s\.?a\.?s|s\.?c\.?o\.?p|s\.?c\.?i|s\.?n\.?c|s\.?e\.?l\.?a\.?r\.?l|s\.?c\.?p|"
    r"e\.?i\.?r\.?l|s\.?c\.?e\.?a|g\.?i\.?e|e\.?i|s\.?a|gmbh|ltd|b\.?v|s\.?p\.?a|ag|inc|llc)"
)
_WITH_FORM = re.compile(rf"(?:^|[\s,(]){_FORM}\.?(?:$|[\s,)-])")
_FORM_WORDS = re.compile(rf"(?:(?<=\s)|^|(?<=\())(?:{_FORM}|societe|ste|ets|etablissements)\.?(?=$|[\s,)])")
_NOT_NAME = re.compile(
    r"factur|avoir\b|devis|invoice|credit note|\bdate\b|client|commande|numero|\bn ?°|page|siret|siren|\btva\b|"
    r"\brcs\b|\btel\b|"
    r"telephone|@|www\.|http|adresse|echeance|\bbp\b|cedex|\bcs \d|total|montant|reglement|paiement|iban|bic\b|"
    r"capital|\bfax\b|"
    r"\bemetteur$|fournisseur$|vendeur$|destinataire|original|duplicata|copie|^\W*$|ref\b|reference|merci|bonjour|objet|"
    r"designation|description|livraison|\bape\b|\bnaf\b|^\d|bon de|prestataire$|de la part|mentions|conditions|"
    r"banque|agence"
)
# as they stand when kerning or an engine breaks them
_TITLES = {
    "emetteur", "vendeur", "fournisseur", "prestataire", "destinataire", "acheteur", "client",
    "expediteur", "pour", "de", "doit",
}  # fmt: skip
_STREET = re.compile(
    r"\b(?:rue|avenue|av\.|bd|boulevard|place|chemin|route|impasse|allees?|quai|cours|zone|z\.?a\.?c?\b|z\.?i\b|parc|lieu-dit|"
    r"square|passage|faubourg|residence|batiment|bat\b|esplanade|rond-point|sentier|villa|hameau)\b.*|\b\d{5}\b"
)
_LABELS = re.compile(r"(?:^|\b)(?:emetteur|vendeur|fournisseur|prestataire|expediteur|seller|from|de la part de) ?:? ?")
_HOLDER = re.compile(
    r"(?:titulaire(?: du compte)?|a l'ordre de|beneficiaire|intitule(?: du compte)?|compte au nom de|"
    r"account (?:name|holder)) ?:? ?"
)
_END = re.compile(
    r" ?(?:[il1] ?(?:sas|sarl|societe|sa|eurl) au capital|"
    r"[,;•|·]| - | au capital| siret| siren| rcs\b| r\.c\.s| tva\b|\bsiege\b|  | capital\b| societe (?:par|"
    r"a|anonyme)| : |:)"
)


def read_name(pages: Sequence[Page], identity: Identity) -> Found | None:
    """The name the most places agree on, as it is printed in the surest of them."""
    seen = [item for page in pages[:3] for item in _names(page, identity)]
    if not seen:
        return None
    keys = [core(item.value) for item in seen]

    def total(index: int) -> float:
        key = keys[index]
        others = {round(seen[i].words[0].y0) for i in range(len(seen)) if keys[i] == key} - {
            round(seen[index].words[0].y0)
        }
        partial = any(
            other != key and min(len(other), len(key)) > 3 and (other in key or key in other) for other in keys
        )
        return seen[index].score + 1.5 * min(len(others), 2) + (0.5 if partial else 0)

    best = max(range(len(seen)), key=total)
    found = seen[best]
    places = {(item.page, item.words[0].box) for item, key in zip(seen, keys, strict=True) if key == keys[best]}
    repeated = len(places) > 1
    found.evidence = AGREED if repeated else LABELLED if found.score >= 6.5 else GUESSED
    return found


def core(name: str) -> str:
    """What two spellings of a name share: without its legal form, spaces and accents."""
    return squeezed(_FORM_WORDS.sub(" ", fold(name))) or squeezed(name)


def _names(page: Page, identity: Identity) -> Iterator[Found]:
    yield from _labelled(page)
    for item in (identity.siren, identity.vat):
        if item and item.page == page.number and item.words:
            yield from _beside_identifier(page, item)
    yield from _in_sentences(page)
    if page.number == 1:
        yield from _at_the_head(page)


def account_holder(pages: Sequence[Page]) -> str | None:
    """Whose account is to be paid, where the document says it."""
    return next((found.value for page in pages for found in _labelled(page, ((_HOLDER, 6.0),))), None)


def _labelled(page: Page, labels: Sequence[tuple[re.Pattern[str], float]] = ()) -> Iterator[Found]:
    for cell in page.cells:
        for pattern, score in labels or ((_LABELS, 7.0), (_HOLDER, 6.0)):
            match = pattern.search(cell.folded)
            if not match or (pattern is _LABELS and match.start() > 2):
                continue
            rest = _name_in(page, cell, match.end(), score)
            if rest:
                yield rest
            elif len(cell.folded) - match.end() < 3:
                nexts = [*page.right_of(cell, 1), *list(page.below(cell, 2.5))[:1]]
                if pattern is _LABELS:
                    nexts = [*list(page.below(cell, 2.5))[:1], *page.right_of(cell, 1)]
                yield from (name for other in nexts if (name := _name_in(page, other, 0, score)))


def _beside_identifier(page: Page, item: Found) -> Iterator[Found]:
    """The first line of the block that holds the identifier, and the beginning of its own line."""
    word = item.words[0]
    cell = next((cell for cell in page.cells if any(each is word for each in cell.words)), None)
    if cell is None:
        return
    block = page.block_of[id(cell)]
    for place, other in enumerate(block.cells[:4]):
        if other.row > cell.row:
            break
        if (name := _whole_name(page, other, 5.0 - 0.8 * place)) is not None:
            yield name
            break
    if (name := _name_in(page, cell, 0, 4.0)) is not None:
        yield name


def _in_sentences(page: Page) -> Iterator[Found]:
    """`DURAND SARL au capital de 8 000 €`, in a footer or a head."""
    for cell in page.cells:
        match = re.search(r"au capital|\brcs\b|r\.c\.s|siege social|\bsiret\b", cell.folded)
        scores = []
        if match and match.start() > 3 and not BUYER.search(page.block_of[id(cell)].folded):
            scores.append(4.5)
        is_name = _WITH_FORM.search(cell.folded) and len(cell.text) < 60 and not _goes_on(page, cell)
        if is_name and party_score(page, cell) >= 0:
            scores.append(3.5 + 0.3 * party_score(page, cell))
        yield from (name for score in scores if (name := _name_in(page, cell, 0, score)) is not None)


def _at_the_head(page: Page) -> Iterator[Found]:
    """Large or first at the top of the page."""
    top = [cell for cell in page.cells if cell.y0 < 0.3 * page.height]
    usual = sorted(cell.height for cell in page.cells)[len(page.cells) // 2] if page.cells else 1
    for place, cell in enumerate(top[:14]):
        block = page.block_of[id(cell)]
        if BUYER.search(block.folded) or any(
            BUYER.search(over.folded) for over in list(page.above(block.cells[0], 2))[:1]
        ):
            continue
        larger = min(max(cell.height / max(usual, 1), 0.8), 2.2)
        first = 1.0 if block.cells[0] is cell else 0.0
        left = 0.6 if cell.x0 < 250 else 0.0
        score = 1.0 + 1.4 * (larger - 1) + first + left - 0.12 * place
        if (name := _whole_name(page, cell, score)) is not None:
            yield name


def _whole_name(page: Page, cell: Cell, score: float) -> Found | None:
    """A name in large letters goes on in the next line when that one is as large."""
    name = _name_in(page, cell, 0, score)
    block = page.block_of[id(cell)].cells
    place = next(index for index, other in enumerate(block) if other is cell)
    for after in block[place + 1 : place + 3]:
        more = _name_in(page, after, 0, score) if name and _goes_on(page, after) else None
        if name is None or more is None:
            break
        name.value, name.words = f"{name.value} {more.value}", [*name.words, *more.words]
    return name


def _goes_on(page: Page, cell: Cell) -> bool:
    """Whether the line above, as large, begins what this one ends."""
    block = page.block_of[id(cell)].cells
    place = next(index for index, other in enumerate(block) if other is cell)
    usual = median(other.height for other in page.cells)
    if not place or cell.height <= 1.12 * usual or abs(block[place - 1].height - cell.height) >= 0.08 * cell.height:
        return False
    return _name_in(page, block[place - 1], 0, 0) is not None


def _name_in(page: Page, cell: Cell, start: int, score: float) -> Found | None:
    folded = cell.folded[start:]
    lead = len(folded) - len(folded.lstrip(" :-"))
    start, folded = start + lead, folded[lead:]
    ending = _END.search(folded, 2)
    end = ending.start() if ending else len(folded)
    name = folded[:end].strip(" -:,.")
    if not 3 <= len(name) <= 60 or sum(character.isalpha() for character in name) < 3:
        return None
    if (
        _NOT_NAME.search(name)
        or _STREET.search(name)
        or any(True for _ in days_in(name))
        or any(True for _ in amounts_in(name))
    ):
        return None
    if _FORM_WORDS.fullmatch(name) or len(name.split()) > 8 or squeezed(name) in _TITLES:
        return None
    words = cell.span(start, start + end)
    text = cell.text[start : start + end].strip(" -:,–—")
    return Found(text, GUESSED, page.number, words, score + (0.6 if _WITH_FORM.search(name) else 0))
