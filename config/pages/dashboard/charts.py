"""Charts drawn on the server: SVG of whole units, with a title and a description that say in words what is drawn.

Colours are the page's own (custom properties), so that light, dark and print follow; nothing is told by colour alone:
each series has its pattern or its place, each mark its words on hovering, and the table behind has every figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from config.kernel import typography

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 46, 4, 10, 22
SOFT, ACCENT, GOOD, BAD, LINE = (f"var(--{name})" for name in ("soft", "accent", "good", "bad", "line"))
TICKS = 4
DAYS = "days"


@dataclass(frozen=True, slots=True)
class Series:
    """One value a place; None draws nothing. `kind`: bar, line, or band (of two values)."""

    label: str
    values: Sequence[Decimal | None]
    colour: str = ACCENT
    is_light: bool = False  # paler, and outlined: last year's
    upper: Sequence[Decimal] = field(default_factory=tuple)  # of a band, whose lower side is `values`


@dataclass(frozen=True, slots=True)
class Chart:
    """`name` is unique on the page. `unit`: money of a currency, or days."""

    name: str
    title: str
    description: str
    places: Sequence[str]
    unit: str = "EUR"
    bars: Sequence[Series] = ()
    lines: Sequence[Series] = ()
    bands: Sequence[Series] = ()

    @property
    def series(self) -> list[Series]:
        return [*self.bands, *self.bars, *self.lines]

    def words(self, value: Decimal) -> str:
        if self.unit == DAYS:
            return _("%(days)s j") % {"days": typography.number(value)}
        return typography.money(value, self.unit)


def draw(chart: Chart) -> SafeString:
    """The chart as inline SVG; nothing where no value is known."""
    values = [value for one in chart.series for value in (*one.values, *one.upper) if value is not None]
    if not values or not chart.places:
        return mark_safe("")
    scale = Scale.of(values)
    parts = [
        _grid(chart, scale),
        *(_band(chart, one, scale) for one in chart.bands),
        *(_bars(chart, one, scale, place) for place, one in enumerate(chart.bars)),
        *(_line(chart, one, scale) for one in chart.lines),
        _names(chart),
    ]
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" width="100%" role="img" aria-labelledby="{}-title {}-desc"'
        ' font-size="11" font-family="inherit"><title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>',
        WIDTH, HEIGHT, chart.name, chart.name, chart.name, chart.title, chart.name, chart.description,
        format_html_join("", "{}", ((part,) for part in parts)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to the height of the drawing, between round figures that hold zero."""

    lowest: Decimal
    step: Decimal
    steps: int

    @classmethod
    def of(cls, values: Sequence[Decimal]) -> Scale:
        least, most = min(*values, Decimal(0)), max(*values, Decimal(0))
        step = _round_step((most - least) / TICKS or Decimal(1))
        below = (-least / step).to_integral_value(ROUND_CEILING)
        above = (most / step).to_integral_value(ROUND_CEILING)
        return cls(-below * step, step, int(below + above) or 1)

    def y(self, value: Decimal) -> int:
        height = HEIGHT - TOP - BOTTOM
        return HEIGHT - BOTTOM - int((value - self.lowest) * height / (self.step * self.steps))

    @property
    def ticks(self) -> list[Decimal]:
        return [self.lowest + self.step * place for place in range(self.steps + 1)]


def _round_step(rough: Decimal) -> Decimal:
    """1, 2 or 5 times a power of ten, at least as large."""
    power = Decimal(10) ** rough.adjusted()
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def _x(chart: Chart, place: int) -> int:
    """The middle of a place."""
    return LEFT + (2 * place + 1) * (WIDTH - LEFT - RIGHT) // (2 * len(chart.places))


def _grid(chart: Chart, scale: Scale) -> SafeString:
    rows = (
        (LEFT, scale.y(tick), WIDTH - RIGHT, scale.y(tick), SOFT if not tick else LINE,
         LEFT - 6, scale.y(tick) + 4, SOFT, _short(tick))
        for tick in scale.ticks
    )  # fmt: skip
    return format_html_join(
        "",
        '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}"/><text x="{}" y="{}" text-anchor="end" fill="{}">{}</text>',
        rows,
    )


def _short(value: Decimal) -> str:
    """A round figure of the scale: 250 k, 1,5 M."""
    for size, letter in ((Decimal(1_000_000), "M"), (Decimal(1_000), "k")):
        if abs(value) >= size:
            return f"{typography.number((value / size).normalize())}\N{NO-BREAK SPACE}{letter}"
    return typography.number(value.normalize())


def _names(chart: Chart) -> SafeString:
    """Under the places; every other one, or fewer, where they would touch."""
    every = 1 + (len(chart.places) - 1) // 7
    rows = [
        (_x(chart, place), HEIGHT - 6, SOFT, name)
        for place, name in enumerate(chart.places)
        if (len(chart.places) - 1 - place) % every == 0
    ]
    return format_html_join("", '<text x="{}" y="{}" text-anchor="middle" fill="{}">{}</text>', rows)


def _bars(chart: Chart, one: Series, scale: Scale, place: int) -> SafeString:
    room = (WIDTH - LEFT - RIGHT) // len(chart.places)
    wide = max(room * 7 // 10 // len(chart.bars), 2)
    start = -wide * len(chart.bars) // 2 + place * wide
    rows = []
    for at, value in enumerate(one.values):
        if value:
            top, bottom = sorted((scale.y(value), scale.y(Decimal(0))))
            paint = ("0.28", one.colour) if one.is_light else ("1", "none")
            rows.append(
                (_x(chart, at) + start, top, wide - 1, max(bottom - top, 1), one.colour, *paint, chart.places[at],
                 one.label, chart.words(value))
            )  # fmt: skip
    return format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" rx="1" fill="{}" fill-opacity="{}" stroke="{}">'
        "<title>{}, {} : {}</title></rect>",
        rows,
    )


def _line(chart: Chart, one: Series, scale: Scale) -> SafeString:
    """Broken where nothing is known."""
    points = [(_x(chart, at), scale.y(value), at, value) for at, value in enumerate(one.values) if value is not None]
    dashes = "5 4" if one.is_light else "none"
    strokes = format_html_join(
        "",
        '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="2" stroke-linecap="round"'
        ' stroke-dasharray="{}"/>',
        ((x1, y1, x2, y2, one.colour, dashes) for (x1, y1, a, _v), (x2, y2, b, _w) in pairwise(points) if b == a + 1),
    )
    dots = format_html_join(
        "",
        '<circle cx="{}" cy="{}" r="3" fill="{}"><title>{}, {} : {}</title></circle>',
        ((x, y, one.colour, chart.places[at], one.label, chart.words(value)) for x, y, at, value in points),
    )
    return format_html("{}{}", strokes, dots)


def _band(chart: Chart, one: Series, scale: Scale) -> SafeString:
    lower = [(_x(chart, at), scale.y(value)) for at, value in enumerate(one.values) if value is not None]
    upper = [(_x(chart, at), scale.y(value)) for at, value in enumerate(one.upper)]
    outline = " ".join(f"{x},{y}" for x, y in [*upper, *reversed(lower)])
    return format_html(
        '<polygon points="{}" fill="{}" fill-opacity="0.16"><title>{}</title></polygon>', outline, one.colour, one.label
    )
