"""``farmwatch doctor``: tries everything that the monitor needs, and says what is wrong and what to do."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from farmwatch.aws import access
from farmwatch.aws.cleaning import clean
from farmwatch.aws.client import DeadlineClient
from farmwatch.aws.connect import client_of
from farmwatch.aws.faults import classify
from farmwatch.aws.model import Fault, JobSearch, Page, SessionRef
from farmwatch.aws.redaction import redact
from farmwatch.aws.task import TaskSearch
from farmwatch.config.notify_table import NotifyTable, TargetTable, host_of
from farmwatch.config.paths import history_file, make_private, state_folder
from farmwatch.config.schema import default_path
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.history.store import History, sentence
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.sources import find
from farmwatch.notify.terminal import Multiplexer, Way
from farmwatch.notify.terminal_choice import AUTO, NAMES, ask_tmux, choose

CLOCK_OFF = timedelta(minutes=4)
"""From five minutes on AWS refuses signatures."""

LEAST_SPACE = 100 << 20
"""Bytes that should be free where the history is."""


class State(StrEnum):
    """How a check went."""

    OK = "ok"
    NOT_OK = "not ok"
    NOT_TRIED = "not tried"


class Check(Struct, frozen=True):
    """One thing that was tried: what was found, and what to do about it."""

    name: str
    state: State
    found: str
    remedy: str = ""
    connection: str = ""
    """The connection that was tried, where there are several."""


def examine(settings: Settings, environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Try everything, in the order in which it is needed; each result as soon as it is there."""
    yield from terminal(environ)
    yield notices(settings.notify.terminal, environ)
    yield from state(state_folder(environ))
    yield from telling(settings.notify, default_path(environ))
    for where in settings.connections:
        for check in _connection(where, settings):
            yield replace(check, connection=where.name) if len(settings.connections) > 1 else check


def _connection(where: ConnectionSettings, settings: Settings) -> Iterator[Check]:
    """Everything that one connection is for."""
    try:
        connection = access.connect(where)
    except Exception as error:  # noqa: BLE001 - whatever it is, that is what was to be found out
        yield _failed("credentials", classify(error, operation="", profile=where.profile))
        yield Check("calls", State.NOT_TRIED, "no credentials to make them with")
        return
    identity = connection.identity
    yield Check("profile", State.OK, identity.profile or "(default)")
    yield Check("region", State.OK, identity.region)
    user = ", as its user" if identity.user else ""
    renew = f"renewed by: {identity.login_command}" if identity.login_command else ""
    yield Check("credentials", State.OK, f"{identity.source}{user}", renew)
    ask = client_of(connection)
    endpoint = connection.deadline.meta.endpoint_url
    told = settings if settings.farm_id is not None else where
    ids = (told.farm_id, told.queue_id)
    yield from calls(ask, where.name, *ids, endpoint=endpoint)
    yield clock(ask.skew)
    connection.close()


# --- this machine -----------------------------------------------------------------------------------------


def terminal(environ: Mapping[str, str]) -> Iterator[Check]:
    """What the terminal can show."""
    if not sys.stdout.isatty():
        yield Check("terminal", State.NOT_TRIED, "this output is not a terminal")
        return
    size = shutil.get_terminal_size()
    state = State.OK if size.columns >= 80 and size.lines >= 24 else State.NOT_OK
    remedy = "" if state is State.OK else "make it 80x24 or larger"
    colours = "true colour" if environ.get("COLORTERM") in ("truecolor", "24bit") else environ.get("TERM", "")
    inside = ", in tmux" if environ.get("TMUX") else ", in screen" if environ.get("STY") else ""
    yield Check("terminal", state, f"{size.columns}x{size.lines}, {colours}{inside}", remedy)
    encoding = (sys.stdout.encoding or "").lower()
    plain = "" if encoding.startswith("utf") else "drawn in ASCII; a UTF-8 locale shows all glyphs"
    yield Check("characters", State.OK, encoding or "unknown", plain)


def notices(setting: str, environ: Mapping[str, str]) -> Check:
    """By which way the terminal is told of alerts while the screens are shown."""
    tmux = ask_tmux(environ)
    choice = choose(setting, environ, tmux)
    found = f"by {NAMES[choice.way]}: {choice.why}"
    if choice.asks:
        found += "; by OSC 99 where it answers that it knows it"
    if tmux is not None and tmux.passthrough:
        found += f"; allow-passthrough is {tmux.passthrough} in tmux"
    is_cut_off = tmux is not None and tmux.passthrough == "off" and choice.way not in (Way.BELL, Way.OFF)
    # The bell tells something, but not what.
    may_better = choice.inside is Multiplexer.TMUX and choice.way is Way.BELL and setting == AUTO
    remedy = (
        "tmux set -g allow-passthrough on, for notifications with words" if is_cut_off or may_better else ""
    )
    return Check("notices", State.NOT_OK if is_cut_off else State.OK, found, remedy)


def state(folder: Path) -> Iterator[Check]:
    """Whether the history can be kept where it belongs."""
    path = history_file(folder)
    try:
        make_private(folder)
        probe = folder / f".doctor-{os.getpid()}"
        probe.touch(0o600, exist_ok=False)
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        remedy = "make it writable, or name another folder in FARMWATCH_STATE"
        yield Check("state folder", State.NOT_OK, f"{folder}: {error.strerror}", remedy)
        return
    others = os.name == "posix" and folder.stat().st_mode & 0o077
    if free < LEAST_SPACE:
        yield Check("state folder", State.NOT_OK, f"{folder}: {free >> 20} MiB free", "free some space there")
    elif others:
        yield Check("state folder", State.NOT_OK, f"other users can read {folder}", f"chmod 700 {folder}")
    else:
        yield Check("state folder", State.OK, f"{folder}, {free >> 30} GiB free")
    if not path.exists():
        yield Check("history", State.OK, "nothing recorded yet")
        return
    try:
        history = History(path, run="doctor")
        newer = history.read_only
        history.close()
    except (sqlite3.Error, OSError) as error:
        remedy = "farmwatch sets it aside by itself and begins a new one"
        yield Check("history", State.NOT_OK, sentence(error, path), remedy)
    else:
        found = "written by a newer farmwatch" if newer else f"sound, {path.stat().st_size >> 10} KiB"
        yield Check("history", State.NOT_OK if newer else State.OK, found, "update this one" if newer else "")


def telling(notify: NotifyTable, path: Path) -> Iterator[Check]:
    """Who is told, by kind and host alone; and whether others can read where they are named."""
    if not notify.has_any:
        return
    try:
        others = os.name == "posix" and path.stat().st_mode & 0o077
    except OSError:
        others = False
    if others:
        found = f"other users can read {path}, which has the addresses of targets"
        yield Check("settings file", State.NOT_OK, found, f"chmod 600 {path}")
    for name, target in notify.targets.items():
        yield from _target(name, target)
    if notify.heartbeat_url:
        found = f"{host_of(notify.heartbeat_url)}, every {notify.heartbeat_minutes:g} min"
        yield Check("heartbeat", State.OK, found)


def _target(name: str, target: TargetTable) -> Iterator[Check]:
    title, found = f"target {name}", f"{target.kind}: {target.where}"
    if target.kind == "command" and shutil.which(target.command[0]) is None:
        yield Check(title, State.NOT_OK, f"{found}, which cannot be run", "name a program that is there")
    elif target.kind == "apprise" and find_spec("apprise") is None:
        yield Check(title, State.NOT_OK, f"{found}, and apprise is not there", "install farmwatch[notify]")
    else:
        yield Check(title, State.OK, found, f"farmwatch notify --test {name} tries it")


def clock(skew: timedelta | None) -> Check:
    """How far this machine's clock is from the service's."""
    if skew is None:
        return Check("clock", State.NOT_TRIED, "no reply had the time in it")
    seconds = skew.total_seconds()
    found = f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} the service's"
    if abs(skew) < CLOCK_OFF:
        return Check("clock", State.OK, found)
    return Check("clock", State.NOT_OK, found, "set it right: AWS refuses calls that are 5 minutes off")


# --- the calls --------------------------------------------------------------------------------------------


class _Calls:
    """Tries calls, each on what an earlier one has found."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def ask(self, operation: str, question: Callable[[], Any]) -> Any:
        answer = question()
        if isinstance(answer, Fault):
            self.checks.append(_failed(operation, answer))
            return None
        count = f"{len(answer.items)} found" if isinstance(answer, Page) else "answered"
        self.checks.append(Check(operation, State.OK, count))
        return answer

    def first(self, operation: str, question: Callable[[], Any]) -> Any:
        page = self.ask(operation, question)
        return page.items[0] if page is not None and page.items else None

    def not_tried(self, why: str, *operations: str) -> None:
        self.checks += [Check(one, State.NOT_TRIED, why) for one in operations]


def calls(
    ask: DeadlineClient, connection: str, farm_id: str | None, queue_id: str | None, *, endpoint: str
) -> Iterator[Check]:
    """Each call that the monitor makes, tried once on the first thing there is to try it on."""
    tried = _Calls()
    farm = tried.first("ListFarms", ask.farms)
    first = tried.checks[0]
    reached = first.state is State.OK or first.found.split(":")[0] != "OFFLINE"
    yield Check("endpoint", State.OK if reached else State.NOT_OK, endpoint, "" if reached else first.remedy)
    farm_id = farm_id or (farm.farm_id if farm else None)
    if farm_id is None:
        tried.not_tried("no farm to try it on", "everything below a farm")
    else:
        _on_farm(tried, ask, connection, farm_id, queue_id)
    yield from tried.checks


def _on_farm(tried: _Calls, ask: DeadlineClient, connection: str, farm_id: str, queue_id: str | None) -> None:
    tried.ask("GetFarm", lambda: ask.farm(farm_id))
    _on_fleet(tried, ask, farm_id)
    queue = tried.first("ListQueues", lambda: ask.queues(farm_id))
    queue_id = queue_id or (queue.queue_id if queue else None)
    if queue_id is None:
        tried.not_tried("no queue to try it on", "everything below a queue")
        return
    tried.ask("GetQueue", lambda: ask.queue(farm_id, queue_id))
    job = tried.first("SearchJobs", lambda: ask.search_jobs(JobSearch(farm_id, queue_id)))
    listed = tried.first("ListJobs", lambda: ask.list_jobs(farm_id, queue_id))
    job = job or listed
    if job is None:
        tried.not_tried("no job to try it on", "everything below a job")
        return
    task = tried.first("SearchTasks", lambda: ask.search_tasks(TaskSearch(farm_id, (queue_id,))))
    if task is None:
        tried.not_tried("no task runs to try it on", "GetTask")
    else:
        of_job = SessionRef(connection, farm_id, task.queue_id, task.job_id, task.session_id or "")
        tried.ask("GetTask", lambda: ask.task(of_job, task.step_id, task.task_id))
    tried.ask("GetJob", lambda: ask.job(farm_id, queue_id, job.job_id))
    tried.ask("BatchGetJob", lambda: ask.jobs_by_id([(farm_id, queue_id, job.job_id)]))
    session = tried.first("ListSessions", lambda: ask.sessions(farm_id, queue_id, job.job_id))
    if session is None:
        tried.not_tried("the newest job has no session to try it on", "everything below a session")
        return
    _on_session(tried, ask, SessionRef(connection, farm_id, queue_id, job.job_id, session.session_id))


def _on_fleet(tried: _Calls, ask: DeadlineClient, farm_id: str) -> None:
    fleets = tried.ask("ListFleets", lambda: ask.fleets(farm_id))
    if fleets is None or not fleets.items:
        tried.not_tried("no fleet to try it on", "SearchWorkers", "ListSessionsForWorker")
        return
    fleet_id = fleets.items[0]
    worker = tried.first("SearchWorkers", lambda: ask.search_workers(farm_id, fleets.items[:1]))
    if worker is None:
        tried.not_tried("no worker to try it on", "ListSessionsForWorker")
    else:
        tried.ask("ListSessionsForWorker", lambda: ask.worker_sessions(farm_id, fleet_id, worker.worker_id))


def _on_session(tried: _Calls, ask: DeadlineClient, ref: SessionRef) -> None:
    session = tried.ask("GetSession", lambda: ask.session(ref))
    tried.ask("BatchGetSession", lambda: ask.sessions_by_id([ref]))
    actions = tried.ask("ListSessionActions", lambda: ask.session_actions(ref))
    action = actions.items[0] if actions is not None and actions.items else None
    step = next((one.step_id for one in actions.items if one.step_id), None) if actions is not None else None
    if action is None:
        tried.not_tried("the session has no action", "GetSessionAction", "BatchGetSessionAction")
    else:
        tried.ask("GetSessionAction", lambda: ask.session_action(ref, action.action_id))
        tried.ask("BatchGetSessionAction", lambda: ask.session_actions_by_id(ref, [action.action_id]))
    if step is None:
        tried.not_tried("no action of the session has a step", "GetStep", "BatchGetStep")
    else:
        tried.ask("GetStep", lambda: ask.step(ref, step))
        ids = (ref.farm_id, ref.queue_id, ref.job_id, step)
        tried.ask("BatchGetStep", lambda: ask.step_names([ids]))
    for name, lane in (("GetLogEvents, session", SESSION), ("GetLogEvents, worker", WORKER)):
        found = None if session is None else find(ref, session, lane)
        if found is None or found.source is None:
            tried.not_tried("the log's place is not known", name)
        else:
            source = found.source
            tried.ask(name, lambda source=source: ask.log_page(source, limit=1))  # type: ignore[misc]


def _failed(name: str, fault: Fault) -> Check:
    found = f"{fault.kind}: {fault.sentence} {fault.code}"
    return Check(name, State.NOT_OK, _harmless(found), _harmless(fault.remedy))


def _harmless(text: str) -> str:
    return clean(redact(text), 500)


# --- telling ----------------------------------------------------------------------------------------------


def tell(settings: Settings, *, as_json: bool, echo: Callable[[str], Any]) -> int:
    """Examine and print; the exit code: 0, or 1 when something is not ok."""
    checks = []
    connection = ""
    for check in examine(settings):
        checks.append(check)
        if not as_json and check.connection != connection:
            connection = check.connection
            echo(f"\n{connection}")
        if not as_json:
            echo(line(check))
    if as_json:
        echo(json.dumps([asdict(check) for check in checks], indent=2))
    return int(any(check.state is State.NOT_OK for check in checks))


def line(check: Check) -> str:
    """A row of the table; what to do stands in a row of its own."""
    row = f"{check.state:<10} {check.name:<22} {_harmless(check.found)}"
    return f"{row}\n{'':<11}{'':<22} → {_harmless(check.remedy)}" if check.remedy else row
