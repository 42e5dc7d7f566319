"""The monitor on a farm whose every name and message is hostile, and which nobody has cleaned.

The door where text is cleaned is left out on purpose: what is tried here is the wall behind it.
"""

from __future__ import annotations

from msgspec.structs import replace

from farmwatch.aws.log_page import LogEvent, LogPage
from farmwatch.aws.model import Farm, FaultKind, Host, LogConfiguration, Page, Queue
from farmwatch.aws.session_action import SessionAction
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.logs.times import milliseconds
from farmwatch.ui.app import FarmwatchApp
from tests.canned import (
    FARM_ID,
    QUEUE_ID,
    START,
    CannedFarm,
    a_fault,
    a_job,
    a_session,
    a_summary,
    an_action,
)
from tests.payloads import ESCAPES, MARKUP

TEXTS = [f"{number:02}{text}" for number, text in enumerate([*ESCAPES.values(), *MARKUP])]
ALL = " ".join(TEXTS)


def hostile_action(number: int, text: str) -> SessionAction:
    return an_action(number, text, kind=text, message=text, environment_id=text, parameters={text: ALL})


def hostile_page() -> LogPage:
    """A log as bad as can be, its banners and directives too."""
    start = milliseconds(START)
    lines = (
        [f"--------- {text}" for text in TEXTS] + [f"openjd_fail: {text}" for text in TEXTS] + [*TEXTS, ALL]
    )
    return LogPage([LogEvent(start + number, line) for number, line in enumerate(lines)], "f/1/s", "b/1/s")


def hostile_farm() -> CannedFarm:
    farms = [Farm(FARM_ID, TEXTS[0], START, ALL)]
    farms += [Farm(f"farm-{number:032x}", text, START, text) for number, text in enumerate(TEXTS)]
    host = Host(ALL, TEXTS[3], ALL, tuple(TEXTS))
    log = LogConfiguration("awslogs", dict(zip(TEXTS, TEXTS, strict=True)), {ALL: ALL}, ALL)
    fault = replace(a_fault(FaultKind.DENIED), sentence=ALL, remedy=ALL, code=ALL, request_id=ALL)
    session = a_session(log=log, worker_log=log, host=host, lifecycle_status=TEXTS[6], updated_by=ALL)
    return CannedFarm(
        farms=Page(tuple(farms)),
        queues=Page(tuple(Queue(QUEUE_ID, text, text, text, START, text) for text in TEXTS[:1])),
        search_jobs=Page(tuple(a_job(n, text, name=text, created_by=text) for n, text in enumerate(TEXTS))),
        sessions=Page(tuple(a_summary(n, lifecycle_status=text) for n, text in enumerate(TEXTS))),
        sessions_by_id=lambda refs: {
            r.session_id: a_session(session_id=r.session_id, host=host) for r in refs
        },
        session=[session, fault, session],
        session_actions=Page(tuple(hostile_action(n, text) for n, text in enumerate(TEXTS))),
        session_actions_by_id=lambda ref, ids: {},
        step=ALL,
        log_page=lambda source, token: hostile_page() if token is None else LogPage([], token, token),
    )


if __name__ == "__main__":
    where = ConnectionSettings(profile=TEXTS[2], region=TEXTS[1])
    FarmwatchApp(Settings((where,)), lambda _: lambda *_: hostile_farm()).run()
