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


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Leave what thousands of tests have left to the end of the process. pytest looks through all of it for
    what was never closed, five times, nine seconds in which nothing else is done; and what a worker finds
    then is told nobody."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that nobody waits for it alone in the end, and mix what waits with
    what works."""
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
