"""Times of logs: whole milliseconds since 1970, UTC, as CloudWatch Logs has them; and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(at: datetime) -> int:
    """A time as logs have it."""
    return round(at.timestamp() * 1000)


def moment(at: int) -> datetime | None:
    """A time of a log as others have it; ``None`` for one that no calendar has."""
    try:
        return _FIRST + timedelta(milliseconds=at)
    except OverflowError:
        return None
