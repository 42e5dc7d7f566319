from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

import moto_deadline
from moto_deadline.simulation import FrozenClock, Simulation

# Here, and not in the fixtures, in which no lines are watched: it imports what is imported late.
moto_deadline.register()


class Served:
    """A frozen simulation behind a client."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.simulation = moto_deadline.install(Simulation(clock=self.clock))
        self.client: Any = boto3.client(
            # What is out of range is for the server to refuse, not for the client.
            "deadline",
            region_name=moto_deadline.REGION,
            config=Config(parameter_validation=False),
        )
        self.logs: Any = boto3.client("logs", region_name=moto_deadline.REGION)

    def ids(self, name: str) -> dict[str, str]:
        """The four ids of a session of the cast, as requests want them."""
        found = asdict(self.simulation.cast[name])
        return {f"{key.removesuffix('_id')}Id": value for key, value in found.items()}

    def session(self, name: str) -> dict[str, Any]:
        reply: dict[str, Any] = self.client.get_session(**self.ids(name))
        return reply

    def queue(self, name: str) -> dict[str, str]:
        farm_id = next(iter(self.simulation.account.farms))
        queues = self.simulation.account.queues[farm_id].values()
        return {
            "farmId": farm_id,
            "queueId": next(q["queueId"] for q in queues if q["displayName"] == name),
        }


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One for all tests of a module that change nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        with mock_aws():
            yield Served()


@pytest.fixture
def own() -> Iterator[Served]:
    """One of its own, for a test that moves it."""
    with mock_aws():
        yield Served()
