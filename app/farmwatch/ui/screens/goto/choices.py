"""What is meant by a line that goes anywhere: a command, an id, an address, or a name of what is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from farmwatch.aws.reply import is_id
from farmwatch.config.places import UnknownPlace, options_of
from farmwatch.history.time_expression import parse_since
from farmwatch.listings.place import CONNECTIONS, Place
from farmwatch.words.text import short_id

MOST = 50
"""Choices that are shown: who looks for another one types more."""

RECENT = 8
"""Places that were visited last, as long as nothing is typed."""


class Command(Struct, frozen=True):
    """A word, the action of the program that it stands for, and what may follow it (``takes``). ``check``
    raises `ValueError`, with a sentence, for what must not follow it."""

    word: str
    told: str
    action: str
    takes: str = ""
    check: Callable[[str, datetime], object] | None = None


COMMANDS = (
    Command("history", "what happened, by session", "history", "since when", parse_since),
    Command("wall", "everything that runs, and what failed", "wall", "name"),
    Command("alerts", "what fires, and who knows", "alerts"),
    Command("digest", "what to hand over, fit for a ticket", "digest", "since when", parse_since),
    Command("marked", "what is marked, and watched in the background", "marked"),
    Command("connections", "the list of connections", "connections"),
    Command("connect", "add a connection: a profile in a region", "connect"),
    Command("test-notice", "send a test notice, to see that it arrives", "test_notice"),
    Command("help", "all keys of this screen", "help"),
    Command("doctor", "check everything that is needed", "doctor"),
    Command("quit", "leave Farmwatch", "quit"),
)
"""What can be done by a word."""


class Choice(Struct, frozen=True):
    """Something to go to: a place, or what a command does. ``told`` says more about it."""

    label: str
    told: str = ""
    place: Place | None = None
    action: str = ""
    given: tuple[str, ...] = ()


class Spot(Struct, frozen=True):
    """A place that is known, what it is called, and what else it can be found by: an id, a worker's, a host's
    name."""

    place: Place
    name: str
    words: tuple[str, ...] = ()


class Known(Struct, frozen=True):
    """What is known: where one is, the spots (those visited last first), the names of farms, queues and jobs
    by their ids, and the connections with the region of each."""

    here: Place
    spots: Mapping[Place, Spot] = {}
    recent: Sequence[Place] = ()
    names: Mapping[str, str] = {}
    regions: Mapping[str, str] = {}
    commands: tuple[Command, ...] = COMMANDS
    walls: tuple[str, ...] = ()
    """The names of the walls that were made."""

    def name(self, of: str) -> str:
        """The name of what has that id, or its short id."""
        return self.names.get(of) or short_id(of)

    def where(self, place: Place) -> str:
        """What a place is, and what it belongs to, in words."""
        kind = ("connection", "farm", "queue", "job", "session")[len(place.ids)]
        above = [self.name(of) for of in place.ids[-2::-1]]
        if len(self.regions) > 1 and place.ids:
            above.append(place.connection)
        elif not place.ids and len(self.regions) == 1:
            return "all farms of the connection"
        return f"{kind} · {' · '.join(above)}" if above else kind


class Meaning(Struct, frozen=True):
    """What a line may mean: the choices, the best first; ``problem`` is why there is none, or why the one
    that seems to be meant cannot be. ``searches`` says that jobs of that name may be looked for."""

    choices: tuple[Choice, ...] = ()
    problem: str = ""
    searches: bool = False


def meaning(line: str, known: Known, now: datetime) -> Meaning:
    """What a line may mean."""
    line = line.strip()
    if not line:
        recent = [_to(known.spots[place], known) for place in known.recent[:RECENT] if place in known.spots]
        return Meaning((*recent, *(_command(one) for one in known.commands)))
    if line.startswith(("http://", "https://")):
        return _by_address(line, known)
    problem = ""
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    # One that was made goes before one that would be.
    choices = _walls(rest, known) if rest and word.casefold() == "wall" else []
    for command in _commands(word, rest, known):
        try:
            if rest and command.check is not None:
                command.check(rest, now)
        except ValueError as error:
            problem = f"{command.word}: {error}"
        else:
            choice = _command(command, rest)
            choices += [] if choice in choices else [choice]
    choices += [] if rest else _walls(line, known)
    choices += [_to(spot, known) for spot in matching(line, known)]
    if _ANY_ID.fullmatch(line.lower()):
        return _by_id(line.lower(), choices, known)
    return Meaning(tuple(choices[:MOST]), problem, searches=not problem)


# --- commands -----------------------------------------------------------------------------------------


def _commands(word: str, rest: str, known: Known) -> list[Command]:
    """The commands that begin with a word; the one that it is comes first."""
    word = word.casefold()
    found = [one for one in known.commands if one.word.startswith(word) and (one.takes or not rest)]
    if rest:
        # What follows makes sense for a whole word only: else it is a name of two words.
        found = [one for one in found if one.word == word]
    return sorted(found, key=lambda one: one.word != word)


def _command(command: Command, rest: str = "") -> Choice:
    takes = f" [{command.takes}]" if command.takes else ""
    label = f"{command.word} {rest}" if rest else f"{command.word}{takes}"
    return Choice(label, command.told, action=command.action, given=(rest,) if rest else ())


def _walls(typed: str, known: Known) -> list[Choice]:
    """The walls whose name begins with what is typed."""
    told = "everything that runs, and what failed"
    return [
        Choice(f"wall {name}", told, action="wall", given=(name,))
        for name in known.walls
        if name.casefold().startswith(typed.casefold())
    ]


# --- names --------------------------------------------------------------------------------------------


def matching(line: str, known: Known) -> list[Spot]:
    """The spots that a line may mean, the best first; of two that are as good the one visited last."""
    wanted = line.casefold()
    scored = [(score, spot) for spot in known.spots.values() if (score := score_of(wanted, spot))]
    scored.sort(key=lambda one: -one[0])
    return [spot for _, spot in scored[:MOST]]


def score_of(wanted: str, spot: Spot) -> int:
    """How well a spot fits what was typed (casefolded), 0 for not at all: its whole name, its beginning, all
    words of it anywhere, or at least its letters in their order."""
    name = spot.name.casefold()
    if name == wanted:
        return 5
    if any(word.casefold().startswith(wanted) for word in spot.words):
        return 4
    if name.startswith(wanted):
        return 3
    if all(word in name for word in wanted.split()):
        return 2
    letters = iter(name)
    return int(all(letter in letters for letter in wanted if letter != " "))


def _to(spot: Spot, known: Known) -> Choice:
    return Choice(spot.name, known.where(spot.place), spot.place)


# --- ids and addresses --------------------------------------------------------------------------------

_ANY_ID = re.compile(r"(farm|queue|job|session|worker)-[0-9a-f]{1,32}")

_LEVELS = ("farm", "queue", "job", "session")


def _by_id(line: str, choices: Iterable[Choice], known: Known) -> Meaning:
    """What an id, or its beginning, may mean. One that is whole and not known may belong to where one is."""
    found = tuple(choices)[:MOST]
    kind = line.partition("-")[0]
    if found or not is_id(kind, line):
        return Meaning(found, searches=kind == "job")
    if kind == "worker":
        return Meaning(problem=f"Nothing is known of {short_id(line)}: the wall lists the workers.")
    level, here = _LEVELS.index(kind), known.here
    if here == CONNECTIONS or len(here.ids) < level:
        above = _LEVELS[level - 1] if level else "connection"
        return Meaning(
            problem=f"Not known: {short_id(line)}. Go to its {above} first, or paste its address.",
            searches=kind == "job",
        )
    place = Place(here.connection, *(*here.ids[:level], line))
    told = f"{known.where(place)}, as far as is known"
    return Meaning((Choice(short_id(line), told, place),), searches=kind == "job")


def _by_address(address: str, known: Known) -> Meaning:
    try:
        options = options_of(address, lambda _: None)
    except UnknownPlace as error:
        return Meaning(problem=f"{error}.")
    region = options.get("region")
    ids = []
    for kind in _LEVELS:
        if f"{kind}_id" not in options:
            break
        ids.append(options[f"{kind}_id"])
    # Without a region it is that of where one is; a region may have several connections.
    regions = known.regions
    names = [name for name, its in regions.items() if not region or not its or its == region]
    if not names:
        return Meaning(problem=f"There is no connection in {region}: connect adds one.")
    names.sort(key=lambda name: (name != known.here.connection, regions[name] != region))
    choices = []
    for name in names:
        place = Place(name, *ids)
        choices.append(Choice(known.name(ids[-1]), known.where(place), place))
    return Meaning(tuple(choices))


def spots_of(places: Iterable[Place], names: Mapping[str, str]) -> dict[Place, Spot]:
    """Places, and those that they lie in, as spots."""
    spots: dict[Place, Spot] = {}
    for place in places:
        one: Place | None = place
        # What a known one lies in is known too.
        while one is not None and one.connection and one not in spots:
            of = one.ids[-1] if one.ids else one.connection
            spots[one] = Spot(one, names.get(of) or short_id(of), (of,) if one.ids else ())
            one = one.parent
    return spots
