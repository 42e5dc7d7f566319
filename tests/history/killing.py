"""Kill the flight recorder's writer at any moment, again and again, and see what is left."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from farmwatch.history.store import History

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Killed:
    """What came of a number of kills: what was acknowledged, what of it is missing, what the file is like;
    and how often something had to wait, because another one wrote."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    damaged: int = 0
    waits: int = 0


def kill_writers(path: Path, kills: int, *, seed: int) -> Killed:
    """Start a writer and kill it after a random while, so many times; every other time a second one writes
    to the same file."""
    rng, result = random.Random(seed), Killed()
    acknowledged: set[str] = set()
    for number in range(kills):
        names = [f"w{number}"] if number % 2 else [f"w{number}", f"v{number}"]
        writers = [_start(path, name) for name in names]
        first: list[str] = []
        if number % 5:
            # From the first word on it is at work; every fifth time it is not even waited for.
            first = [line for writer in writers for line in _until_acknowledged(writer)]
        time.sleep(rng.uniform(0.0, 0.05 if first else 0.3))
        for writer in writers:
            writer.kill()
        words = [*first, *(writer.communicate()[0] for writer in writers)]
        for word in words:
            # A last line without its end was cut off by the kill.
            lines = word[: word.rfind("\n") + 1].splitlines()
            result.waits += sum(line.startswith("waits") for line in lines)
            acknowledged |= {line for line in lines if not line.startswith("waits")}
        result.kills += 1
        result.damaged += not _is_sound(path)
    result.acknowledged = len(acknowledged)
    history = History(path, run="reader")
    found = [entry.new or "" for entry in history.entries(limit=10**9)]
    history.close()
    result.lost = len(acknowledged - set(found))
    result.doubled = len(found) - len(set(found))
    return result


def _start(path: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.history.killed_writer", str(path), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def _until_acknowledged(writer: subprocess.Popen[str]) -> list[str]:
    """What it says until its first entry is acknowledged; the other one may keep it waiting."""
    assert writer.stdout is not None
    said = [writer.stdout.readline()]
    while said[-1].startswith("waits"):
        said.append(writer.stdout.readline())
    return said


def _is_sound(path: Path) -> bool:
    database = sqlite3.connect(path)
    try:
        return bool(database.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False
    finally:
        database.close()
