"""Where the program begins: where it was left, and on which connections a command watches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.cli.monitor import left_at
from farmwatch.cli.placing import placed
from farmwatch.cli.watch import with_connections_of
from farmwatch.config.paths import history_file
from farmwatch.config.schema import default_path
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.config.state import KeptMark, KeptPlace, KeptState
from farmwatch.history.events import Event, EventKind
from farmwatch.history.store import History
from farmwatch.listings.place import CONNECTIONS, Place
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, REF, START

WEST = ConnectionSettings("west", "studio", "us-west-2")
EAST = ConnectionSettings("east", "night", "us-east-1")
LEFT = KeptState(place=KeptPlace("west", (FARM_ID, QUEUE_ID), WEST.where))


@pytest.fixture
def named() -> Path:
    path = default_path({})
    path.parent.mkdir(parents=True)
    path.write_text('[connections.west]\nprofile = "studio"\nregion = "us-west-2"\n')
    return path


def test_it_begins_where_it_was_left() -> None:
    assert left_at(LEFT, Settings((WEST,)), {}) == Place("west", FARM_ID, QUEUE_ID)
    assert left_at(LEFT, Settings((EAST, WEST)), {}) == Place("west", FARM_ID, QUEUE_ID)
    assert left_at(KeptState(place=KeptPlace("")), Settings((WEST, EAST)), {}) == CONNECTIONS


@pytest.mark.parametrize(
    ("kept", "settings", "options"),
    [
        (KeptState(), Settings((WEST,)), {}),
        (LEFT, Settings((WEST,)), {"farm_id": FARM_ID}),
        (LEFT, Settings((EAST,)), {}),
        (LEFT, Settings((replace(WEST, profile="another"),)), {}),
        (KeptState(place=KeptPlace("")), Settings((WEST,)), {}),
        (KeptState(place=KeptPlace("west", ("farm-1",), WEST.where)), Settings((WEST,)), {}),
    ],
)
def test_it_begins_elsewhere_where_that_was_asked_for_or_is_another_place(
    kept: KeptState, settings: Settings, options: dict[str, Any]
) -> None:
    assert left_at(kept, settings, options) is None


@pytest.mark.usefixtures("named")
def test_what_is_marked_brings_its_connection_unless_another_was_asked_for() -> None:
    mark = KeptMark("west", (FARM_ID, QUEUE_ID, JOB_ID), "a job", START)
    kept = KeptState(marks=(mark, replace(mark, connection="gone")))
    default = Settings()
    assert [one.name for one in with_connections_of(default, kept, {}).connections] == ["default", "west"]
    assert with_connections_of(default, kept, {"profile": "night"}) == default


@pytest.mark.usefixtures("named")
def test_a_session_that_the_history_knows_brings_its_connection() -> None:
    path = history_file()
    path.parent.mkdir(parents=True)
    history = History(path, run="test")
    ref = replace(REF, connection="west")
    history.write([(1, Event(ref, EventKind.STATUS, "", None, "STARTED", START))])
    history.close()
    assert placed(ref.session_id, {})["connections"] == ("west",)
    assert "connections" not in placed(ref.session_id, {"profile": "night"})
    assert placed(ref.session_id, {"connections": ("east",)})["connections"] == ("east",)
