from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from moto_deadline.search import JOBS, TASKS, Searchable
from moto_deadline.search import search as search_of
from tests.moto_deadline.conftest import Served


def search(
    served: Served,
    *filters: dict[str, Any],
    operator: str = "AND",
    queue: str = "dailies archive",
    **more: Any,
) -> dict[str, Any]:
    ids = served.queue(queue)
    asked: dict[str, Any] = {"farmId": ids["farmId"], "queueIds": [ids["queueId"]], "itemOffset": 0}
    if filters:
        asked["filterExpressions"] = {"filters": list(filters), "operator": operator}
    reply: dict[str, Any] = served.client.search_jobs(**asked | more)
    return reply


def string(name: str, operator: str, value: str) -> dict[str, Any]:
    return {"stringFilter": {"name": name, "operator": operator, "value": value}}


def by(name: str, order: str = "ASCENDING") -> list[dict[str, Any]]:
    return [{"fieldSort": {"name": name, "sortOrder": order}}]


def test_a_term_is_found_anywhere_in_a_name(served: Served) -> None:
    found = search(served, {"searchTermFilter": {"searchTerm": "SQ007_", "matchType": "CONTAINS"}})
    assert found["totalResults"] == 40
    assert all("sq007_" in job["name"] for job in found["jobs"])


def test_a_fuzzy_term_skips_letters(served: Served) -> None:
    assert search(served, {"searchTermFilter": {"searchTerm": "dlssq007"}})["totalResults"] >= 40


def test_a_string_is_compared(served: Served) -> None:
    found = search(served, string("CREATED_BY", "EQUAL", "mira"))
    assert {job["createdBy"] for job in found["jobs"]} == {"mira"}


@pytest.mark.parametrize(("operator", "wanted"), [("ANY_EQUALS", True), ("ALL_NOT_EQUALS", False)])
def test_a_list_is_compared(served: Served, operator: str, wanted: bool) -> None:
    statuses = {"name": "TASK_RUN_STATUS", "operator": operator, "values": ["FAILED", "CANCELED"]}
    found = search(served, {"stringListFilter": statuses})
    assert all((job["taskRunStatus"] in ("FAILED", "CANCELED")) is wanted for job in found["jobs"])


def test_a_time_is_compared(served: Served) -> None:
    middle = search(served, sortExpressions=by("CREATED_AT"))["jobs"][50]["createdAt"]
    before = {"dateTimeFilter": {"name": "CREATED_AT", "operator": "LESS_THAN", "dateTime": middle}}
    assert search(served, before)["totalResults"] == 50


def test_a_time_is_the_same_in_every_zone(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("there is no way to set the zone here")
    times = [job["createdAt"] for job in search(served, sortExpressions=by("CREATED_AT"))["jobs"]]
    before = {"dateTimeFilter": {"name": "CREATED_AT", "operator": "LESS_THAN", "dateTime": times[50]}}
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "JST-9")
        time.tzset()
        found = search(served, before)
    time.tzset()
    assert found["totalResults"] == 50


def test_filters_are_joined_by_and_or_or(served: Served) -> None:
    one, other = string("CREATED_BY", "EQUAL", "mira"), string("CREATED_BY", "EQUAL", "jon")
    assert search(served, one, other)["totalResults"] == 0
    both = search(served, one, other, operator="OR")["totalResults"]
    assert both == search(served, one)["totalResults"] + search(served, other)["totalResults"]


def test_groups_nest(served: Served) -> None:
    either = [string("CREATED_BY", "EQUAL", user) for user in ("mira", "jon")]
    people = {"filters": either, "operator": "OR"}
    found = search(served, {"groupFilter": people}, string("TASK_RUN_STATUS", "EQUAL", "FAILED"))
    assert {job["taskRunStatus"] for job in found["jobs"]} == {"FAILED"}
    assert {job["createdBy"] for job in found["jobs"]} == {"mira", "jon"}


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_jobs_are_sorted_by_a_field(served: Served, order: str) -> None:
    times = [job["createdAt"] for job in search(served, sortExpressions=by("CREATED_AT", order))["jobs"]]
    assert times == sorted(times, reverse=order == "DESCENDING")


def test_sorts_follow_one_another(served: Served) -> None:
    found = search(served, sortExpressions=[*by("PRIORITY", "DESCENDING"), *by("NAME")])["jobs"]
    keys = [(-job["priority"], job["name"]) for job in found]
    assert keys == sorted(keys)


def test_the_jobs_of_a_user_come_first(served: Served) -> None:
    found = search(served, sortExpressions=[{"userJobsFirst": {"userIdentityId": "aiko"}}])["jobs"]
    assert {job["createdBy"] for job in found} == {"aiko"}


@pytest.mark.long
def test_offsets_lead_through_everything_once(served: Served) -> None:
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = search(served, sortExpressions=by("NAME"), itemOffset=offset, pageSize=100)
        found += [job["jobId"] for job in page["jobs"]]
        offset = page.get("nextItemOffset")
    assert len(found) == len(set(found)) == 5000


@pytest.mark.parametrize(
    "wrong",
    [
        {"itemOffset": 10_001},
        {"itemOffset": -1},
        {"pageSize": 101},
        {"sortExpressions": by("SHOE_SIZE")},
    ],
)
def test_what_cannot_be_searched_is_a_validation_error(served: Served, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        search(served, **wrong)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


# --- numbers ------------------------------------------------------------------------------------------

TASKS_OF_A_JOB: list[dict[str, Any]] = [
    *[
        {"taskId": n, "parameters": {"Frame": {"int": n}}, "failureRetryCount": int(n)}
        for n in ("9", "10", "-1")
    ],
    *[{"taskId": n, "parameters": {"Gain": {"float": n}}} for n in ("2.5", "1e1")],
    *[{"taskId": n, "parameters": {"Camera": {"string": n}}} for n in ("8", "70")],
]


def found_in(records: list[dict[str, Any]], kind: Searchable = TASKS, **asked: Any) -> list[str]:
    return [one["taskId"] for one in search_of("found", records, kind, {"itemOffset": 0, **asked})["found"]]


def only(one: dict[str, Any]) -> dict[str, Any]:
    return {"filters": [one], "operator": "AND"}


@pytest.mark.parametrize(
    ("name", "operator", "value", "wanted"),
    [
        ("Frame", "GREATER_THAN", "9", ["10"]),
        ("Frame", "LESS_THAN_EQUAL_TO", "9", ["9", "-1"]),
        ("Frame", "EQUAL", "9.0", ["9"]),
        ("Gain", "GREATER_THAN", "9", ["1e1"]),
        ("Gain", "EQUAL", "10", ["1e1"]),
        ("Camera", "GREATER_THAN", "70", ["8"]),
    ],
)
def test_parameters_are_compared_as_what_they_are(
    name: str, operator: str, value: str, wanted: list[str]
) -> None:
    asked = {"parameterFilter": {"name": name, "operator": operator, "value": value}}
    records = [one for one in TASKS_OF_A_JOB if name in one["parameters"]]
    assert found_in(records, filterExpressions=only(asked)) == wanted


@pytest.mark.parametrize("value", ["nine", "nan", "inf", "9 x"])
@pytest.mark.parametrize("operator", ["EQUAL", "NOT_EQUAL", "LESS_THAN", "GREATER_THAN"])
def test_no_number_is_compared_with_what_is_none(operator: str, value: str) -> None:
    frames = [one for one in TASKS_OF_A_JOB if "Frame" in one["parameters"]]
    frame = {"parameterFilter": {"name": "Frame", "operator": operator, "value": value}}
    assert found_in(frames, filterExpressions=only(frame)) == []
    assert found_in(frames, filterExpressions=only(string("FAILURE_RETRY_COUNT", operator, value))) == []


def test_integer_members_are_compared_as_numbers() -> None:
    frames = [one for one in TASKS_OF_A_JOB if "Frame" in one["parameters"]]
    above = string("FAILURE_RETRY_COUNT", "GREATER_THAN", "9")
    assert found_in(frames, filterExpressions=only(above)) == ["10"]
    listed = {"name": "FAILURE_RETRY_COUNT", "operator": "ANY_EQUALS", "values": ["09", "10", "ten"]}
    assert found_in(frames, filterExpressions=only({"stringListFilter": listed})) == ["9", "10"]
    jobs = [{"taskId": str(n), "priority": n} for n in (5, 50, 100)]
    assert found_in(jobs, JOBS, filterExpressions=only(string("PRIORITY", "LESS_THAN", "50"))) == ["5"]


@pytest.mark.parametrize(
    ("order", "wanted"), [("ASCENDING", ["-1", "9", "10"]), ("DESCENDING", ["10", "9", "-1"])]
)
def test_tasks_are_sorted_by_the_numbers_of_a_parameter(order: str, wanted: list[str]) -> None:
    expressions = [{"parameterSort": {"name": "Frame", "sortOrder": order}}]
    without = ["2.5", "1e1", "8", "70"]
    assert found_in(TASKS_OF_A_JOB, sortExpressions=expressions) == [*wanted, *without]


def test_a_parameter_that_is_a_number_here_and_text_there_is_sorted() -> None:
    kinds = [("string", "b"), ("int", "10"), ("string", "A"), ("float", "9.5")]
    records = [{"taskId": value, "parameters": {"Take": {kind: value}}} for kind, value in kinds]
    expressions = [{"parameterSort": {"name": "Take", "sortOrder": "ASCENDING"}}]
    assert found_in(records, sortExpressions=expressions) == ["9.5", "10", "A", "b"]


@pytest.mark.parametrize("queue", ["dailies archive", "lighting"])
@pytest.mark.parametrize("status", ["RUNNING", "READY", "FAILED", "CANCELED"])
def test_as_many_tasks_are_found_as_the_jobs_count(served: Served, queue: str, status: str) -> None:
    ids = served.queue(queue)
    wanted = string("RUN_STATUS", "EQUAL", status)
    found = served.client.search_tasks(
        farmId=ids["farmId"],
        queueIds=[ids["queueId"]],
        itemOffset=0,
        filterExpressions={"filters": [wanted], "operator": "AND"},
    )
    jobs = served.simulation.account.jobs[ids["queueId"]].values()
    assert found["totalResults"] == sum(job["taskRunStatusCounts"][status] for job in jobs)
    assert {task["runStatus"] for task in found["tasks"]} <= {status}


def test_a_search_over_thousands_of_jobs_is_quick(served: Served) -> None:
    search(served)
    start = time.thread_time()
    for _ in range(10):
        search(served, {"searchTermFilter": {"searchTerm": "sh0420"}}, sortExpressions=by("CREATED_AT"))
    # Some milliseconds of this thread's own time each, whatever else the machine does.
    assert (time.thread_time() - start) / 10 < 0.2
