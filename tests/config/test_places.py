"""Places named by one argument."""

from __future__ import annotations

import pytest

from farmwatch.aws.model import SessionRef
from farmwatch.config.places import UnknownPlace, is_place, options_of
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, REF, SESSION_ID

MONITOR = "https://northlight.us-west-2.deadlinecloud.amazonaws.com/us-west-2"
AT_JOB = {"farm_id": FARM_ID, "queue_id": QUEUE_ID, "job_id": JOB_ID, "region": "us-west-2"}


def known(session_id: str) -> SessionRef | None:
    return REF if session_id == SESSION_ID else None


@pytest.mark.parametrize(
    ("place", "options"),
    [
        (f"{MONITOR}/farms/{FARM_ID}/queues/{QUEUE_ID}?jobId={JOB_ID}", AT_JOB),
        (f"{MONITOR}/farms/{FARM_ID}/queues/{QUEUE_ID}/jobs/{JOB_ID}", AT_JOB),
        (
            f"{MONITOR}/farms/{FARM_ID}/queues/{QUEUE_ID}?jobId={JOB_ID}&sessionId={SESSION_ID}",
            {**AT_JOB, "session_id": SESSION_ID},
        ),
        (f"{MONITOR}/farms/{FARM_ID}", {"farm_id": FARM_ID, "region": "us-west-2"}),
        (f"https://farms.example/{FARM_ID}", {"farm_id": FARM_ID}),
        (
            SESSION_ID,
            {"farm_id": FARM_ID, "queue_id": QUEUE_ID, "job_id": JOB_ID, "session_id": SESSION_ID},
        ),
    ],
)
def test_a_place_stands_for_options(place: str, options: dict[str, str]) -> None:
    assert is_place(place)
    assert options_of(place, known) == options


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (MONITOR, "names no farm"),
        (f"{MONITOR}/farms/{FARM_ID}/farms/farm-{'0' * 32}", "names two farms"),
        ("https://[broken", "is not an address"),
        ("session-61e4", "is not the id of a session"),
        (f"session-{'0' * 32}", "the history does not know"),
        ("session-\x1b[2J", "is not the id of a session"),
    ],
)
def test_what_names_no_place_is_refused_with_the_reason(place: str, why: str) -> None:
    assert is_place(place)
    with pytest.raises(UnknownPlace, match=why) as refused:
        options_of(place, known)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("word", ["doctor", "watch", "job-1", "farm", ""])
def test_other_words_are_no_places(word: str) -> None:
    assert not is_place(word)
