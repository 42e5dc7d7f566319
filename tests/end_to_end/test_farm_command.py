"""``farmwatch farm`` for any AWS client: what it prints is all that a client needs."""

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.end_to_end

ASKS = """
import boto3
print([farm["displayName"] for farm in boto3.client("deadline").list_farms()["farms"]])
print(boto3.client("logs").describe_log_groups()["logGroups"][0]["logGroupName"])
"""


def test_a_client_needs_nothing_but_the_lines_it_prints(own_home: object) -> None:
    command = [sys.executable, "-m", "farmwatch", "farm", "--port", "0"]
    farm = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert farm.stdout is not None
        lines = [farm.stdout.readline() for _ in range(8)]
        exported = dict(
            re.findall(r"(AWS_\w+)=(\S+)", "".join(one for one in lines if one.startswith("export")))
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        asked = subprocess.run(
            [sys.executable, "-c", ASKS], env=kept | exported, capture_output=True, text=True, check=False
        )
    finally:
        farm.kill()
        farm.wait()
    assert asked.stderr == ""
    # The deadline command asks every region unless it is told so much.
    assert exported["AWS_ENDPOINT_URL_DEADLINE"] == exported["AWS_ENDPOINT_URL"]
    assert "Northlight" in asked.stdout
    assert "/aws/deadline/farm-" in asked.stdout
