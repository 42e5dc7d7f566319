"""Messages by real receivers: a command, a webhook, apprise."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.alerts.alert import Notice, NoticeKind
from farmwatch.config.notify_table import TargetTable
from farmwatch.notify.failure import Failure
from farmwatch.notify.message import Message, message_of
from farmwatch.notify.targets import NOT_INSTALLED, sender_of, wants
from farmwatch.notify.webhook import LONGEST_WAIT
from tests.alerts.facts import NOW
from tests.canned import present
from tests.notify.receiver import Receiver, program, receiving
from tests.notify.test_message import HOSTILE, an_alert
from tests.waiting import LONG, eventually

SECRET = "xoxb-very-secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def a_message(**changes: object) -> Message:
    told = message_of(Notice(NoticeKind.FIRED, NOW, (an_alert(),)))
    return replace(told, **changes)


def hostile() -> Message:
    alert = an_alert(name=HOSTILE + " @all <!channel>", words=HOSTILE, evidence=HOSTILE)
    return message_of(Notice(NoticeKind.FIRED, NOW, (alert,)))


def sent(message: Message | None = None, **target: object) -> Failure | None:
    given: Any = {"timeout": LONG, **target}
    return sender_of(TargetTable(**given))(message or a_message())


# --- a command ----------------------------------------------------------------------------------------------


def test_a_command_is_given_the_message_as_json(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = program(tmp_path, f"import sys; open({str(out)!r}, 'wb').write(sys.stdin.buffer.read())")
    assert sent(hostile(), command=words) is None
    told = json.loads(out.read_bytes())
    assert told["kind"] == "fired"
    assert "\x1b" not in told["title"]
    assert "$(reboot)" in told["title"]


def test_how_a_command_fails_is_told_without_its_arguments(tmp_path: Path) -> None:
    source = "import sys; sys.stderr.write('noise\\nrefused: ' + sys.argv[1] + '\\n\\n'); sys.exit(3)"
    failure = sent(command=(*program(tmp_path, source), SECRET))
    assert present(failure).words == "exit code 3: refused: (hidden)"


def test_a_command_that_is_not_there_is_told_so() -> None:
    assert (
        present(sent(command=("/nowhere/pager", SECRET))).words
        == "it cannot be run: No such file or directory"
    )


def test_a_command_that_hangs_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    source = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-S", "-c", "import signal, time; signal.pause()"])
open({str(pid)!r}, "w").write(str(child.pid))
print("still at it", file=sys.stderr, flush=True)
signal.pause()
"""
    failure = sent(command=program(tmp_path, source), timeout=1.0)
    assert present(failure).words.startswith("not done within 1 s, and ended")
    if pid.exists():
        child = int(pid.read_text() or 0)
        eventually(lambda: not child or not _runs(child))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- a webhook ----------------------------------------------------------------------------------------------


def test_a_webhook_is_posted_the_message_with_a_text_that_calls_nobody(receiver: Receiver) -> None:
    assert sent(hostile(), webhook=f"{receiver.url}/{SECRET}?a=b") is None
    (method, path, _), (told,) = receiver.asked[0], receiver.told
    assert (method, path) == ("POST", f"/{SECRET}?a=b")
    assert told["title"] in told["text"].replace("＠", "@").replace("‹", "<").replace("›", ">")
    assert not set("@<>\x1b\u202e") & set(told["text"])


@pytest.mark.parametrize(
    ("status", "headers", "words", "wait"),
    [
        (500, {}, "HTTP 500 Internal Server Error", None),
        (404, {"Retry-After": "7"}, "HTTP 404 Not Found", None),
        (429, {"Retry-After": "7"}, "HTTP 429 Too Many Requests", 7.0),
        (503, {"Retry-After": "1000000"}, "HTTP 503 Service Unavailable", LONGEST_WAIT),
        (503, {"Retry-After": "soon"}, "HTTP 503 Service Unavailable", None),
        (503, {"Retry-After": format_datetime(NOW)}, "HTTP 503 Service Unavailable", 0.0),
        (
            307,
            {"Location": "http://127.0.0.1:9/"},
            "HTTP 307: it leads elsewhere, which is not followed",
            None,
        ),
        (
            302,
            {"Location": "file:///etc/passwd"},
            "HTTP 302: it leads elsewhere, which is not followed",
            None,
        ),
    ],
)
def test_what_a_webhook_answers_but_success_is_a_failure(
    receiver: Receiver, status: int, headers: dict[str, str], words: str, wait: float | None
) -> None:
    receiver.answers = [(status, headers)]
    assert sent(webhook=f"{receiver.url}/{SECRET}") == Failure(words, wait)
    assert len(receiver.asked) == 1


def test_a_webhook_that_does_not_answer_is_given_up(receiver: Receiver) -> None:
    receiver.answers = [(0, {})]
    assert sent(webhook=f"{receiver.url}/{SECRET}", timeout=1.0) == Failure("no answer within 1 s")


def test_a_webhook_that_answers_a_byte_now_and_then_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        drip = """
import socket, time
other, _ = socket.socket(fileno=0).accept()
while True:
    other.send(b"H")
    time.sleep(0.1)
"""
        words = [sys.executable, "-S", "-c", drip]
        with subprocess.Popen(words, stdin=server.fileno(), stderr=subprocess.DEVNULL) as process:
            try:
                assert sent(webhook=f"http://127.0.0.1:{port}/", timeout=1.0) == Failure(
                    "no answer within 1 s"
                )
            finally:
                process.kill()


def test_a_webhook_that_is_not_there_is_told_without_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    failure = sent(webhook=f"http://user:{SECRET}@127.0.0.1:{port}/{SECRET}")
    assert present(failure).words == "ConnectionRefusedError: Connection refused"


# --- apprise ------------------------------------------------------------------------------------------------


def test_apprise_sends_what_it_is_told_and_fails_without_its_address(receiver: Receiver) -> None:
    assert sent(hostile(), apprise=f"json://127.0.0.1:{receiver.port}/{SECRET}") is None
    (told,) = receiver.told
    assert "$(reboot)" in told["title"]
    assert not set("@<>\x1b\u202e") & set(told["message"])
    receiver.answers = [(500, {})]
    failure = present(sent(apprise=f"json://user:{SECRET}@127.0.0.1:{receiver.port}/{SECRET}"))
    assert SECRET not in failure.words
    assert failure.words.startswith(("exit code 1", "apprise could not"))


def test_an_address_that_apprise_does_not_know_is_told_so() -> None:
    assert present(sent(apprise=f"nosuch://{SECRET}")).words == "apprise does not understand its address"


def test_where_apprise_is_not_installed_it_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apprise.py").write_text("raise ImportError", encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH", ""))))
    monkeypatch.setenv("PYTHONPATH", path)
    assert present(sent(apprise=f"json://{SECRET}")).words == NOT_INSTALLED


def test_apprise_is_not_imported_by_who_sends() -> None:
    modules = ("notify.targets", "notify.delivery", "notify.apprise_helper", "monitor.notifier")
    imports = ", ".join(f"farmwatch.{module}" for module in modules)
    source = f"import sys, {imports}; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


# --- what a target is told of -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "is_told"),
    [
        ({}, True),
        ({"severities": ("certain",)}, True),
        ({"severities": ("stuck",)}, False),
        ({"rules": ("update*",)}, True),
        ({"rules": ("stuck", "dead worker")}, False),
        ({"connections": ("EAST",)}, True),
        ({"queues": ("light*",), "jobs": ("comp_*",)}, True),
        ({"queues": ("light*",), "jobs": ("fx_*",)}, False),
        ({"jobs": ("job-1",)}, True),
    ],
)
def test_a_target_is_told_of_what_it_wants(target: dict[str, tuple[str, ...]], is_told: bool) -> None:
    message = a_message(queue="Lighting", job="comp_010")
    assert wants(TargetTable(webhook="http://h/", **target), message) is is_told  # type: ignore[arg-type]


def test_a_user_and_a_password_in_an_address_are_sent_as_such(receiver: Receiver) -> None:
    assert sent(webhook=f"http://user:{SECRET}@127.0.0.1:{receiver.port}/hook") is None
    assert receiver.asked[0][:2] == ("POST", "/hook")
    assert receiver.logins == [f"Basic {b64encode(f'user:{SECRET}'.encode()).decode()}"]
