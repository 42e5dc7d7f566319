"""The themes, which are written in a file beside the style sheets, and what the style sheets need of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
from textual.theme import Theme

COLOURS = ("farmwatch-dark", "farmwatch-light")
FEW_COLOURS = ("farmwatch-16", "farmwatch-16-light")
"""The dark and the light theme, for terminals of many colours and of 16."""


def styles_folder() -> Path:
    """Where the style sheets are: beside the package in an installed wheel, beside ``app/`` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "styles"
    return installed if installed.is_dir() else package.parent.parent / "styles"


def style_sheet(name: str) -> Path:
    """A style sheet by its name. Those of all screens are the app's (shared, table); every other one is that
    of a screen, its ``CSS_PATH``, and is read when the first screen of the kind is opened."""
    return styles_folder() / f"{name}.tcss"


def themes(path: Path) -> list[Theme]:
    """The themes of a JSON file, by their names: colours belong to the styles, and the program names them by
    the variables of Textual's themes alone. Those for 16 colours are the terminal's own, as they stand."""
    # TOML takes twenty times as long, and the first frame waits.
    found = msgspec.json.decode(path.read_bytes())
    return [Theme(name=name, **members) for name, members in found.items()]


def with_text_styles(variables: dict[str, str], *, no_color: bool) -> dict[str, str]:
    """The variables of a theme, and with them how errors and what is muted are told apart where there are no
    colours: every application that uses one of the style sheets needs them."""
    error, muted = ("bold", "dim") if no_color else ("", "")
    return {
        **variables,
        "error-text-style": error or "none",
        "muted-text-style": muted or "none",
        "error-tone": f"{error} {variables['text-error']}".strip(),
        "muted-tone": f"{muted} {variables['text-muted']}".strip(),
    }
