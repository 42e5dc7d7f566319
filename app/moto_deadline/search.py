"""SearchJobs: filters, sorts and paging by offset, over the records of jobs.

The service documents neither the names of the fields nor the order of a status; clients use the members'
names in upper case (``CREATED_AT``, ``TASK_RUN_STATUS``), and so does this.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from moto_deadline.exceptions import ValidationException

Record = dict[str, Any]
Test = Callable[[Record], bool]

LAST_OFFSET = 10_000

FIELDS = {
    "NAME": "name",
    "JOB_ID": "jobId",
    "QUEUE_ID": "queueId",
    "PRIORITY": "priority",
    "TASK_RUN_STATUS": "taskRunStatus",
    "TARGET_TASK_RUN_STATUS": "targetTaskRunStatus",
    "LIFECYCLE_STATUS": "lifecycleStatus",
    "CREATED_AT": "createdAt",
    "CREATED_BY": "createdBy",
    "STARTED_AT": "startedAt",
    "ENDED_AT": "endedAt",
    "UPDATED_AT": "updatedAt",
    "UPDATED_BY": "updatedBy",
}

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQUAL": operator.eq,
    "NOT_EQUAL": operator.ne,
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_EQUAL_TO": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_EQUAL_TO": operator.le,
}


def search(jobs: Sequence[Record], asked: Mapping[str, Any]) -> tuple[list[Record], int | None, int]:
    """The page of jobs that a checked request to SearchJobs wants, the offset of the next page (``None``:
    this was the last) and the number of all that match."""
    offset, size = asked["itemOffset"], asked.get("pageSize", 100)
    if not 0 <= offset <= LAST_OFFSET:
        raise _invalid("itemOffset", f"must be between 0 and {LAST_OFFSET}")
    if not 1 <= size <= 100:
        raise _invalid("pageSize", "must be between 1 and 100")
    found: list[Record] = list(jobs)
    if "filterExpressions" in asked:
        matches = _group(asked["filterExpressions"])
        found = [job for job in found if matches(job)]
    # Sorts are stable, so the last expression is applied first.
    for expression in reversed(asked.get("sortExpressions", [])):
        _sort(found, expression)
    page = found[offset : offset + size]
    following = offset + size
    more = following < len(found) and following <= LAST_OFFSET
    return page, following if more else None, len(found)


def _invalid(field: str, why: str) -> ValidationException:
    return ValidationException(f"{field} {why}", [(field, why)])


def _field(name: str) -> str:
    if name.upper() not in FIELDS:
        raise _invalid("name", f"'{name}' is not a field that can be searched")
    return FIELDS[name.upper()]


# --- filters ------------------------------------------------------------------------------------------


def _group(group: Mapping[str, Any], depth: int = 1) -> Test:
    if not 1 <= len(group["filters"]) <= 3:
        raise _invalid("filterExpressions.filters", "must have between 1 and 3 members")
    tests = [_filter(one, depth) for one in group["filters"]]
    if group["operator"] == "AND":
        return lambda job: all(test(job) for test in tests)
    return lambda job: any(test(job) for test in tests)


def _filter(one: Mapping[str, Any], depth: int) -> Test:
    if len(one) != 1:
        raise _invalid("filterExpressions.filters", "must have exactly one member set")
    ((kind, wanted),) = one.items()
    if kind == "groupFilter":
        # "You can use two groupings per search each within parenthesis" (API reference).
        if depth >= 3:
            raise _invalid("filterExpressions", "is nested too deeply")
        return _group(wanted, depth + 1)
    return _KINDS[kind](wanted)


def _term(wanted: Mapping[str, Any]) -> Test:
    term = wanted["searchTerm"].casefold()
    if wanted.get("matchType", "FUZZY_MATCH") == "CONTAINS":
        return lambda job: any(term in text for text in _texts(job))
    # A fuzzy match is documented no further: every word of the term, anywhere, in order of its letters.
    words = [re.compile(".*?".join(map(re.escape, word))) for word in term.split()]
    return lambda job: all(any(word.search(text) for text in _texts(job)) for word in words)


def _texts(job: Record) -> tuple[str, ...]:
    return job["name"].casefold(), job["jobId"], job["createdBy"].casefold()


def _string(wanted: Mapping[str, Any]) -> Test:
    member, value = _field(wanted["name"]), wanted["value"]
    compare = _comparison(wanted["operator"])
    return lambda job: compare(str(job.get(member, "")), value)


def _string_list(wanted: Mapping[str, Any]) -> Test:
    member, values = _field(wanted["name"]), set(wanted["values"])
    if wanted["operator"] in ("ANY_EQUALS", "EQUAL"):
        return lambda job: job.get(member) in values
    if wanted["operator"] in ("ALL_NOT_EQUALS", "NOT_EQUAL"):
        return lambda job: job.get(member) not in values
    raise _invalid("operator", "must be ANY_EQUALS or ALL_NOT_EQUALS for a list")


def _date(wanted: Mapping[str, Any]) -> Test:
    member, value = _field(wanted["name"]), wanted["dateTime"]
    compare = _comparison(wanted["operator"])

    def test(job: Record) -> bool:
        at = job.get(member)
        return isinstance(at, datetime) and compare(at.timestamp(), value.timestamp())

    return test


def _parameter(wanted: Mapping[str, Any]) -> Test:
    name, value = wanted["name"], wanted["value"]
    compare = _comparison(wanted["operator"])
    return lambda job: compare(_parameter_of(job, name), value)


def _parameter_of(job: Record, name: str) -> str:
    return str(next(iter(job.get("parameters", {}).get(name, {}).values()), ""))


def _comparison(name: str) -> Callable[[Any, Any], bool]:
    if name not in _COMPARE:
        raise _invalid("operator", f"{name} is only for lists")
    return _COMPARE[name]


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Test]] = {
    "searchTermFilter": _term,
    "stringFilter": _string,
    "stringListFilter": _string_list,
    "dateTimeFilter": _date,
    "parameterFilter": _parameter,
}

# --- sorts --------------------------------------------------------------------------------------------


def _sort(jobs: list[Record], expression: Mapping[str, Any]) -> None:
    if len(expression) != 1:
        raise _invalid("sortExpressions", "must have exactly one member set")
    ((kind, wanted),) = expression.items()
    if kind == "userJobsFirst":
        user = wanted["userIdentityId"]
        jobs.sort(key=lambda job: job["createdBy"] != user)
        return
    descending = wanted["sortOrder"] == "DESCENDING"
    if kind == "parameterSort":
        jobs.sort(key=lambda job: _parameter_of(job, wanted["name"]), reverse=descending)
        return
    member = _field(wanted["name"])
    # What has no such member comes last, whichever way the rest is sorted.
    without = [job for job in jobs if job.get(member) is None]
    rest = [job for job in jobs if job.get(member) is not None]
    rest.sort(key=lambda job: _comparable(job[member]), reverse=descending)
    jobs[:] = rest + without


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
