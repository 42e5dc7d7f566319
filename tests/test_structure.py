"""The shape of the house: which way imports run, and where markup and colours may not be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"

MAY_IMPORT = {
    # room: what of our own, and of the outside, it may import at any level of the file
    "farmwatch.cloud": {"farmwatch.cloud", "farmwatch.config.settings", "farmwatch.__version__"},
    "farmwatch.watch": {
        "farmwatch.watch",
        "farmwatch.aws.fault_source",
        "farmwatch.aws.model",
        "farmwatch.aws.cleaning",
        "farmwatch.aws.log_page",
        "farmwatch.aws.redaction",
        "farmwatch.aws.session_action",
        "farmwatch.config.paths",
    },
    "farmwatch.ui": {
        "farmwatch.ui",
        "farmwatch.watch",
        "farmwatch.aws.fault_source",
        "farmwatch.aws.model",
        "farmwatch.aws.cleaning",
        "farmwatch.aws.session_action",
        "farmwatch.config.debug_log",
        "farmwatch.config.settings",
        "farmwatch.config.paths",
    },
    "farmwatch.config.settings": {
        "farmwatch.aws.cleaning",
        "farmwatch.aws.reply",
        "farmwatch.config.preferences",
    },
    "farmwatch.config.preferences": {"farmwatch.aws.cleaning"},
    "farmwatch.config.paths": set(),
    "moto_deadline": {"moto_deadline"},
}
FORBIDDEN = {
    "farmwatch.cloud": {"textual", "rich"},
    "farmwatch.watch": {"textual", "rich", "boto3", "botocore"},
    "farmwatch.ui": {"boto3", "botocore"},
    "farmwatch.config.settings": {"textual", "boto3", "botocore"},
    "farmwatch.config.preferences": {"textual", "boto3", "botocore"},
    "farmwatch.config.paths": {"textual", "boto3", "botocore"},
    "moto_deadline": {"textual", "farmwatch"},
}


def modules(room: str) -> Iterator[tuple[Path, ast.Module]]:
    place = APP / room.replace(".", "/")
    for path in sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module in ("farmwatch", "farmwatch.cloud"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def is_under(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in modules(room)
        for name in imports(tree)
        if is_under(name, FORBIDDEN[room])
        or (is_under(name, {"farmwatch", "moto_deadline"}) and not is_under(name, MAY_IMPORT[room]))
    ]
    assert wrong == []


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in APP.rglob("*.py")}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > 400} == {}


def test_there_are_no_colours_in_python() -> None:
    colour = re.compile(r"""["']#[0-9a-fA-F]{3,8}["']""")
    found = [
        str(path.relative_to(ROOT))
        for path in (APP / "farmwatch").rglob("*.py")
        if colour.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


MARKUP_SINKS = {
    "Static",
    "Label",
    "Button",
    "Checkbox",
    "update",
    "Tab",
    "Option",
    "from_markup",
    "from_text",
}


def test_no_plain_text_is_handed_to_a_widget_that_reads_markup() -> None:
    """Only `Content` or nothing: a name with ``[@click=app.quit]`` in it must stay a name."""
    wrong = []
    for path, tree in modules("farmwatch.ui"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            is_text = isinstance(first, ast.JoinedStr | ast.BinOp) or (
                isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value != ""
            )
            if name in MARKUP_SINKS and is_text:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
            if name == "notify" and not isinstance(first, ast.Constant):
                safe = [
                    k.value for k in node.keywords if k.arg == "markup" and isinstance(k.value, ast.Constant)
                ]
                if [ast.literal_eval(option) for option in safe] != [False]:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} notify")
    assert wrong == []
