"""Nothing that cannot be undone starts by one click: each act without a page of its own is here, with its undoing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from tests.house.texts import PACKAGES, ROOT

# the address that acts on POST alone, and why no question stands before it: how it is undone, or that nothing is done
ONE_CLICK = {
    "company-switch": "switch back",
    "bulk-stop": "bulk-new: the rest is chosen again; what is done stays",
    "language": "switch back",
    "logout": "sign in",
    "platform-test": "asks the platform, changes nothing",
    "feed-read": "reads, each movement once",
    "einvoicing:platforms-read": "reads, each message once",
    "einvoicing:answer-retry": "says again what was to be said already; the platform takes each once",
    "einvoicing:received-again": "einvoicing:received-set-aside: nothing but its reading is made again",
    "look-logo": "look-logo: the picture of before is given again, and stays on what was issued",
    "look-preview": "draws, writes nothing",
    "feed-switch": "switch it again",
    "einvoicing:reception-switch": "switch it again",
    "inbound-switch": "switch it again",
    "invitation-resend": "invitation-withdraw: neither link opens anything then",
    "installation-replay": "what failed was to leave already; its own service looks up or refuses before it goes",
    "webhook-test": "a ping, which partners ignore",
    "webhook-disable": "webhook-enable: what waits is kept",
    "einvoicing:readiness-activate": "platform-edit; invoices already issued do not leave",
    "customers:customer-archive": "customers:customer-restore",
    "customers:customer-restore": "customers:customer-archive",
    "billing:product-archive": "billing:product-restore",
    "billing:product-restore": "billing:product-archive",
    "billing:line-totals": "computes, writes nothing",
    "billing:lines-paste": "reads what was pasted, writes nothing",
    "billing:purchase-totals": "computes, writes nothing",
    "billing:entry-totals": "computes, writes nothing",
    "billing:lettering-gap": "computes, writes nothing",
    "billing:lettering-undo": "billing:lettering",
    "billing:account-switch": "billing:account-switch the other way round",
    "billing:sales-account-remove": "billing:sales-accounts: what was booked stays",
    "billing:purchase-order-totals": "computes, writes nothing",
    "billing:purchase-order-close": "billing:purchase-order-reopen",
    "billing:purchase-order-reopen": "billing:purchase-order-close",
    "billing:supplier-bill-too": "nothing but a mark is set; no document follows from it",
    "billing:supplier-from-customer": "nothing but a mark is set; no document follows from it",
    "billing:order-confirm": "billing:order-cancel: nothing has left and nothing is owed",
    "billing:order-invoice": "billing:invoice-delete: it makes a draft",
    "einvoicing:credit-total": "computes, writes nothing",
    "billing:closing-soft": "billing:closing-soft through an earlier day: owners and accountants still write",
    "payments:account-opening": "books once what the first statement says; an opposite entry takes it back",
    "payments:bank-reconcile": "payments:match-undo",
    "payments:link-new": "payments:link-revoke",
    "payments:statement-link-new": "payments:link-revoke",
    "payments:checkout-settle": "nothing but a task ends; the payment stays on the list of all",
    "payments:portal-card": "leads to the provider's page, where nothing is paid without another act",
    "payments:notice-handle": "nothing but a task ends; the message stays on the list of all",
    "payments:bankline-reopen": "payments:bankline-ignore",
    "payments:run-change": "changed again: nothing is paid before the run is ordered",
    "payments:run-line-remove": "payments:supplier-due: it may be prepared again",
    "payments:run-submit": "payments:run-reopen",
    "payments:run-reopen": "payments:run-submit",
    "payments:rule-archive": "payments:rule-new: what it booked stays",
    "payments:rule-raise": "payments:rule-raise of the other one",
    "payments:hold-end": "payments:hold-new: nothing is sent by it",
    "payments:address-cleared": "nothing but a mark goes; the next mail that comes back sets it again",
    "payments:worktable-undo": "payments:worktable-line: the line is there to be decided again",
}
# the same, but reached only by a form that a person fills in on the record's page
FILLED_IN = {
    "einvoicing:transmission-answer",
    "einvoicing:transmission-dismiss",
    "einvoicing:transmission-retry",
    "einvoicing:received-set-aside",
    "payments:upload-account",
    "exchange-import",
}
NOT_PAGES = ("admin/", "api", "integrations", "^integrations")
TEMPLATES = ROOT / "templates"


def pages(patterns: list[URLPattern | URLResolver] | None = None, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every page of the product by its name; the admin and programs have manners of their own."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(one, URLResolver):
            if not str(one.pattern).startswith(NOT_PAGES):
                yield from pages(one.url_patterns, f"{one.namespace}:" if one.namespace else space)
        elif not str(one.pattern).startswith(NOT_PAGES):
            yield f"{space}{one.name}", one


def methods_of(pattern: URLPattern) -> set[str]:
    """What the view answers: a method it does not know is refused with the list, before anything is asked."""
    view_class = getattr(pattern.callback, "view_class", None)
    if view_class is not None:
        names = [name for name in view_class.http_method_names if hasattr(view_class, name)]
        return {name.upper() for name in names} - {"OPTIONS", "HEAD"}
    answer = pattern.callback(RequestFactory().options("/"))
    assert answer.status_code == 405, f"{pattern.name} does not say which methods it answers"
    return {name.strip() for name in answer["Allow"].split(",")} - {"HEAD"}


def test_each_act_without_a_page_of_its_own_is_declared_with_its_undoing() -> None:
    found = {name for name, pattern in pages() if methods_of(pattern) == {"POST"}}
    assert found == {*ONE_CLICK, *FILLED_IN}


def test_an_undoing_that_is_named_exists() -> None:
    known = {name for name, _pattern in pages()}
    words = [word for reason in ONE_CLICK.values() for word in re.findall(r"[a-z]+:[a-z-]+|[a-z]+-[a-z]+", reason)]
    assert len(words) > 8
    assert set(words) <= known


ADDRESS = re.compile(r"{%\s*(?:open_)?url ['\"]([\w:-]+)['\"][^%]*%}")
NAMED = re.compile(r"{%\s*(?:open_)?url ['\"]([\w:-]+)['\"][^%]* as (\w+)\s*%}")
FORM = re.compile(r"<form\b(?P<tag>[^>]*method=\"post\"[^>]*)>(?P<body>.*?)</form>", re.DOTALL)
FILLED = re.compile(
    r"<(?:select|textarea)\b|<input\b(?![^>]*type=\"hidden\")|_field\.html|_shares\.html|_lines_edit\.html"
)


def bare_forms() -> Iterator[tuple[str, str, str]]:
    """The forms of the templates that are only a button and act elsewhere than on their own page."""
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for name, variable in NAMED.findall(text):
            text = text.replace(f"{{{{ {variable} }}}}", f"url:{name}")
        # a tag of the template may hold a > and would end the element too early
        text = ADDRESS.sub(r"url:\1 ", text)
        for form in FORM.finditer(text):
            action = re.search(r'\baction="([^"]*)"', form["tag"])
            if action and not FILLED.search(form["body"]):
                yield str(path.relative_to(TEMPLATES)), action[1].partition("?")[0].strip(), form["body"]


# addresses that come with the record, held by the next test; a proposed repair writes on a draft, which stays editable
GIVEN = {"components/_record_head.html", "einvoicing/_broken_rules.html"}


def test_a_button_alone_acts_only_where_it_is_declared() -> None:
    found = {(where, action) for where, action, _body in bare_forms()}
    assert len(found) > 8
    wrong = {(where, action) for where, action in found if where not in GIVEN}
    assert not {(where, action) for where, action in wrong if action.removeprefix("url:") not in ONE_CLICK}


def test_a_button_of_a_record_acts_at_once_only_where_it_is_declared() -> None:
    """In Python the address stands with `post=True`; in templates it is named for `action_post`."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for text in acting_at_once(path):
                named = re.search(r"reverse\('([\w:-]+)'", text) or re.search(r"'url': (\w+)", text)
                assert named, f"{path}: say the address where post=True stands: {text}"
                assert named[1] in ONE_CLICK or named[1] in declared_variables(path), f"{path}: {text}"
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for posted in re.findall(r"action_post=([\w.]+)", text):
            if posted != "primary.post":
                names = {name for name, variable in NAMED.findall(text) if variable == "action_url"}
                assert names & set(ONE_CLICK), path


def acting_at_once(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)) if "post" in source else ():
        if isinstance(node, ast.Call) and any(one.arg == "post" and is_true(one.value) for one in node.keywords):
            yield ast.unparse(node)
        if isinstance(node, ast.Dict) and any(getattr(key, "value", "") == "post" for key in node.keys if key):
            yield ast.unparse(node)


def is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def declared_variables(path: Path) -> set[str]:
    """Local names given to an address that is declared."""
    assigned = re.findall(r"(\w+) = reverse\(\"([\w:-]+)\"", path.read_text(encoding="utf-8"))
    return {variable for variable, name in assigned if name in ONE_CLICK}
