"""SearchJobs, SearchSteps, SearchTasks, SearchWorkers: filters, sorts and paging by offset, over records.

The service documents neither the names of the fields nor the order of a status; clients use the members'
names in upper case (``CREATED_AT``, ``TASK_RUN_STATUS``), and so does this.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, reduce
from typing import Any

from moto_deadline.exceptions import ValidationException

Record = dict[str, Any]
Test = Callable[[Record], bool]

LAST_OFFSET = 10_000
"""As far as a search reaches: the largest offset, and the largest number of results told (service model)."""


@dataclass(frozen=True)
class Searchable:
    """What can be searched of a kind of record: the member behind each field's name (a dot leads into a
    structure), and the members that a search term looks into."""

    fields: Mapping[str, str]
    terms: tuple[str, ...]

    def member(self, field: str) -> str:
        """Raises `ValidationException` for a field that there is not."""
        if field.upper() not in self.fields:
            raise _invalid("name", f"'{field}' is not a field that can be searched")
        return self.fields[field.upper()]

    def texts(self, record: Record) -> tuple[str, ...]:
        """What a search term looks into, casefolded; empty for a member that the record does not have."""
        return tuple(str(reader(member)(record) or "").casefold() for member in self.terms)


@cache
def reader(member: str) -> Callable[[Record], Any]:
    """What reads a member of a record, or of a structure in it; ``None`` where there is none. (A search goes
    through tens of thousands of tasks: how to read is found once.)"""
    structure, _, rest = member.partition(".")
    if not rest:
        return lambda record: record.get(member)
    inner = reader(rest)

    def read(record: Record) -> Any:
        part = record.get(structure)
        return inner(part) if isinstance(part, dict) else None

    return read


_TIMES = {"STARTED_AT": "startedAt", "ENDED_AT": "endedAt"}
_UPDATED = {"UPDATED_AT": "updatedAt", "UPDATED_BY": "updatedBy"}
_CREATED = {"CREATED_AT": "createdAt", "CREATED_BY": "createdBy"}
_STATUSES = {
    "TASK_RUN_STATUS": "taskRunStatus",
    "TARGET_TASK_RUN_STATUS": "targetTaskRunStatus",
    "LIFECYCLE_STATUS": "lifecycleStatus",
}

JOBS = Searchable(
    {"NAME": "name", "JOB_ID": "jobId", "QUEUE_ID": "queueId", "PRIORITY": "priority"}
    | _STATUSES
    | _CREATED
    | _TIMES
    | _UPDATED,
    ("name", "jobId", "createdBy"),
)
STEPS = Searchable(
    {"NAME": "name", "STEP_ID": "stepId", "JOB_ID": "jobId", "QUEUE_ID": "queueId"}
    | _STATUSES
    | _CREATED
    | _TIMES
    | _UPDATED,
    ("name", "stepId", "jobId"),
)
TASKS = Searchable(
    {
        "TASK_ID": "taskId",
        "STEP_ID": "stepId",
        "JOB_ID": "jobId",
        "QUEUE_ID": "queueId",
        "RUN_STATUS": "runStatus",
        "TARGET_RUN_STATUS": "targetRunStatus",
        "FAILURE_RETRY_COUNT": "failureRetryCount",
    }
    | _TIMES
    | _UPDATED,
    ("taskId", "stepId", "jobId"),
)
WORKERS = Searchable(
    {
        "WORKER_ID": "workerId",
        "FLEET_ID": "fleetId",
        "STATUS": "status",
        "HOST_NAME": "hostProperties.hostName",
        "INSTANCE_TYPE": "hostProperties.ec2InstanceType",
    }
    | _CREATED
    | _UPDATED,
    ("workerId", "hostProperties.hostName"),
)

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQUAL": operator.eq,
    "NOT_EQUAL": operator.ne,
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_EQUAL_TO": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_EQUAL_TO": operator.le,
}


def search(name: str, records: Iterable[Record], kind: Searchable, asked: Mapping[str, Any]) -> Record:
    """The reply to a checked request for the records of a kind, with its list under ``name``."""
    offset, size = asked["itemOffset"], asked.get("pageSize", 100)
    if not 0 <= offset <= LAST_OFFSET:
        raise _invalid("itemOffset", f"must be between 0 and {LAST_OFFSET}")
    if not 1 <= size <= 100:
        raise _invalid("pageSize", "must be between 1 and 100")
    if "filterExpressions" in asked:
        records = filter(_group(kind, asked["filterExpressions"]), records)
    found = list(records)
    # Sorts are stable, so the last expression is applied first.
    for expression in reversed(asked.get("sortExpressions", [])):
        _sort(kind, found, expression)
    reply: Record = {name: found[offset : offset + size], "totalResults": min(len(found), LAST_OFFSET)}
    if offset + size < len(found) and offset + size <= LAST_OFFSET:
        reply["nextItemOffset"] = offset + size
    return reply


def values_left(asked: Mapping[str, Any], field: str) -> frozenset[str] | None:
    """The values of a text field that the filters of a request leave; ``None`` where that cannot be seen of
    one of them alone."""
    group = asked.get("filterExpressions", {})
    if group.get("operator") != "AND":
        return None
    for one in group["filters"]:
        text, texts = one.get("stringFilter", {}), one.get("stringListFilter", {})
        if text.get("name", "").upper() == field and text.get("operator") == "EQUAL":
            return frozenset({text["value"]})
        if texts.get("name", "").upper() == field and texts.get("operator") in ("ANY_EQUALS", "EQUAL"):
            return frozenset(texts["values"])
    return None


def _invalid(field: str, why: str) -> ValidationException:
    return ValidationException(f"{field} {why}", [(field, why)])


# --- filters ------------------------------------------------------------------------------------------


def _group(kind: Searchable, group: Mapping[str, Any], depth: int = 1) -> Test:
    if not 1 <= len(group["filters"]) <= 3:
        raise _invalid("filterExpressions.filters", "must have between 1 and 3 members")
    tests = (_filter(kind, one, depth) for one in group["filters"])
    return reduce(_both if group["operator"] == "AND" else _either, tests)


def _both(one: Test, other: Test) -> Test:
    return lambda record: one(record) and other(record)


def _either(one: Test, other: Test) -> Test:
    return lambda record: one(record) or other(record)


def _filter(kind: Searchable, one: Mapping[str, Any], depth: int) -> Test:
    if len(one) != 1:
        raise _invalid("filterExpressions.filters", "must have exactly one member set")
    ((name, wanted),) = one.items()
    if name == "groupFilter":
        # "You can use two groupings per search each within parenthesis" (API reference).
        if depth >= 3:
            raise _invalid("filterExpressions", "is nested too deeply")
        return _group(kind, wanted, depth + 1)
    return _FILTERS[name](kind, wanted)


def _term(kind: Searchable, wanted: Mapping[str, Any]) -> Test:
    term = wanted["searchTerm"].casefold()
    if wanted.get("matchType", "FUZZY_MATCH") == "CONTAINS":
        return lambda record: any(term in text for text in kind.texts(record))
    # A fuzzy match is documented no further: every word of the term, anywhere, in order of its letters.
    words = [re.compile(".*?".join(map(re.escape, word))) for word in term.split()]
    return lambda record: all(any(word.search(text) for text in kind.texts(record)) for word in words)


def _string(kind: Searchable, wanted: Mapping[str, Any]) -> Test:
    read, fits = reader(kind.member(wanted["name"])), _fitting(wanted)
    return lambda record: fits(read(record))


def _fitting(wanted: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Whether a value compares as is wanted: a number as a number, all else as text."""
    compare, value = _comparison(wanted["operator"]), wanted["value"]
    number = _number(value)

    def fits(found: Any) -> bool:
        if isinstance(found, int | Decimal):
            # With what is no number none compares, not even as another one.
            return number is not None and compare(found, number)
        return compare("" if found is None else str(found), value)

    return fits


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _string_list(kind: Searchable, wanted: Mapping[str, Any]) -> Test:
    read, values = reader(kind.member(wanted["name"])), set(wanted["values"])
    # What is a number is found by what it says: 50 is in a set that has Decimal("50").
    values |= {number for number in map(_number, wanted["values"]) if number is not None}
    if wanted["operator"] in ("ANY_EQUALS", "EQUAL"):
        return lambda record: read(record) in values
    if wanted["operator"] in ("ALL_NOT_EQUALS", "NOT_EQUAL"):
        return lambda record: read(record) not in values
    raise _invalid("operator", "must be ANY_EQUALS or ALL_NOT_EQUALS for a list")


def _date(kind: Searchable, wanted: Mapping[str, Any]) -> Test:
    read = reader(kind.member(wanted["name"]))
    # moto reads a time as one of UTC and leaves that out; the zone of the machine is another.
    value = wanted["dateTime"].replace(tzinfo=UTC).timestamp()
    compare = _comparison(wanted["operator"])

    def test(record: Record) -> bool:
        at = read(record)
        return isinstance(at, datetime) and compare(at.timestamp(), value)

    return test


def _parameter(kind: Searchable, wanted: Mapping[str, Any]) -> Test:
    del kind
    name, fits = wanted["name"], _fitting(wanted)
    return lambda record: fits(_parameter_of(record, name))


def _parameter_of(record: Record, name: str) -> Decimal | str | None:
    """The value of a parameter, whose type is told by the member that it is in (``{"int": "12"}``)."""
    for kind, value in record.get("parameters", {}).get(name, {}).items():
        number = _number(value) if kind in ("int", "float") else None
        return str(value) if number is None else number
    return None


def _comparison(name: str) -> Callable[[Any, Any], bool]:
    if name not in _COMPARE:
        raise _invalid("operator", f"{name} is only for lists")
    return _COMPARE[name]


_FILTERS: Mapping[str, Callable[[Searchable, Mapping[str, Any]], Test]] = {
    "searchTermFilter": _term,
    "stringFilter": _string,
    "stringListFilter": _string_list,
    "dateTimeFilter": _date,
    "parameterFilter": _parameter,
}

# --- sorts --------------------------------------------------------------------------------------------


def _sort(kind: Searchable, records: list[Record], expression: Mapping[str, Any]) -> None:
    if len(expression) != 1:
        raise _invalid("sortExpressions", "must have exactly one member set")
    ((name, wanted),) = expression.items()
    if name == "userJobsFirst":
        user = wanted["userIdentityId"]
        records.sort(key=lambda record: record.get("createdBy") != user)
        return
    descending = wanted["sortOrder"] == "DESCENDING"
    if name == "parameterSort":
        values = [(_parameter_of(record, wanted["name"]), record) for record in records]
    else:
        read = reader(kind.member(wanted["name"]))
        values = [(read(record), record) for record in records]
    # What has no such member comes last, whichever way the rest is sorted.
    rest = [(_comparable(value), record) for value, record in values if value is not None]
    rest.sort(key=operator.itemgetter(0), reverse=descending)
    records[:] = [*(record for _, record in rest), *(record for value, record in values if value is None)]


def _comparable(value: Any) -> tuple[bool, Any]:
    # A parameter can be a number in one job and text in another: numbers come before text.
    return (True, value.casefold()) if isinstance(value, str) else (False, value)
