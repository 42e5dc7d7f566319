"""The program, with an alert of a hostile name: it is told, and then told to be over, instead of a test."""

from __future__ import annotations

from itertools import cycle

from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, Notice, NoticeKind, Subject, id_of
from farmwatch.config.settings import Settings
from farmwatch.rules.finding import Severity
from farmwatch.ui.app import FarmwatchApp
from tests.canned import START
from tests.payloads import ESCAPES
from tests.wall.night import Night, Run

HOSTILE = "".join(ESCAPES.values())

SUBJECT = Subject("default", job_id="job-1")

FIRED = Alert(
    id=id_of("stuck", SUBJECT),
    rule="stuck",
    subject=SUBJECT,
    severity=Severity.STUCK,
    words="silent",
    evidence=f"silent 38 min of 55; {HOSTILE}",
    since=START,
    found_at=START,
    fired_at=START,
    name=f"sq010;{HOSTILE}",
)


class Program(FarmwatchApp):
    """Tells of the alert instead of testing."""

    notices = cycle(
        [
            Notice(NoticeKind.FIRED, START, (FIRED,)),
            Notice(NoticeKind.RESOLVED, START, (replace(FIRED, resolved_at=START),)),
        ]
    )

    def action_test_notice(self) -> None:
        self.telling.hear(next(self.notices))


if __name__ == "__main__":
    Program(Settings(), lambda _: lambda *_: Night(Run(1))).run()
