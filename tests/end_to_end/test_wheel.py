"""The wheel, as somebody installs it: into an empty environment, run from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.end_to_end.terminal import Terminal

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows"),
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment into which the wheel has been installed, and nothing of the checkout.

    What the wheel depends on is lent by the environment of the tests, through a .pth file, so that no
    index is needed; farmwatch itself is taken out of that loan.
    """
    folder = tmp_path_factory.mktemp("wheel")
    environ = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INDEX": "1"}
    pip = [sys.executable, "-m", "pip", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, env=environ, timeout=120)
    (wheel,) = folder.glob("farmwatch-*.whl")
    place = folder / "env"
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    install = [*pip, "--python", str(python), "install", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, env=environ, timeout=120)
    (site,) = (place / "lib").glob("python*/site-packages")
    lent = Path(pytest.__file__).resolve().parent.parent
    (site / "lent.pth").write_text(f"import sys; sys.path.append({str(lent)!r})\n")
    return place / "bin"


def test_the_wheel_starts_from_another_folder(installed: Path, tmp_path: Path) -> None:
    terminal = Terminal([str(installed / "farmwatch"), "--demo"], tmp_path, cwd=tmp_path)
    try:
        terminal.wait_for(lambda text: "DEMO" in text and "Northlight" in text)
    finally:
        terminal.process.close(force=True)


def test_the_wheel_brings_its_styles(installed: Path, tmp_path: Path) -> None:
    code = "import farmwatch.ui.themes as themes; print(themes.styles_folder())"
    command = [str(installed / "python"), "-c", code]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    styles = Path(shown.stdout.strip())
    assert installed.parent in styles.parents
    assert {path.name for path in styles.iterdir()} == {path.name for path in (ROOT / "styles").iterdir()}
