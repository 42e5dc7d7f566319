"""The way that words take into a widget: never as markup, which the farm's own text could then be."""

from __future__ import annotations

from rich.style import Style
from textual.app import App
from textual.content import Content

from farmwatch.words.text import Part

TONES = {
    "": "",
    "success": "$text-success",
    "warning": "$text-warning",
    "error": "$error-tone",
    "accent": "$text-accent",
    "muted": "$muted-tone",
    "strong": "bold",
    "heading": "bold $text-muted",
    "title": "bold $text-accent",
    "failure": "bold $text-error",
    "lane": "$text-warning",
    "lane-0": "$text-primary",
    "lane-1": "$text-accent",
    "lane-2": "$text-success",
    "lane-3": "$text-secondary",
    "lane-4": "$text-warning",
    "lane-5": "bold $text-muted",
}
"""What every tone looks like, by the theme's variables; lanes are the logs that are shown as one."""


def content(*parts: Part | str) -> Content:
    """Styled text for a widget, from pieces that are taken literally."""
    return Content.assemble(
        *((part, "") if isinstance(part, str) else (part[0], TONES[part[1]]) for part in parts)
    )


def toned(style: Style, tone: str, app: App[object]) -> Style:
    """A style of Rich's in a tone, for what is drawn line by line; raises `KeyError` for a tone there is none
    of. A component class for each tone would have every widget look all of them up whenever its style may be
    another one."""
    found = app.stylesheet.parse_style(TONES[tone])
    colour = None if found.foreground is None else found.foreground.rich_color
    return style + Style(color=colour, bold=found.bold, dim=found.dim)
