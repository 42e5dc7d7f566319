"""The list of endpoints that is made must lead every call to the same host as botocore's own."""

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import UnknownServiceError

from farmwatch.aws.botocore_data import read_less, spare_list_of_endpoints
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
        read_less(session)
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


def test_models_lose_their_documentation_and_nothing_else() -> None:
    plain, spared = botocore.session.Session(), botocore.session.Session()
    read_less(spared)
    models = [
        session.get_component("data_loader").load_service_model("deadline", "service-2", None)
        for session in (plain, spared)
    ]
    assert "documentation" in models[0]["operations"]["GetSession"]
    assert without_documentation(models[0]) == models[1]


def without_documentation(found: Any) -> Any:
    if isinstance(found, dict):
        kept = {name: value for name, value in found.items() if not isinstance(value, str)}
        told = {name: value for name, value in found.items() if isinstance(value, str)}
        told.pop("documentation", None)
        return told | {name: without_documentation(value) for name, value in kept.items()}
    if isinstance(found, list):
        return [without_documentation(one) for one in found]
    return found


def test_a_member_that_is_called_documentation_stays(tmp_path: Path) -> None:
    (tmp_path / "made-up.json").write_text('{"members": {"documentation": {"shape": "String"}}, "a": 1}')
    session = botocore.session.Session()
    read_less(session)
    loader = session.get_component("data_loader")
    loader.search_paths.insert(0, str(tmp_path))
    assert loader.load_data("made-up") == {"members": {"documentation": {"shape": "String"}}, "a": 1}


def test_no_folder_is_looked_into_but_that_of_the_service() -> None:
    session = botocore.session.Session()
    read_less(session)
    loader: Any = session.get_component("data_loader")
    exists, looked = loader.file_loader.exists, list[str]()

    def look(path: str) -> bool:
        looked.append(path)
        return bool(exists(path))

    loader.file_loader.exists = look
    assert loader.load_service_model("deadline", "service-2")["metadata"]["serviceId"] == "deadline"
    assert looked
    assert all("deadline" in Path(path).parts for path in looked)
    with pytest.raises(UnknownServiceError):
        loader.load_service_model("nowhere", "service-2")
