"""Registered from outside, under ``mock_aws`` and as a server."""

from __future__ import annotations

import threading
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from moto.server import ThreadedMotoServer

import moto_deadline
from moto_deadline.simulation import FrozenClock, Simulation


def test_an_account_without_a_story_is_empty() -> None:
    moto_deadline.register()
    with mock_aws():
        client = boto3.client("deadline", region_name="us-west-2")
        assert client.list_farms()["farms"] == []


def test_it_is_served_to_any_client() -> None:
    moto_deadline.register()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        moto_deadline.install(Simulation(clock=FrozenClock()))
        host, port = server.get_host_and_port()
        client = boto3.client(
            "deadline",
            region_name="us-west-2",
            endpoint_url=f"http://{host}:{port}",
            config=Config(inject_host_prefix=False, retries={"max_attempts": 0}),
        )
        farm = client.list_farms()["farms"][0]
        assert farm["displayName"] == "Northlight"
        with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
            client.get_queue(farmId=farm["farmId"], queueId="queue-" + "0" * 32)
        reply: Any = caught.value.response
        assert reply["resourceType"] == "queue"
        errors: list[BaseException] = []

        def hammer() -> None:
            try:
                for _ in range(5):
                    client.list_queues(farmId=farm["farmId"])
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
    finally:
        server.stop()
