"""The list of endpoints that is made must lead every call to the same host as botocore's own."""

import re
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from farmwatch.aws.endpoints import spare_list_of_endpoints
from tests.aws.asking import http_response

REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1", "cn-north-1", "us-gov-west-1")
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "deadline": ("list_farms", {}),
    "logs": ("describe_log_groups", {}),
    "sts": ("get_caller_identity", {}),
    "sso": ("list_accounts", {"accessToken": "testing"}),
    "sso-oidc": ("register_client", {"clientName": "testing", "clientType": "public"}),
}
SCOPE = re.compile(r"Credential=testing/\d+/([^,]+)")


def asked(*, spared: bool, config: Config) -> list[tuple[str, ...]]:
    """Host and signing scope of a call to every service in every region; none leaves this machine."""
    session = botocore.session.Session()
    if spared:
        spare_list_of_endpoints(session)
    session.set_credentials("testing", "testing")
    found: list[tuple[str, ...]] = []

    def catch(request: Any, **_: Any) -> Any:
        scope = SCOPE.findall(str(request.headers.get("Authorization", "")))
        found.append((request.url, *scope))
        return http_response(request.url, status=403)

    for service, (operation, members) in CALLS.items():
        for region in REGIONS:
            client = session.create_client(service, region_name=region, config=config)
            client.meta.events.register("before-send", catch)
            with pytest.raises(Exception):  # noqa: B017 - the answer is none
                getattr(client, operation)(**members)
    return found


@pytest.mark.parametrize(
    "config", [Config(), Config(use_fips_endpoint=True), Config(use_dualstack_endpoint=True)]
)
def test_every_call_goes_to_the_same_host(config: Config) -> None:
    calls = asked(spared=True, config=config)
    assert len(calls) == len(CALLS) * len(REGIONS)
    assert calls == asked(spared=False, config=config)


def test_a_botocore_with_other_files_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    load = loader.load_data_with_path
    loader.load_data_with_path = lambda name: ({}, "") if name == "partitions" else load(name)
    spare_list_of_endpoints(session)
    assert loader.load_data_with_path("endpoints") == load("endpoints")
