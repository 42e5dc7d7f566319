"""The questions, asked of the embedded farm through boto3."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

import moto_deadline
from farmwatch.aws.client import DeadlineClient
from farmwatch.aws.model import (
    ACTIVE_TASK_RUN_STATUSES,
    DEFAULT_CONNECTION,
    Fault,
    FaultKind,
    JobSearch,
    Page,
    SessionRef,
    SessionSummary,
)
from moto_deadline.simulation import FrozenClock, Simulation
from tests.canned import present, value


class Asked:
    def __init__(self) -> None:
        self.requests = 0
        self.simulation = moto_deadline.install(Simulation(clock=FrozenClock()))
        client = boto3.client("deadline", region_name=moto_deadline.REGION)
        self.client = client
        self.ask = DeadlineClient(client, on_request=self._count)

    def _count(self) -> None:
        self.requests += 1

    def ref(self, name: str) -> SessionRef:
        ids = self.simulation.cast[name]
        return SessionRef(DEFAULT_CONNECTION, ids.farm_id, ids.queue_id, ids.job_id, ids.session_id)


@pytest.fixture(scope="module")
def farm() -> Iterator[Asked]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        moto_deadline.register()
        with mock_aws():
            yield Asked()


def test_farms_are_listed(farm: Asked) -> None:
    assert value(farm.ask.farms()).items[0].name == "Northlight"


def test_queues_are_listed(farm: Asked) -> None:
    farm_id = value(farm.ask.farms()).items[0].farm_id
    names = [queue.name for queue in value(farm.ask.queues(farm_id)).items]
    assert "lighting" in names


def test_single_things_have_their_names(farm: Asked) -> None:
    ref = farm.ref("failed")
    assert value(farm.ask.farm(ref.farm_id)).name == "Northlight"
    assert value(farm.ask.queue(ref.farm_id, ref.queue_id)).name == "lighting"
    assert value(farm.ask.job(ref.farm_id, ref.queue_id, ref.job_id)).name == "sq010_sh0410_lgt_v003"


def test_jobs_are_searched_by_text(farm: Asked) -> None:
    ref = farm.ref("failed")
    page = value(farm.ask.search_jobs(JobSearch(ref.farm_id, ref.queue_id, "SH0410")))
    assert ([job.job_id for job in page.items], page.total) == ([ref.job_id], 1)


def test_jobs_of_several_queues_are_searched_at_once_and_tell_their_queue(farm: Asked) -> None:
    farm_id = value(farm.ask.farms()).items[0].farm_id
    queues = {queue.name: queue.queue_id for queue in value(farm.ask.queues(farm_id)).items}
    search = JobSearch(
        farm_id, queues["lighting"], limit=1, other_queue_ids=(queues["dailies archive"],), sort="NAME"
    )
    both = value(farm.ask.search_jobs(search))
    lighting = value(farm.ask.search_jobs(JobSearch(farm_id, queues["lighting"])))
    archive = value(farm.ask.search_jobs(JobSearch(farm_id, queues["dailies archive"])))
    assert present(both.total) == present(lighting.total) + present(archive.total)
    assert {job.queue_id for job in (*both.items, *lighting.items)} <= set(queues.values())
    assert {job.queue_id for job in lighting.items} == {queues["lighting"]}


def test_jobs_that_workers_are_busy_with_are_told_from_the_others(farm: Asked) -> None:
    ref = farm.ref("failed")
    busy = value(farm.ask.search_jobs(JobSearch(ref.farm_id, ref.queue_id, only=ACTIVE_TASK_RUN_STATUSES)))
    others = value(
        farm.ask.search_jobs(JobSearch(ref.farm_id, ref.queue_id, without=ACTIVE_TASK_RUN_STATUSES))
    )
    everything = value(farm.ask.search_jobs(JobSearch(ref.farm_id, ref.queue_id)))
    assert all(job.is_active for job in busy.items)
    assert not any(job.is_active for job in others.items)
    assert present(busy.total) + present(others.total) == everything.total


def test_pages_of_a_search_go_on_where_the_former_ended(farm: Asked) -> None:
    farm_id = value(farm.ask.farms()).items[0].farm_id
    (archive,) = [q for q in value(farm.ask.queues(farm_id)).items if q.name == "dailies archive"]
    first = value(farm.ask.search_jobs(JobSearch(farm_id, archive.queue_id)))
    second = value(farm.ask.search_jobs(JobSearch(farm_id, archive.queue_id), int(present(first.next))))
    assert (len(first.items), first.next, first.total) == (100, "100", 5000)
    assert not {job.key for job in first.items} & {job.key for job in second.items}


def test_sessions_are_listed_in_pages(farm: Asked) -> None:
    ref = farm.ref("crowd")
    found: list[SessionSummary] = []
    token = None
    while True:
        page = value(farm.ask.sessions(ref.farm_id, ref.queue_id, ref.job_id, token))
        found += page.items
        token = page.next
        if token is None:
            break
    assert len({session.key for session in found}) == 300


def test_a_session_has_everything(farm: Asked) -> None:
    session = value(farm.ask.session(farm.ref("worker_log_error")))
    assert session.lifecycle_status == "STARTED"
    assert present(session.worker_log).error == "Missing log group"
    assert present(present(session.host).instance_arn).startswith(
        "arn:aws:ec2:us-west-2:123456789012:instance/i-"
    )


def test_sessions_are_had_by_their_ids(farm: Asked) -> None:
    refs = [farm.ref(name) for name in ("failed", "living", "crowd")]
    assert set(value(farm.ask.sessions_by_id(refs))) == {ref.session_id for ref in refs}


def test_session_actions_are_listed_without_exit_codes_and_had_with_them_by_their_ids(farm: Asked) -> None:
    ref = farm.ref("failed")
    listed = value(farm.ask.session_actions(ref)).items
    assert [action.status for action in listed].count("FAILED") == 1
    assert not any(action.detailed for action in listed)
    (failed,) = [action.action_id for action in listed if action.status == "FAILED"]
    whole = value(farm.ask.session_actions_by_id(ref, [failed]))[failed]
    assert (whole.exit_code, whole.detailed) == (7, True)
    assert whole.message
    assert value(farm.ask.session_action(ref, failed)) == whole


def test_the_name_of_a_step_is_had(farm: Asked) -> None:
    ref = farm.ref("failed")
    steps = {action.step_id for action in value(farm.ask.session_actions(ref)).items if action.step_id}
    assert {value(farm.ask.step(ref, step_id)).name for step_id in steps} == {"Render"}


def test_what_is_not_there_is_a_fault(farm: Asked) -> None:
    ref = farm.ref("living")
    answer = farm.ask.session(
        SessionRef(DEFAULT_CONNECTION, ref.farm_id, ref.queue_id, ref.job_id, "session-" + "0" * 32)
    )
    assert isinstance(answer, Fault)
    assert (answer.kind, answer.operation) == (FaultKind.GONE, "GetSession")


def test_an_answer_about_another_session_is_a_bad_reply(farm: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    other = farm.client.get_session(**ids(farm.ref("failed")))
    monkeypatch.setattr(farm.client, "get_session", lambda **_: other)
    answer = farm.ask.session(farm.ref("living"))
    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.BAD_REPLY


@pytest.mark.parametrize(
    "reply", [{}, {"farms": None}, {"farms": [{}]}, None, "<html>", {"farms": [], "nextToken": 5}]
)
def test_garbage_with_status_200_is_a_bad_reply(
    farm: Asked, monkeypatch: pytest.MonkeyPatch, reply: object
) -> None:
    monkeypatch.setattr(farm.client, "list_farms", lambda **_: reply)
    answer = farm.ask.farms()
    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.BAD_REPLY


def test_a_page_that_leads_to_itself_is_a_bad_reply(farm: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"sessions": [], "nextToken": "again"}
    monkeypatch.setattr(farm.client, "list_sessions", lambda **_: page)
    ref = farm.ref("living")
    first = farm.ask.sessions(ref.farm_id, ref.queue_id, ref.job_id)
    assert isinstance(first, Page)
    second = farm.ask.sessions(ref.farm_id, ref.queue_id, ref.job_id, first.next)
    assert isinstance(second, Fault)
    assert second.kind is FaultKind.BAD_REPLY


def test_every_request_is_counted(farm: Asked) -> None:
    before = farm.requests
    farm.ask.farms()
    farm.ask.session(farm.ref("living"))
    assert farm.requests == before + 2


def test_a_monitor_user_is_sent_where_the_lists_need_it(farm: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    user = "01234567-89ab-cdef-0123-456789abcdef"
    ask = DeadlineClient(farm.client, principal_id=user)
    seen = {}
    for name in ("list_farms", "list_queues", "list_jobs", "list_sessions", "search_jobs"):
        monkeypatch.setattr(farm.client, name, lambda _name=name, **asked: seen.update({_name: asked}))
    ref = farm.ref("living")
    ask.farms()
    ask.queues(ref.farm_id)
    ask.list_jobs(ref.farm_id, ref.queue_id)
    ask.sessions(ref.farm_id, ref.queue_id, ref.job_id)
    ask.search_jobs(JobSearch(ref.farm_id, ref.queue_id))
    with_user = sorted(name for name, asked in seen.items() if asked.get("principalId") == user)
    assert with_user == ["list_farms", "list_jobs", "list_queues"]


def ids(ref: SessionRef) -> dict[str, str]:
    return {
        "farmId": ref.farm_id,
        "queueId": ref.queue_id,
        "jobId": ref.job_id,
        "sessionId": ref.session_id,
    }


@pytest.fixture
def own() -> Iterator[Asked]:
    """One of its own, for a test that changes it."""
    moto_deadline.register()
    with mock_aws():
        yield Asked()


def test_a_session_is_told_to_end_and_the_same_wish_again_changes_nothing(own: Asked) -> None:
    ref, tokens = own.ref("living"), list[str]()
    own.client.meta.events.register(
        "provide-client-params.deadline.UpdateSession",
        lambda params, **_: tokens.append(params["clientToken"]),
    )
    assert own.ask.end_session(ref, "wish-1") is None
    assert value(own.ask.session(ref)).lifecycle_status == "UPDATE_IN_PROGRESS"
    assert own.ask.end_session(ref, "wish-1") is None
    assert tokens == ["wish-1", "wish-1"]


def test_what_the_state_does_not_allow_is_refused_in_the_words_of_the_service(own: Asked) -> None:
    refused = own.ask.end_session(own.ref("failed"), "wish-1")
    assert isinstance(refused, Fault)
    assert (refused.kind, refused.code) == (FaultKind.REFUSED, "ConflictException")
    assert "The session has ended." in refused.sentence


def test_tasks_and_jobs_get_the_status_that_is_wished(own: Asked) -> None:
    ref = own.ref("failed")
    failed = next(
        task
        for step in own.simulation.account.steps[ref.job_id]
        for task in own.simulation.account.tasks[step].values()
        if task["runStatus"] == "FAILED"
    )
    assert own.ask.update_task(ref, failed["stepId"], failed["taskId"], "READY", "wish-1") is None
    assert failed["runStatus"] == "READY"
    assert own.ask.update_job(ref.farm_id, ref.queue_id, ref.job_id, "CANCELED", "wish-2") is None
    assert failed["runStatus"] == "CANCELED"
    canceled = value(own.ask.task(ref, failed["stepId"], failed["taskId"]))
    assert (canceled.target_run_status, canceled.updated_by) == ("CANCELED", failed["updatedBy"])
    assert value(own.ask.step(ref, failed["stepId"])).target_task_run_status == ""
