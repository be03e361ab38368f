"""Filters and tags every template has without loading them (a template builtin).

Filters: money number price percent lasting day iso_day moment iban iban_for siren siret company_number said.
Tags: icon, status, choose, take_cursor, csrf_field, open_url, url_with, url_without.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.forms import BaseForm, CheckboxInput, RadioSelect
from django.http import HttpRequest, QueryDict
from django.middleware.csrf import get_token
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from config.kernel import typography
from config.kernel.access import may_open
from config.kernel.icons import ICONS
from config.kernel.models import Membership
from config.kernel.money import cents as whole_cents

register = template.Library()

TONES = frozenset({"neutral", "info", "good", "warn", "bad"})
# A cursor belongs to one filter and one sort: whatever changes them starts again from the first page.
PLACE = "cursor"


@register.filter
def money(value: Decimal | int | str | None, currency: str = "EUR") -> str:
    return typography.money(value, currency)


@register.filter
def cents(value: Decimal) -> int:
    """What `choosing.js` adds up."""
    return whole_cents(value)


@register.filter
def number(value: Decimal | int | str | None, decimals: int | None = None) -> str:
    return typography.number(value, decimals)


@register.filter
def price(value: Decimal | int | str | None) -> str:
    return typography.price(value)


@register.filter
def percent(value: Decimal | int | str | None) -> str:
    return typography.percent(value)


@register.filter
def lasting(value: int | None) -> str:
    return typography.lasting(value)


@register.filter
def day(value: date | datetime | None) -> str:
    return typography.day(value)


@register.filter
def iso_day(value: str) -> str:
    """A day as the address of a page has it (2026-11-21), as people read it."""
    return typography.day(date.fromisoformat(value)) if value else ""


@register.filter
def moment(value: datetime | None) -> str:
    return typography.moment(value)


@register.filter
def said(value: str) -> str:
    """A sentence stored in French, in the reader’s language where it is one of ours, else as it came."""
    return gettext(value) if value else ""


@register.filter
def iban(value: str) -> str:
    return typography.iban(value)


@register.filter
def iban_for(value: str, whole: bool) -> str:
    """The IBAN, or its two ends for who may not reconcile."""
    return typography.iban(value) if whole else typography.iban_ends(value)


@register.filter
def siren(value: str) -> str:
    return typography.siren(value)


@register.filter
def company_number(value: str) -> str:
    return typography.company_number(value)


@register.filter
def siret(value: str) -> str:
    return typography.siret(value)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Inline SVG, hidden from screen readers unless it has a label. An unknown name is a KeyError: a typing error."""
    shape = mark_safe(ICONS[name])
    if label:
        return format_html('<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>', label, shape)
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', shape)


@register.simple_tag
def status(label: str, tone: str = "neutral") -> SafeString:
    """A status in words with a coloured dot; an unknown tone is shown neutral."""
    return format_html(
        '<span class="chip tone-{}"><span class="dot"></span>{}</span>', tone if tone in TONES else "neutral", label
    )


def _request(context: Context) -> HttpRequest | None:
    """The request, also inside `{% include … only %}`, where the variable is gone but the context still knows it."""
    return getattr(context, "request", None) or context.get("request")


@register.simple_tag
def take_cursor(form: BaseForm) -> str:
    """Before the fields of a form that is its page's purpose: the first one that is typed in takes the cursor.

    Not after errors, whose list takes it; a form whose customer is picked by typing begins there (`_typeahead.html`).
    """
    ticked = (RadioSelect, CheckboxInput)
    typed = [bound for bound in form.visible_fields() if not isinstance(bound.field.widget, ticked)]
    if typed and not form.errors and not hasattr(form, "customer_text"):
        typed[0].field.widget.attrs["autofocus"] = True
    return ""


@register.simple_tag(takes_context=True)
def csrf_field(context: Context) -> SafeString:
    """`{% csrf_token %}` for components: it still works where the include was `only`."""
    request = _request(context)
    if request is None:
        return mark_safe("")
    return format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', _csrf_token(request))


def _csrf_token(request: HttpRequest) -> str:
    """Masked once for all the forms of a page, which travel in one answer (BREACH): a mask costs as much as a row."""
    if "CSRF_MASKED" not in request.META:
        request.META["CSRF_MASKED"] = get_token(request)
    token: str = request.META["CSRF_MASKED"]
    return token


@register.simple_tag(takes_context=True)
def open_url(context: Context, name: str, *args: object, method: str = "GET") -> str:
    """`{% url %}`, or '' when the reader's role may not open the page; with `method="POST"`, not act there."""
    membership: Membership | None = getattr(_request(context), "membership", None)
    url = reverse(name, args=args)
    return url if membership and may_open(membership.role, url, method) else ""


def _query(context: Context) -> QueryDict:
    request = _request(context)
    query = request.GET.copy() if request is not None else QueryDict(mutable=True)
    query.pop(PLACE, None)
    return query


def _address(context: Context, query: QueryDict) -> str:
    request = _request(context)
    path = request.path if request is not None else ""
    return f"{path}?{query.urlencode()}" if query else path or "?"


@register.simple_tag
def choose(field: str, key: int, label: str) -> str:
    """The box by which a row of a list is chosen; on one line, for there are fifty on a page.

    The space after it is written out: `spaceless` takes away what stands between tags.
    """
    box = '<input type="checkbox" name="{}" value="{}" aria-label="{} {}">&#32;'
    return format_html(box, field, key, gettext("Choisir"), label)


@register.simple_tag(takes_context=True)
def url_with(context: Context, **changes: str | int | None) -> str:
    """This page's address with its query changed: '' or None removes a parameter. The page cursor is dropped."""
    query = _query(context)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in ("", None):
            query[name] = str(value)
    return _address(context, query)


@register.simple_tag(takes_context=True)
def url_without(context: Context, *names: str) -> str:
    """This page's address without the named parameters nor the page cursor."""
    query = _query(context)
    for name in names:
        query.pop(name, None)
    return _address(context, query)


@register.simple_tag(takes_context=True)
def kept_values(context: Context, *names: str) -> list[tuple[str, str]]:
    """Those parameters of this page's address with their values, for a form that leads to the same page."""
    query = _query(context)
    return [(name, value) for name in names for value in query.getlist(name) if value]
