"""The shape of the house: no circles, and where markup and colours may not be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"


def modules(room: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((APP / room.replace(".", "/")).rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_there_is_no_circle_between_any_two_files() -> None:
    graph = grimp.build_graph("farmwatch", "moto_deadline", include_external_packages=False)
    files = {
        module: {one for one in graph.find_modules_directly_imported_by(module) if one in graph.modules}
        for module in graph.modules
    }
    assert [sorted(circle) for circle in circles(files)] == []


def test_no_value_has_the_field_of_a_dataclass_as_its_default() -> None:
    # msgspec takes what dataclasses.field returns for a default like any other.
    for path, tree in modules("farmwatch"):
        if not re.search(r"^from dataclasses import .*\bfield\b", path.read_text(encoding="utf-8"), re.M):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and "Struct" in map(ast.unparse, node.bases):
                defaults = [one.value for one in node.body if isinstance(one, ast.AnnAssign) and one.value]
                assert "field(" not in " ".join(map(ast.unparse, defaults)), (path.name, node.name)


def circles(files: dict[str, set[str]]) -> list[set[str]]:
    """Groups of files each of which is reached from every other one of the group."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        ahead = [start]
        while ahead:
            for one in files[ahead.pop()] - found:
                found.add(one)
                ahead.append(one)
        return found

    reach = {module: reached(module) for module in files}
    groups = {
        frozenset(one for one in reach[module] if module in reach[one])
        for module in files
        if module in reach[module]
    }
    return [set(group) for group in groups if len(group) > 1]


def test_no_file_is_longer_than_500_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in APP.rglob("*.py")}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > 500} == {}


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
