"""The way that words take into a widget: never as markup, which the farm's own text could then be."""

from __future__ import annotations

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
}


def content(*parts: Part | str) -> Content:
    """Styled text for a widget, from pieces that are taken literally."""
    return Content.assemble(
        *((part, "") if isinstance(part, str) else (part[0], TONES[part[1]]) for part in parts)
    )
