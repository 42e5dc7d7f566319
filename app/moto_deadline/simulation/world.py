"""The world of a simulation: an account, a clock, and what is yet to happen in it."""

from __future__ import annotations

import hashlib
import heapq
import random
import threading
from collections.abc import Generator
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from moto_deadline.simulation.account import Account, Record, SessionIds
from moto_deadline.simulation.clock import RealClock, StoryClock
from moto_deadline.simulation.logs import LogWriter

Play = Generator[float, None, None]
"""Something that happens: between two steps it says how many seconds pass."""


class World:
    """An account that is moved along a clock; the same seed and clock give the same ids and the same chance.

    It moves when `advance` is called, by everything that has become due since: nothing runs by itself.
    ``cast`` names sessions that something particular happens to.
    """

    def __init__(self, seed: int, clock: StoryClock | None, account_id: str, region: str) -> None:
        self.seed = seed
        self.clock = clock or RealClock()
        self.account_id = account_id
        self.region = region
        self.account = Account()
        self.lock = threading.RLock()
        """Held while the simulation moves, and while anything of it is read."""
        self.logs = LogWriter(account_id, region, lambda: self.clock.now(), self.lock, self.advance)
        self.held: dict[str, list[tuple[datetime, list[str]]]] = {}
        """Lines of sessions whose log stream is not there yet."""
        self.cast: dict[str, SessionIds] = {}
        self.start = self.clock.now()
        self.at = self.start
        self.running: dict[str, object] = {}
        """What the agent has of the sessions that are not over, by their ids."""
        self.runs: WeakValueDictionary[str, object] = WeakValueDictionary()
        """The jobs that are being run, by their ids, for as long as anybody runs them."""
        self.taken: set[str] = set()
        """The client tokens of the changes that were taken."""
        self.archive: dict[str, tuple[str, str]] = {}
        self._due: list[tuple[datetime, int, Play]] = []
        self._plays = 0
        self._numbers: dict[str, int] = {}

    # --- time -----------------------------------------------------------------------------------------

    def play(self, play: Play, at: datetime | None = None) -> None:
        """Begin something at a time, now unless told."""
        self._push(at or self.at, play)

    def _push(self, at: datetime, play: Play) -> None:
        self._plays += 1
        heapq.heappush(self._due, (at, self._plays, play))

    def advance(self) -> None:
        """Let everything happen that is due by now."""
        with self.lock:
            self._advance()

    def _advance(self) -> None:
        now = self.clock.now()
        while self._due and self._due[0][0] <= now:
            at, _, play = heapq.heappop(self._due)
            self.at = at
            seconds = next(play, None)
            if seconds is not None:
                self._push(self.after(at, seconds), play)
        self.at = max(self.at, now)

    def after(self, at: datetime, seconds: float) -> datetime:
        """The time so many seconds of the simulation later. What lies before its start is history, and was
        never sped up."""
        history = max(0.0, (self.start - at).total_seconds())
        unsped = min(seconds, history)
        return at + timedelta(seconds=unsped + (seconds - unsped) / self.clock.speed)

    def play_out(self, play: Play, at: datetime) -> datetime:
        """Let something happen from beginning to end in the past; the time of its end."""
        here = self.at
        self.at = at
        for seconds in play:
            self.at += timedelta(seconds=seconds)
        end, self.at = self.at, here
        return end

    # --- names and chance -----------------------------------------------------------------------------

    def new_id(self, kind: str) -> str:
        """The next id of a kind: ``session-`` and 32 hexadecimal digits."""
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self.id_of(kind, number)

    def id_of(self, kind: str, *names: object) -> str:
        """An id of a kind that follows from names: the same whenever it is asked for."""
        told = " ".join(map(str, (self.seed, kind, *names)))
        return f"{kind}-{hashlib.sha256(told.encode()).hexdigest()[:32]}"

    def chance(self, *names: object) -> random.Random:
        """A source of chance of one's own, so that no play disturbs another's."""
        return random.Random(f"{self.seed} {names}")

    # --- what sessions and workers write --------------------------------------------------------------

    def log(self, session: Record, lines: list[str]) -> None:
        """Lines in the log of a session, if it has one."""
        if session["sessionId"] in self.held:
            self.held[session["sessionId"]].append((self.at, lines))
        elif "error" not in session["log"]:
            options = session["log"]["options"]
            self.logs.write(options["logGroupName"], options["logStreamName"], self.at, lines)

    def release(self, session: Record) -> None:
        """The log stream of a session appears, with what was held back."""
        here = self.at
        for at, lines in self.held.pop(session["sessionId"], []):
            self.at = at
            self.log(session, lines)
        self.at = here
