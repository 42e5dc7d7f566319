"""From a connection to the client that asks over it: wired here, for whoever needs one."""

from __future__ import annotations

from collections.abc import Callable

from farmwatch.aws.access import AwsConnection
from farmwatch.aws.client import DeadlineClient
from farmwatch.aws.log_reader import LogReader


def client_of(connection: AwsConnection, on_request: Callable[[], None] = lambda: None) -> DeadlineClient:
    """What asks Deadline Cloud, and reads logs; ``on_request`` is called before every request."""
    identity = connection.identity
    logs = LogReader(
        connection,
        by_role=identity.user is not None,
        profile=identity.profile,
        renewal=identity.renewal,
        on_request=on_request,
    )
    return DeadlineClient(
        connection.deadline,
        principal_id=identity.principal_id,
        profile=identity.profile,
        renewal=identity.renewal,
        on_request=on_request,
        drop_sockets=connection.close,
        logs=logs,
    )
