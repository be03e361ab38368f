"""The filters and tags that every template has."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, RequestContext, Template
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils.translation import override

from config.kernel.icons import ICONS

TEMPLATES = Path(settings.BASE_DIR) / "templates"


def render(source: str, path: str = "/", **values: object) -> str:
    return Template(source).render(RequestContext(RequestFactory().get(path), values))


def test_the_filters_write_values_as_the_reader_expects():
    with override("fr"):
        assert render("{{ a|money }}", a=Decimal("1200")) == "1\u202f200,00\u00a0€"
        assert render("{{ a|money:c }}", a=Decimal("5"), c="CHF") == "5,00\u00a0CHF"
        assert render("{{ a|number }} {{ a|number:2 }} {{ a|percent }}", a=Decimal("5.5")) == "5,5 5,50 5,5\u00a0%"


def test_a_status_is_words_and_an_unknown_tone_is_neutral():
    assert "tone-bad" in render('{% status "Rejetée" "bad" %}')
    assert "tone-neutral" in render('{% status "Rejetée" "purple" %}')
    assert "&lt;b&gt;" in render("{% status label %}", label="<b>")


def test_an_icon_is_hidden_from_screen_readers_unless_it_speaks():
    assert 'aria-hidden="true"' in render('{% icon "send" %}')
    assert 'aria-label="&quot;Fermer"' in render('{% icon "close" label %}', label='"Fermer')
    with pytest.raises(KeyError):
        render('{% icon "no-such-icon" %}')


def test_every_icon_named_in_a_template_exists():
    sources = [page.read_text() for page in TEMPLATES.rglob("*.html")]
    named = {name for source in sources for name in re.findall(r'{% icon "([^"]+)"', source)}
    named |= {name for source in sources for name in re.findall(r'\bicon="([^"]+)"', source)}
    assert len(named) > 10
    assert named <= set(ICONS)


def test_a_link_keeps_the_filter_and_forgets_the_place():
    path = "/invoices?status=late&q=a%26b&cursor=xyz"
    assert render('{% url_with sort="-date" %}', path) == "/invoices?status=late&amp;q=a%26b&amp;sort=-date"
    assert render('{% url_with status="" %}', path) == "/invoices?q=a%26b"
    assert render('{% url_with cursor="next" %}', path) == "/invoices?status=late&amp;q=a%26b&amp;cursor=next"
    assert render('{% url_without "status" "q" %}', path) == "/invoices"
    kept = '{% kept_values "status" "sort" as kept %}{% for name, value in kept %}{{ name }}={{ value }} {% endfor %}'
    assert render(kept, path) == "status=late "


def test_a_page_is_sent_without_the_indentation_of_its_source_and_with_all_of_what_is_written_in_it():
    banner = get_template("components/_banner.html")
    page = banner.render({"tone": "warn", "title": "Bonjour,\n    deux lignes"})
    assert "Bonjour,\n    deux lignes" in page
    assert not re.search(r"^[ \t]", page.replace("    deux lignes", ""), re.MULTILINE)
    source = (TEMPLATES / "components/_banner.html").read_text()
    assert re.search(r"^[ \t]", source, re.MULTILINE)
    assert banner.template.source == "\n".join(line.lstrip() for line in source.split("\n"))


def test_a_component_included_alone_still_carries_the_csrf_field():
    page = render(
        '{% include "components/_record_head.html" with title="FAC-1" action_url="/a" action_label="Archiver" '
        "action_post=True only %}"
    )
    assert re.search(r'name="csrfmiddlewaretoken" value="\w{20,}"', page)
    assert Template("{% csrf_field %}").render(Context({})) == ""


def test_no_template_carries_an_inline_style_or_script():
    pages = [page for page in TEMPLATES.rglob("*.html") if not {"pdf", "emails"} & set(page.parts)]
    assert len(pages) > 20
    for page in pages:
        source = page.read_text()
        assert not re.search(r"\sstyle=|<style|<script(?![^>]*\bsrc=)|\son[a-z]+=|hx-on|javascript:", source), page
