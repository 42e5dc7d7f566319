"""The list of endpoints that is made must lead every call to the same host as botocore's own."""

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel

from farmwatch.aws.botocore_data import USED_OPERATIONS, read_less, spare_list_of_endpoints, trimmed
from tests.aws.asking import http_response

REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1", "cn-north-1", "us-gov-west-1")
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "deadline": ("list_farms", {}),
    "logs": ("get_log_events", {"logGroupName": "g", "logStreamName": "s"}),
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


def models_of(service: str) -> list[dict[str, Any]]:
    """The model of a service as botocore reads it, and as it is read here."""
    plain, spared = botocore.session.Session(), botocore.session.Session()
    read_less(spared)
    return [
        session.get_component("data_loader").load_service_model(service, "service-2", None)
        for session in (plain, spared)
    ]


def test_models_lose_their_documentation_and_nothing_else() -> None:
    whole, spared = models_of("sts")
    assert "documentation" in whole["operations"]["AssumeRole"]
    assert without_documentation(whole) == spared


@pytest.mark.parametrize("service", USED_OPERATIONS)
def test_of_the_services_that_are_asked_only_what_is_asked_is_kept_and_that_is_whole(service: str) -> None:
    models = models_of(service)
    whole, spared = without_documentation(models[0]), models[1]
    assert set(spared["operations"]) == set(USED_OPERATIONS[service])
    assert len(spared["operations"]) < len(whole["operations"]) / 3
    without = {"operations", "shapes"}
    assert {name: whole[name] for name in whole.keys() - without} == {
        name: spared[name] for name in spared.keys() - without
    }
    of_whole, of_spared = ServiceModel(whole), ServiceModel(spared)
    for name in USED_OPERATIONS[service]:
        for part in ("input_shape", "output_shape", "error_shapes"):
            found = [getattr(one.operation_model(name), part) for one in (of_whole, of_spared)]
            assert described(found[0]) == described(found[1])


def described(shape: Any, above: tuple[str, ...] = ()) -> Any:
    """All that a shape is made of, of those within itself the names."""
    if isinstance(shape, list):
        return [described(one, above) for one in shape]
    if shape is None or shape.name in above:
        return None if shape is None else shape.name
    above = (*above, shape.name)
    parts = {"structure": "members", "list": "member", "map": "value"}.get(shape.type_name)
    found = getattr(shape, parts) if parts else None
    within = (
        {name: described(one, above) for name, one in found.items()}
        if isinstance(found, dict)
        else None
        if found is None
        else described(found, above)
    )
    return shape.name, shape.type_name, shape.serialization, shape.metadata, within


def test_an_operation_that_botocore_does_not_know_yet_is_left_out() -> None:
    operations = {"One": {"input": {"shape": "In"}}}
    shapes = {
        "In": {"type": "structure", "members": {"shape": {"shape": "Text"}}},
        "Text": {"type": "string"},
    }
    model = {"version": "2.0", "operations": operations, "shapes": shapes}
    written = json.dumps({**model, "shapes": {**shapes, "Other": {}}}).encode()
    assert trimmed(written, ("One", "Newer")) == model


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
