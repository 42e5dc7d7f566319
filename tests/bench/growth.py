"""A picture of how something grows: panels with logarithmic axes, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from tests.bench.figures import number

WIDTH, HEIGHT = 320, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 28, 62, 66
COLOURS = ("#1565c0", "#6d4c41")
GOAL_COLOUR = "#c62828"


@dataclass(frozen=True)
class Curve:
    """Values over how many there are of something, both above 0. A goal is drawn with dashes."""

    name: str
    points: Mapping[int, float]
    is_goal: bool = False


@dataclass(frozen=True)
class Panel:
    """Curves of one unit."""

    title: str
    curves: Sequence[Curve]


def growth(title: str, panels: Sequence[Panel]) -> str:
    """The panels beside each other."""
    width = WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" font-size="11">',
        '<style>text { font-family: sans-serif }</style><rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for place, panel in enumerate(panels):
        parts += [f'<g transform="translate({WIDTH * place} 0)">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel) -> list[str]:
    sizes = [size for curve in panel.curves for size in curve.points]
    values = [value for curve in panel.curves for value in curve.points.values()]
    columns, rows = _decades(sizes), _decades(values)
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(size: float) -> float:
        return LEFT + across * (log10(size) - columns[0]) / (columns[-1] - columns[0])

    def y(value: float) -> float:
        return TOP + down * (1 - (log10(value) - rows[0]) / (rows[-1] - rows[0]))

    parts = [f'<text x="{LEFT}" y="{TOP - 10}" font-weight="bold">{escape(panel.title)}</text>']
    for decade in columns:
        at = x(10.0**decade)
        parts += [
            f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{TOP + down}" stroke="#ddd"/>',
            f'<text x="{at:.1f}" y="{TOP + down + 15}" text-anchor="middle">{10**decade:,}</text>',
        ]
    for decade in rows:
        at = y(10.0**decade)
        parts += [
            f'<line x1="{LEFT}" y1="{at:.1f}" x2="{LEFT + across}" y2="{at:.1f}" stroke="#ddd"/>',
            f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_label(decade)}</text>',
        ]
    colours = iter(COLOURS)
    for place, curve in enumerate(panel.curves):
        colour = GOAL_COLOUR if curve.is_goal else next(colours)
        dashes = ' stroke-dasharray="5 4"' if curve.is_goal else ""
        points = [(x(size), y(value), value) for size, value in sorted(curve.points.items())]
        line = " ".join(f"{across_:.1f},{down_:.1f}" for across_, down_, _ in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"{dashes}/>')
        if place == 0:
            parts += [
                f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="3" fill="{colour}"/>'
                f'<text x="{at_x:.1f}" y="{at_y + 16:.1f}" text-anchor="middle">{number(value)}</text>'
                for at_x, at_y, value in points
            ]
        key = TOP + down + 30 + 12 * place
        parts += [
            f'<line x1="{LEFT}" y1="{key - 4}" x2="{LEFT + 24}" y2="{key - 4}" stroke="{colour}"{dashes}/>',
            f'<text x="{LEFT + 30}" y="{key}">{escape(curve.name)}</text>',
        ]
    return parts


def _decades(values: Sequence[float]) -> range:
    """The powers of ten from below the least to above the greatest."""
    first, last = floor(log10(min(values))), ceil(log10(max(values)))
    return range(first, max(last, first + 1) + 1)


def _label(decade: int) -> str:
    return f"{10**decade:,}" if decade >= 0 else f"{10.0**decade:g}"
