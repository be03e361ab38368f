"""Templates are read like code: short lines, short files. Django breaks no tag: `{% with %}` cuts a long one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.house.texts import PACKAGES, ROOT

TEMPLATES = ROOT / "templates"
LINE, FILE = 120, 120
STYLES = 40_000  # bytes of the style sheet, and no more
# the line that may be longer, and why
LONGER = {
    "einvoicing/pdf/_lines.html": "what stands in the cell is printed with its line breaks",
}
BLOCK = re.compile(r"{% block (\w+) %}(.*?){% endblock %}", re.DOTALL)
SET = re.compile(r" (?:as|asvar) (\w+)\b[^}]*%}")
PANEL = re.compile(r"""\bPanel\([^()]*\([^()]*\),\s*"([\w/]+\.html)\"""")
# a cell always labelled that holds nothing but what a condition gives, with a space at either end
IF = r"{% if (?:(?!{% el|</td>).)*{% endif %}"
SPACED = re.compile(rf"<td[^>%]*data-label[^>]*>(?:\s+{IF}\s*|{IF}\s+)</td>", re.DOTALL)
READ = re.compile(r"{{ (\w+)\b")


def templates() -> Iterator[tuple[str, list[str]]]:
    """Pages and papers; in a letter (.txt) a paragraph is one line."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        yield str(path.relative_to(TEMPLATES)), path.read_text(encoding="utf-8").splitlines()


def test_no_line_is_longer_than_a_reader_sees_at_once() -> None:
    longer = {(name, number) for name, lines in templates() for number, line in enumerate(lines, 1) if len(line) > LINE}
    assert sorted(f"{name}:{number}" for name, number in longer if name not in LONGER) == []
    assert {name for name, _number in longer} == set(LONGER)


def test_no_template_is_longer_than_two_screens() -> None:
    assert [name for name, lines in templates() if len(lines) > FILE] == []


def test_a_cell_that_may_be_empty_is_empty_to_the_last_space() -> None:
    """On a narrow screen a cell is told with its label, and an empty one not at all: a space would leave the label."""
    found = [name for name, lines in templates() if SPACED.search("\n".join(lines))]
    assert found == []


def test_the_style_sheet_keeps_its_budget() -> None:
    assert (ROOT / "static/css/app.css").stat().st_size < STYLES


def test_no_line_ends_in_spaces() -> None:
    assert [f"{name}:{line}" for name, lines in templates() for line in lines if line != line.rstrip(" ")] == []


def test_a_block_reads_no_name_that_only_another_block_set() -> None:
    """Each block has a context of its own: the address of « Annuler » was empty on four forms."""
    lost = []
    for name, lines in templates():
        blocks = [body for _name, body in BLOCK.findall("\n".join(lines))] if "{% extends" in lines[0] else []
        given = [set(SET.findall(body)) for body in blocks]
        for body, own in zip(blocks, given, strict=True):
            elsewhere = set().union(*given) - own
            lost += [f"{name}: {read}" for read in READ.findall(body) if read in elsewhere]
    assert lost == []


def test_a_panel_reads_what_it_is_given() -> None:
    """It is included with `panel` alone: another name would be empty, and say so nowhere."""
    sources = [path.read_text(encoding="utf-8") for app in PACKAGES for path in sorted((ROOT / app).rglob("*.py"))]
    named = {name for source in sources for name in PANEL.findall(source)}
    assert len(named) > 8
    assert [name for name in sorted(named) if "panel." not in (TEMPLATES / name).read_text(encoding="utf-8")] == []
