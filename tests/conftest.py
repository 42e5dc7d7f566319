"""Every test has a home of its own, dummy keys, and no way out but the loopback address."""

from __future__ import annotations

import gc
import os
import signal
import socket
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The same examples at every run: a run that is red means that something has changed. For a search
# of other ones: HYPOTHESIS_PROFILE=search, with --hypothesis-seed to have one of them again.
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# What lives long in this process is looked through again and again: a tenth of its time, for nothing.
gc.set_threshold(100_000, 20, 100)

# Programs that tests start and end by a signal hear it, also where whoever started the tests ignores it:
# nohup the hang-up, a shell without job control the interrupt of what it runs in the background.
for _name in ("SIGHUP", "SIGINT"):
    _number = getattr(signal, _name, None)
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _name == "SIGINT" else signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests of the real program wait more than they work."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """In a worker of xdist pytest-cov watches lines twice: what it begins with stays beneath what a worker is
    meant to use, and goes on where that is paused. It is ended here, so that ``no_cover`` is what it says."""
    watching = _watching(session.config)
    if hasattr(session.config, "workerinput") and watching is not None:
        watching.cov.stop()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Look once for what was never closed. pytest does so five times over all that thousands of tests leave,
    nine seconds in which nothing else is done; it looks at what is new since then alone."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """What fixtures do is not watched: they build farms, again and again, as tests do themselves as well."""
    watching = _watching(item.config)
    if watching is not None:
        watching.pause()
    try:
        yield
    finally:
        if watching is not None:
            watching.resume()


def _watching(config: pytest.Config) -> Any:
    """What of pytest-cov watches lines; nothing where none are watched."""
    plugin = config.pluginmanager.getplugin("_cov")
    return None if plugin is None else plugin.cov_controller


SEEN_ELSEWHERE = frozenset(
    {
        "aws/test_botocore_data.py",
        "aws/test_client.py",
        "aws/test_fuzzing.py",
        "aws/test_model.py",
        "aws/test_session_action.py",
        "monitor/test_two_farms.py",
        "moto_deadline/test_scale.py",
        "moto_deadline/test_simulation.py",
        "ui/log/test_captures.py",
        "ui/log/test_finding.py",
        "ui/log/test_following.py",
        "ui/log/test_in_place.py",
        "ui/log/test_plumbing.py",
        "ui/log/test_state_line.py",
        "ui/log/test_taking_out.py",
        "ui/log/test_why.py",
        "ui/test_every_view_fails.py",
        "ui/test_final.py",
        "ui/test_picker.py",
        "ui/test_queue_counts.py",
        "ui/test_session_actions.py",
        "ui/test_session_screen.py",
        "ui/test_session_sizes.py",
        "wall/test_wall.py",
    }
)
"""Tests that take long, and whose lines others go through as well: all of these together but for one in a
hundred (by ``--cov-context=test``)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that nobody waits for it alone in the end, and mix what waits with
    what works. And watch no lines (``no_cover``) where that shows nothing: to watch them takes as long again.
    The real program runs in processes of its own; a screen at another size, or with another key, goes through
    much the same lines; and so does a long night, again and again."""
    missing = [name for name in SEEN_ELSEWHERE if not (_HERE / name).is_file()]
    assert not missing, f"there are no such tests: {missing}"
    seen: set[tuple[Path, str]] = set()
    for item in items:
        test = item.path, getattr(item, "originalname", item.name)
        place = item.path.relative_to(_HERE)
        is_again = test in seen and _part(item) in ("ui", "test_pictures.py")
        is_seen_elsewhere = is_again or place.as_posix() in SEEN_ELSEWHERE
        if is_seen_elsewhere or _part(item) == "end_to_end" or _is_long(item):
            item.add_marker(pytest.mark.no_cover)
        seen.add(test)
    long = [item for item in items if _is_long(item)]
    real = [item for item in items if not _is_long(item) and _part(item) == "end_to_end"]
    screens = [item for item in items if not _is_long(item) and _part(item) == "ui"]
    others = [item for item in items if not _is_long(item) and _part(item) not in ("end_to_end", "ui")]
    items[:] = [*long, *others, *_among(real, screens)]


def _is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None


def _part(item: pytest.Item) -> str:
    """The folder of ``tests`` that it is in, or its file there."""
    return item.path.relative_to(_HERE).parts[0]


def _among(few: list[pytest.Item], many: list[pytest.Item]) -> list[pytest.Item]:
    """Some tests at even distances among others, and none at the very end. The real program waits, for a
    terminal and for time, and the screens on a stage do not: several that wait at once leave a core idle."""
    distance = 0.9 * len(many) / max(1, len(few))
    mixed = list(many)
    for number in reversed(range(len(few))):
        mixed.insert(round(number * distance), few[number])
    return mixed


_HERE = Path(__file__).resolve().parent
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Home folders, each of which is made when it comes. (pytest looks through all that are there for the
    number of the next: a millisecond a test.)"""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def own_home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any configuration, and an environment that names no account."""
    home = next(homes)
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("AWS_", "DEADLINE_", "XDG_", "FARMWATCH_")):
            monkeypatch.delenv(name)
    for name, value in {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "AWS_CONFIG_FILE": str(home / ".aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws/credentials"),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TZ": "UTC",
    }.items():
        monkeypatch.setenv(name, value)
    # Where there is no tzset (Windows) the zone of the machine stays.
    getattr(time, "tzset", lambda: None)()
    return home


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches out fails, instead of asking somebody else's machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"a test reaches out to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
