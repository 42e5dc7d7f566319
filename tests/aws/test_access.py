import hashlib
import logging
import os
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as aws
from moto import mock_aws

from farmwatch.aws.access import AwsConnection, Login, connect, renewal
from farmwatch.aws.faults import CredentialsFailed, classify
from farmwatch.aws.model import FaultKind
from farmwatch.aws.parsing import parse_timestamp
from farmwatch.config.settings import ConnectionSettings
from tests.aws.asking import http_response


@pytest.fixture
def config(own_home: Path) -> Path:
    path = own_home / ".aws" / "config"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def key_of_a_request(connection: AwsConnection) -> str:
    """The access key that a request is signed with; it does not leave this machine."""
    keys: list[str] = []

    def catch(request: Any, **_: Any) -> Any:
        keys.extend(re.findall(r"Credential=(\w+)/", str(request.headers["Authorization"])))
        return http_response(request.url, b'{"farms": []}')

    connection.deadline.meta.events.register("before-send", catch)
    connection.deadline.list_farms()
    connection.deadline.meta.events.unregister("before-send", catch)
    return keys[0]


def test_a_missing_region_is_a_matter_of_set_up() -> None:
    with pytest.raises(aws.NoRegionError) as caught:
        connect(ConnectionSettings())
    assert classify(caught.value, operation="").kind is FaultKind.SETUP


def test_an_unknown_profile_is_a_matter_of_set_up() -> None:
    with pytest.raises(aws.ProfileNotFound):
        connect(ConnectionSettings(profile="nobody", region="us-west-2"))


def test_missing_credentials_are_known_at_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    connection = connect(ConnectionSettings(region="us-west-2", endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(aws.NoCredentialsError):
        connection.deadline.list_farms()


def test_the_profile_and_its_region_are_told(config: Path) -> None:
    config.write_text("[profile studio]\nregion = eu-west-1\n")
    identity = connect(ConnectionSettings(profile="studio")).identity
    assert (identity.profile, identity.region) == ("studio", "eu-west-1")


def test_the_region_asked_for_goes_before_that_of_the_profile(config: Path) -> None:
    config.write_text("[profile studio]\nregion = eu-west-1\n")
    assert connect(ConnectionSettings(profile="studio", region="us-east-2")).identity.region == "us-east-2"


def test_the_region_of_the_other_sdks_counts_where_boto3_finds_none(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert connect(ConnectionSettings()).identity.region == "eu-north-1"
    config.write_text("[profile studio]\nregion = eu-west-1\n")
    assert connect(ConnectionSettings(profile="studio")).identity.region == "eu-west-1"


def test_a_monitor_profile_sends_its_user_and_spares_its_process(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    runs = tmp_path / "runs"
    process = tmp_path / "credentials.sh"
    process.write_text(
        f"#!/bin/sh\necho x >> {runs}\n"
        'echo "{\\"Version\\": 1, \\"AccessKeyId\\": \\"testing\\", \\"SecretAccessKey\\": \\"testing\\",'
        ' \\"SessionToken\\": \\"testing\\", \\"Expiration\\": \\"'
        f'{datetime.now(UTC) + timedelta(minutes=15):%Y-%m-%dT%H:%M:%SZ}\\"}}"\n'
    )
    process.chmod(process.stat().st_mode | stat.S_IXUSR)
    config.write_text(
        "[profile monitor]\nregion = us-west-2\nmonitor_id = monitor-1\nuser_id = 0123456789-aa\n"
        f"credential_process = {process}\n"
    )
    connection = connect(ConnectionSettings(profile="monitor"))
    assert connection.identity.source is Login.MONITOR
    assert connection.identity.principal_id == "0123456789-aa"
    assert {key_of_a_request(connection) for _ in range(20)} == {"testing"}
    assert len(runs.read_text().split()) <= 2


def test_a_credential_process_that_fails_is_a_needed_login(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    config.write_text("[profile broken]\nregion = us-west-2\ncredential_process = false\n")
    with pytest.raises(CredentialsFailed) as caught:
        connect(ConnectionSettings(profile="broken"))
    assert classify(caught.value, operation="").kind is FaultKind.LOGIN


def test_an_sso_profile_names_its_command(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    config.write_text(
        "[profile sso]\nregion = us-west-2\nsso_session = studio\nsso_account_id = 123456789012\n"
        "sso_role_name = artist\n[sso-session studio]\nsso_region = us-west-2\n"
        "sso_start_url = https://studio.example.com/start\n"
    )
    with pytest.raises(CredentialsFailed) as caught:
        connect(ConnectionSettings(profile="sso"))
    assert "aws sso login --profile sso" in classify(caught.value, operation="").remedy


KEYS = "aws_access_key_id = testing\naws_secret_access_key = testing\n"


def a_process(path: Path, *, works: bool) -> None:
    told = '{\\"Version\\": 1, \\"AccessKeyId\\": \\"testing\\", \\"SecretAccessKey\\": \\"testing\\"}'
    path.write_text(f'#!/bin/sh\necho "{told}"\n' if works else "#!/bin/sh\nexit 1\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(os.name == "nt", reason="the process is a shell script")
def test_a_credential_process_that_works_again_is_a_login_again(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    config.write_text(f"[profile own]\nregion = us-west-2\ncredential_process = {tmp_path / 'process'}\n")
    a_process(tmp_path / "process", works=False)
    with pytest.raises(CredentialsFailed) as caught:
        connect(ConnectionSettings(profile="own"))
    assert "credential process of profile own" in classify(caught.value, operation="").remedy
    a_process(tmp_path / "process", works=True)
    assert connect(ConnectionSettings(profile="own")).identity.source is Login.PROCESS


def test_keys_that_are_written_anew_hold_at_the_next_connection(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    config.write_text("[profile studio]\nregion = us-west-2\n")
    credentials = config.with_name("credentials")
    credentials.write_text(f"[studio]\n{KEYS}")
    first = connect(ConnectionSettings(profile="studio"))
    credentials.write_text(f"[studio]\n{KEYS.replace('= testing', '= rewritten')}")
    second = connect(ConnectionSettings(profile="studio"))
    assert [key_of_a_request(one) for one in (first, second)] == ["testing", "rewritten"]
    assert "new keys for profile studio" in second.identity.renewal


def test_a_half_written_sso_login_is_a_needed_login(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    start = "https://studio.example.com/start"
    config.write_text(
        "[profile sso]\nregion = us-west-2\nsso_account_id = 123456789012\nsso_role_name = artist\n"
        f"sso_region = us-west-2\nsso_start_url = {start}\n"
    )
    cache = config.parent / "sso" / "cache"
    cache.mkdir(parents=True)
    name = hashlib.sha1(start.encode(), usedforsecurity=False).hexdigest()
    (cache / f"{name}.json").write_text('{"startUrl": "https://studio.example.com/start"}')
    with pytest.raises(CredentialsFailed) as caught:
        connect(ConnectionSettings(profile="sso"))
    fault = classify(caught.value, operation="")
    assert fault.kind is FaultKind.LOGIN
    assert "aws sso login --profile sso" in fault.remedy


@pytest.mark.parametrize(
    "source", [Login.PROCESS, Login.STATIC, Login.ROLE, Login.ENVIRONMENT, Login.INSTANCE]
)
def test_every_source_of_credentials_says_how_it_is_renewed(source: Login) -> None:
    assert renewal(source, "studio", "")


def test_the_demo_looks_at_no_profile_and_no_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(config)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9/elsewhere")
    demo = ConnectionSettings(demo=True, region="us-west-2", endpoint_url="http://127.0.0.1:1")
    connection = connect(demo)
    assert connection.identity.source is Login.DEMO
    assert connection.deadline.meta.endpoint_url == "http://127.0.0.1:1"


def test_a_server_of_ones_own_is_asked_without_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:9")
    with pytest.raises(aws.EndpointConnectionError) as caught:
        connect(ConnectionSettings(region="us-west-2")).deadline.list_farms()
    assert "management." not in str(caught.value)


def test_the_account_is_asked_for() -> None:
    with mock_aws():
        assert connect(ConnectionSettings(region="us-west-2")).account() == "123456789012"


def test_an_account_that_cannot_be_had_is_not_worth_a_fault() -> None:
    assert (
        connect(ConnectionSettings(region="us-west-2", endpoint_url="http://127.0.0.1:9")).account() is None
    )


def test_the_retry_mode_of_the_environment_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "50")
    config: Any = connect(ConnectionSettings(region="us-west-2")).deadline.meta.config
    retries = config.retries
    assert (retries["mode"], retries["total_max_attempts"]) == ("standard", 2)


def test_the_library_does_not_log_secrets() -> None:
    connect(ConnectionSettings(region="us-west-2"))
    assert not logging.getLogger("botocore.auth").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize("text", ["2026-03-14T02:10:00Z", "2026-03-14T02:10:00+00:00", 1773454200])
def test_times_are_read_in_the_forms_of_the_service(text: object) -> None:
    assert parse_timestamp(text) == datetime(2026, 3, 14, 2, 10, tzinfo=UTC)
