"""The questions the monitor asks of Deadline Cloud: one typed method each.

Every method blocks, makes one request and answers with a value or a `Fault`; none raises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import xform_name
from msgspec import Raw

from farmwatch.aws.faults import classify, item_fault
from farmwatch.aws.log_page import LogPage, LogSource
from farmwatch.aws.log_reader import PAGE_SIZE as LOG_PAGE_SIZE
from farmwatch.aws.log_reader import LogReader
from farmwatch.aws.model import (
    ENDED,
    TASK_RUN_STATUSES,
    Farm,
    Fault,
    Job,
    JobSearch,
    Page,
    Queue,
    Session,
    SessionRef,
    SessionSummary,
)
from farmwatch.aws.parsing import ReadOnce, member_of
from farmwatch.aws.reply import BadReply, Reply, each, id_of_kind, some_list, text, whole
from farmwatch.aws.session_action import SessionAction, read_quickly
from farmwatch.aws.task import Step, Task, TaskSearch, Worker, WorkerSession

if TYPE_CHECKING:
    from mypy_boto3_deadline import DeadlineCloudClient

_log = logging.getLogger(__name__)

T = TypeVar("T")

PAGE_SIZE = 100
"""The most that a List operation and SearchJobs give at once (service model)."""

BATCH_SIZE = 100
"""The most that BatchGetSession and BatchGetSessionAction take at once (service model)."""

LAST_OFFSET = 10_000
"""SearchJobs refuses an offset beyond this (service model)."""


class DeadlineClient:
    """Asks Deadline Cloud through a botocore client.

    ``principal_id`` is the user of a Deadline Cloud monitor profile, without which the lists of farms,
    queues and jobs are denied to such a profile. ``renewal`` is how its credentials are renewed.
    ``on_request`` is called before every request, so that requests can be counted. ``logs`` reads logs.
    ``drop_sockets`` closes what is open; ``now`` is this machine's time.
    """

    skew: timedelta | None = None
    """How far this machine's clock is ahead of the service's, by the newest reply."""

    def __init__(
        self,
        client: DeadlineCloudClient,
        *,
        principal_id: str | None = None,
        profile: str | None = None,
        renewal: str | None = None,
        on_request: Callable[[], None] = lambda: None,
        logs: LogReader | None = None,
        drop_sockets: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._now = now
        self.close = drop_sockets
        events = getattr(getattr(client, "meta", None), "events", None)
        if events is not None:
            events.register("after-call", self._note_date)
        self._logs = logs
        self._principal = {"principalId": principal_id} if principal_id else {}
        self._profile = profile
        self._renewal = renewal
        self._on_request = on_request
        self._read_task = ReadOnce(Task.from_reply)
        self._read_session = ReadOnce(Session.from_reply)
        self._read_action = ReadOnce(SessionAction.from_reply, read_quickly)
        self._read_worker = ReadOnce(Worker.from_reply)

    def _note_date(self, http_response: Any, **_: Any) -> None:
        # Of any reply, be it an error: a service that refuses a signature because of the time tells its own.
        try:
            date = parsedate_to_datetime(http_response.headers["Date"])
            self.skew = self._now() - (date if date.tzinfo else date.replace(tzinfo=UTC))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return

    def farms(self, token: str | None = None) -> Page[Farm] | Fault:
        """ListFarms, 100 a page, with the ``principalId`` if there is one."""
        return self._ask(
            "ListFarms", lambda reply: _page(reply, "farms", Farm.from_reply), **self._list_of(token)
        )

    def farm(self, farm_id: str) -> Farm | Fault:
        """A farm by its id: GetFarm."""
        return self._ask("GetFarm", Farm.from_reply, farmId=farm_id)

    def queues(self, farm_id: str, token: str | None = None) -> Page[Queue] | Fault:
        """ListQueues, 100 a page, with the ``principalId`` if there is one."""
        return self._ask(
            "ListQueues",
            lambda reply: _page(reply, "queues", Queue.from_reply),
            farmId=farm_id,
            **self._list_of(token),
        )

    def queue(self, farm_id: str, queue_id: str) -> Queue | Fault:
        """A queue by its ids: GetQueue."""
        return self._ask("GetQueue", Queue.from_reply, farmId=farm_id, queueId=queue_id)

    def search_jobs(self, search: JobSearch, offset: int = 0) -> Page[Job] | Fault:
        """Jobs of up to ten queues, found and sorted by the service; ``offset`` 0..10,000."""
        asked: dict[str, Any] = {
            "farmId": search.farm_id,
            "queueIds": [search.queue_id, *search.other_queue_ids],
            "itemOffset": offset,
            "pageSize": search.limit,
            "sortExpressions": [
                {
                    "fieldSort": {
                        "name": search.sort,
                        "sortOrder": "DESCENDING" if search.descending else "ASCENDING",
                    }
                }
            ],
        }
        filters = _found_by(search)
        for statuses, operator in ((search.only, "ANY_EQUALS"), (search.without, "ALL_NOT_EQUALS")):
            if statuses:
                filters.append(_one_of("TASK_RUN_STATUS", statuses, operator))
        if filters:
            asked["filterExpressions"] = {"filters": filters, "operator": "AND"}

        return self._ask(
            "SearchJobs", lambda reply: _searched(reply, "jobs", Job.from_reply, offset), **asked
        )

    def search_tasks(self, search: TaskSearch, offset: int = 0) -> Page[Task] | Fault:
        """Tasks of up to ten queues, found and sorted by the service; ``offset`` 0..10,000."""
        filters = [_one_of("RUN_STATUS", search.statuses)]
        if search.since is not None:
            newer = {
                "name": search.since_field,
                "operator": "GREATER_THAN_EQUAL_TO",
                "dateTime": search.since,
            }
            filters.append({"dateTimeFilter": newer})
        order = "DESCENDING" if search.descending else "ASCENDING"
        return self._ask(
            "SearchTasks",
            lambda reply: _searched(reply, "tasks", self._read_task, offset),
            farmId=search.farm_id,
            queueIds=list(search.queue_ids),
            itemOffset=offset,
            pageSize=PAGE_SIZE,
            filterExpressions={"filters": filters, "operator": "AND"},
            sortExpressions=[{"fieldSort": {"name": search.sort, "sortOrder": order}}],
        )

    def task(self, ref: SessionRef, step_id: str, task_id: str) -> Task | Fault:
        """See `DeadlineApi.task`."""
        ids = {**_job_ids(ref), "stepId": step_id}
        return self._ask("GetTask", lambda reply: Task.from_own_reply(reply, ids), **ids, taskId=task_id)

    def task_count(self, farm_id: str, queue_ids: Sequence[str], statuses: Sequence[str]) -> int | Fault:
        """How many tasks of up to ten queues are in these run statuses: the ``totalResults`` of SearchTasks,
        which tells 10,000 at the most; a reply without it is a bad reply, and so a `Fault`."""
        return self._ask(
            "SearchTasks",
            lambda reply: whole(reply, "totalResults"),
            farmId=farm_id,
            queueIds=list(queue_ids),
            itemOffset=0,
            pageSize=1,
            filterExpressions={"filters": [_one_of("RUN_STATUS", statuses)], "operator": "AND"},
        )

    def search_workers(self, farm_id: str, fleet_ids: Sequence[str], offset: int = 0) -> Page[Worker] | Fault:
        """Workers of up to ten fleets; ``offset`` 0..10,000."""
        return self._ask(
            "SearchWorkers",
            lambda reply: _searched(reply, "workers", self._read_worker, offset),
            farmId=farm_id,
            fleetIds=list(fleet_ids),
            itemOffset=offset,
            pageSize=PAGE_SIZE,
        )

    def worker_sessions(
        self, farm_id: str, fleet_id: str, worker_id: str, token: str | None = None
    ) -> Page[WorkerSession] | Fault:
        """ListSessionsForWorker, 100 a page, of whatever queue and job."""
        return self._ask(
            "ListSessionsForWorker",
            lambda reply: _page(reply, "sessions", WorkerSession.from_reply),
            farmId=farm_id,
            fleetId=fleet_id,
            workerId=worker_id,
            maxResults=PAGE_SIZE,
            **({"nextToken": token} if token else {}),
        )

    def fleets(self, farm_id: str, token: str | None = None) -> Page[str] | Fault:
        """The ids of the fleets of a farm (ListFleets), with the ``principalId`` if there is one."""
        return self._ask(
            "ListFleets",
            lambda reply: _page(reply, "fleets", lambda fleet: id_of_kind(fleet, "fleetId", "fleet")),
            farmId=farm_id,
            **self._list_of(token),
        )

    def list_jobs(self, farm_id: str, queue_id: str, token: str | None = None) -> Page[Job] | Fault:
        """ListJobs, 100 a page, with the ``principalId`` if there is one."""
        return self._ask(
            "ListJobs",
            lambda reply: _page(reply, "jobs", Job.from_reply),
            farmId=farm_id,
            queueId=queue_id,
            **self._list_of(token),
        )

    def job(self, farm_id: str, queue_id: str, job_id: str) -> Job | Fault:
        """A job by its ids: GetJob."""
        return self._ask("GetJob", Job.from_reply, farmId=farm_id, queueId=queue_id, jobId=job_id)

    def sessions(
        self, farm_id: str, queue_id: str, job_id: str, token: str | None = None
    ) -> Page[SessionSummary] | Fault:
        """ListSessions, 100 a page. It takes no ``principalId``."""
        return self._ask(
            "ListSessions",
            lambda reply: _page(reply, "sessions", SessionSummary.from_reply),
            farmId=farm_id,
            queueId=queue_id,
            jobId=job_id,
            maxResults=PAGE_SIZE,
            **({"nextToken": token} if token else {}),
        )

    def session(self, ref: SessionRef) -> Session | Fault:
        """GetSession; a reply that is about another session is a bad reply, and so a `Fault`."""

        def read(reply: Reply) -> Session:
            session = Session.from_reply(reply)
            if session.session_id != ref.session_id:
                raise BadReply("the reply is about another session")
            return session

        return self._ask("GetSession", read, **_ids(ref))

    def sessions_by_id(self, refs: Sequence[SessionRef]) -> Mapping[str, Session | Fault] | Fault:
        """Up to 100 sessions by their ids, each with an answer of its own: one that is gone, or whose part of
        the reply is no good, spoils nothing of the others."""
        operation = "BatchGetSession"

        def read(reply: Reply) -> Mapping[str, Session | Fault]:
            answers: dict[str, Session | Fault] = {
                key: item_fault(operation, str(told.get("code")), str(told.get("message") or ""))
                for key, told in _by_id(reply, "errors", "sessionId").items()
            }
            for item in some_list(reply, "sessions"):
                try:
                    session = self._read_session(item)
                    answers[session.session_id] = session
                except BadReply as error:
                    # What has no id is nobody's.
                    key = member_of(item, "sessionId")
                    if isinstance(key, str):
                        answers[key] = classify(error, operation=operation)
            nothing = BadReply("the reply tells nothing of it")
            return {
                ref.session_id: answers.get(ref.session_id) or classify(nothing, operation=operation)
                for ref in refs
            }

        return self._ask(operation, read, identifiers=[_ids(ref) for ref in refs])

    def session_actions(self, ref: SessionRef, token: str | None = None) -> Page[SessionAction] | Fault:
        """ListSessionActions of one session, 100 a page."""
        return self._ask(
            "ListSessionActions",
            lambda reply: _page(reply, "sessionActions", SessionAction.from_reply),
            **_ids(ref),
            maxResults=PAGE_SIZE,
            **({"nextToken": token} if token else {}),
        )

    def session_action(self, ref: SessionRef, action_id: str) -> SessionAction | Fault:
        """GetSessionAction, which is asked with the ids of the job, but not with that of the session."""
        return self._ask(
            "GetSessionAction", SessionAction.from_reply, **_job_ids(ref), sessionActionId=action_id
        )

    def session_actions_by_id(
        self, ref: SessionRef, action_ids: Sequence[str]
    ) -> Mapping[str, SessionAction] | Fault:
        """Up to 100 actions by their ids, with message and exit code; those that could not be had are left
        out."""

        def read(reply: Reply) -> Mapping[str, SessionAction]:
            found = each(reply, "sessionActions", self._read_action)
            return {action.action_id: action for action in found}

        asked = [{**_job_ids(ref), "sessionActionId": one} for one in action_ids]
        return self._ask("BatchGetSessionAction", read, identifiers=asked)

    def actions_of_sessions(
        self, wanted: Sequence[tuple[SessionRef, str]]
    ) -> Mapping[str, SessionAction] | Fault:
        """Up to 100 actions, each with its session, by their ids; what could not be had is left out."""
        return self._ask(
            "BatchGetSessionAction",
            lambda reply: {one.action_id: one for one in _good(reply, "sessionActions", self._read_action)},
            identifiers=[{**_job_ids(ref), "sessionActionId": action_id} for ref, action_id in wanted],
        )

    def jobs_by_id(self, ids: Sequence[tuple[str, str, str]]) -> Mapping[str, Job] | Fault:
        """Up to 100 jobs (BatchGetJob), each by the ids of its farm and queue and its own; by their own ids.
        Those that could not be had are left out."""
        return self._ask(
            "BatchGetJob",
            lambda reply: {job.job_id: job for job in _good(reply, "jobs", Job.from_reply)},
            identifiers=[dict(zip(("farmId", "queueId", "jobId"), one, strict=True)) for one in ids],
        )

    def step_names(self, ids: Sequence[tuple[str, str, str, str]]) -> Mapping[str, str] | Fault:
        """The names of up to 100 steps (BatchGetStep) by their ids, each asked for with those of its farm,
        queue and job. Those that could not be had are left out."""

        def read(reply: Reply) -> Mapping[str, str]:
            return dict(_good(reply, "steps", lambda one: (text(one, "stepId"), text(one, "name"))))

        return self._ask(
            "BatchGetStep",
            read,
            identifiers=[
                dict(zip(("farmId", "queueId", "jobId", "stepId"), one, strict=True)) for one in ids
            ],
        )

    def step(self, ref: SessionRef, step_id: str) -> Step | Fault:
        """A step of a session's job (GetStep); a reply without its name is a bad reply, and so a `Fault`."""
        return self._ask("GetStep", Step.from_reply, **_job_ids(ref), stepId=step_id)

    def log_page(
        self,
        source: LogSource,
        token: str | None = None,
        *,
        from_head: bool = True,
        start: int | None = None,
        end: int | None = None,
        limit: int = LOG_PAGE_SIZE,
    ) -> LogPage | Fault:
        """A page of a log: see `LogReader.page`."""
        if self._logs is None:
            return classify(BadReply("no logs here"), operation="GetLogEvents")
        return self._logs.page(source, token, from_head=from_head, start=start, end=end, limit=limit)

    def end_session(self, ref: SessionRef, client_token: str) -> Fault | None:
        """UpdateSession with the one target that there is, ENDED. Of what botocore tries again the service
        knows by the token that it is the same wish, here as below."""
        ids = _ids(ref)
        return self._ask(
            "UpdateSession", _taken, **ids, targetLifecycleStatus=ENDED, clientToken=client_token
        )

    def update_task(
        self, ref: SessionRef, step_id: str, task_id: str, target: str, client_token: str
    ) -> Fault | None:
        """UpdateTask, of a task of the session's job."""
        ids = {**_job_ids(ref), "stepId": step_id, "taskId": task_id}
        return self._ask("UpdateTask", _taken, **ids, targetRunStatus=target, clientToken=client_token)

    def update_job(
        self, farm_id: str, queue_id: str, job_id: str, target: str, client_token: str
    ) -> Fault | None:
        """UpdateJob, of its target task run status alone."""
        ids = {"farmId": farm_id, "queueId": queue_id, "jobId": job_id}
        return self._ask("UpdateJob", _taken, **ids, targetTaskRunStatus=target, clientToken=client_token)

    def _list_of(self, token: str | None) -> dict[str, Any]:
        asked: dict[str, Any] = {"maxResults": PAGE_SIZE, **self._principal}
        if token:
            asked["nextToken"] = token
        return asked

    def _ask(self, operation: str, read: Callable[[Reply], T], **asked: Any) -> T | Fault:
        self._on_request()
        began = monotonic()
        answer = self._answer(operation, read, asked)
        if _log.isEnabledFor(logging.DEBUG):
            how = f"{answer.kind} {answer.code} {answer.request_id}" if isinstance(answer, Fault) else "ok"
            _log.debug("%s %.0f ms %s", operation, 1000 * (monotonic() - began), how)
        return answer

    def _answer(self, operation: str, read: Callable[[Reply], T], asked: dict[str, Any]) -> T | Fault:
        try:
            reply: object = getattr(self._client, xform_name(operation))(**asked)
            if not isinstance(reply, Mapping):
                raise BadReply("the reply is not a structure")
            if "nextToken" in asked and reply.get("nextToken") == asked["nextToken"]:
                # Whoever reads page after page would never come to the end.
                raise BadReply("nextToken is the one that was sent")
            return read(reply)
        except Exception as error:  # noqa: BLE001 - bad bodies raise bare errors of many kinds
            return classify(error, operation=operation, profile=self._profile, login=self._renewal)


MOST_VALUES = 16
"""Values that a filter by a list takes (service model)."""

SHORTEST_STATUS = 3
"""Letters from which on a search term may be meant as a part of a status."""


def _found_by(search: JobSearch) -> list[dict[str, Any]]:
    """The filter of what was typed: a term, a status as it is shown, or a user as shown."""
    if not search.text:
        return []
    term = {"searchTermFilter": {"searchTerm": search.text, "matchType": "CONTAINS"}}
    ways: list[dict[str, Any]] = [term]
    word = search.text.upper().replace(" ", "_")
    statuses = [one for one in TASK_RUN_STATUSES if len(word) >= SHORTEST_STATUS and word in one]
    if statuses and not search.plainly:
        ways.append(_one_of("TASK_RUN_STATUS", statuses))
    if search.users and not search.plainly:
        ways.append(_one_of("CREATED_BY", search.users[:MOST_VALUES]))
    return ways if len(ways) == 1 else [{"groupFilter": {"filters": ways, "operator": "OR"}}]


def _one_of(name: str, values: Sequence[str], operator: str = "ANY_EQUALS") -> dict[str, Any]:
    return {"stringListFilter": {"name": name, "operator": operator, "values": list(values)}}


def _taken(reply: Reply) -> None:
    """The replies to what changes something have no members, which a sign-in page has none of either; but
    that is no JSON. Raises `BadReply`."""
    headers = (reply.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    if "json" not in headers.get("content-type", "json"):
        raise BadReply("the reply is not JSON")


def _job_ids(ref: SessionRef) -> dict[str, str]:
    return {"farmId": ref.farm_id, "queueId": ref.queue_id, "jobId": ref.job_id}


def _ids(ref: SessionRef) -> dict[str, str]:
    return {**_job_ids(ref), "sessionId": ref.session_id}


def _by_id(reply: Reply, name: str, key: str) -> dict[str, Reply]:
    """The members of a list of a batch's reply by their ids; what has none is nobody's. Raises `BadReply`."""
    found = [item for item in some_list(reply, name) if isinstance(item, Mapping)]
    return {item[key]: item for item in found if isinstance(item.get(key), str)}


def _searched(reply: Reply, name: str, read: Callable[[Any], T], offset: int) -> Page[T]:
    """A page of what a search found; its ``next`` is the offset of the page that follows, as a text."""
    total, following = reply.get("totalResults"), reply.get("nextItemOffset")
    if not isinstance(total, int) or not isinstance(following, int | None):
        raise BadReply("totalResults is missing or nextItemOffset is not a number")
    if following is not None and not offset < following <= LAST_OFFSET:
        following = None
    return Page(each(reply, name, read), None if following is None else str(following), total)


def _good(reply: Reply, name: str, read: Callable[[Any], T]) -> list[T]:
    """The members of a list of a batch's reply; one that is no good spoils nothing of the others."""
    found: list[T] = []
    for item in some_list(reply, name):
        if isinstance(item, Raw | Mapping):
            with suppress(BadReply):
                found.append(read(item))
    return found


def _page(reply: Reply, name: str, read: Callable[[Reply], T]) -> Page[T]:
    token = reply.get("nextToken")
    if not isinstance(token, str | None):
        raise BadReply("nextToken is not a text")
    return Page(each(reply, name, read), token or None)
