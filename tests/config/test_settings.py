from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from farmwatch.cli.config import lines as in_force
from farmwatch.config.settings import ConnectionSettings, Settings, SettingsError, resolve
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID

OTHER_FARM = "farm-" + "0" * 32

DEADLINE_CONFIG = f"""
[defaults]
aws_profile_name = studio

[profile-studio defaults]
farm_id = {FARM_ID}

[profile-studio {FARM_ID} defaults]
queue_id = {QUEUE_ID}
farm_region = eu-west-1
"""


def resolved(home: Path, environ: dict[str, str] | None = None, **options: Any) -> Settings:
    return resolve(**options, environ=environ or {}, home=home)


@pytest.fixture
def configured(own_home: Path) -> Path:
    """A workstation set up for the deadline command."""
    path = own_home / ".deadline" / "config"
    path.parent.mkdir()
    path.write_text(DEADLINE_CONFIG)
    return own_home


def test_without_anything_the_rest_is_left_to_boto3(own_home: Path) -> None:
    assert resolved(own_home) == Settings()


def test_nothing_is_changed_unless_an_option_or_the_file_allows_it(own_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("actions = true", encoding="utf-8")
    assert not resolved(own_home).allow_actions
    assert resolved(own_home, allow_actions=True).sources["allow_actions"] == "--allow-actions"
    by_file = resolved(own_home, {"FARMWATCH_CONFIG": str(file)})
    assert by_file.allow_actions
    assert ("actions = true", str(file)) in list(in_force(by_file, {}))


def test_a_workstation_set_up_for_the_deadline_command_needs_no_option(configured: Path) -> None:
    settings = resolved(configured)
    assert (settings.connection.profile, settings.connection.region) == ("studio", "eu-west-1")
    assert (settings.farm_id, settings.queue_id) == (FARM_ID, QUEUE_ID)


def test_options_go_before_the_deadline_command(configured: Path) -> None:
    settings = resolved(configured, region="us-east-2", farm_id=OTHER_FARM)
    told = (settings.connection.region, settings.farm_id, settings.queue_id)
    assert told == (
        "us-east-2",
        OTHER_FARM,
        None,
    )


def test_another_profile_has_defaults_of_its_own(configured: Path) -> None:
    settings = resolved(configured, profile="elsewhere")
    told = (settings.connection.profile, settings.farm_id, settings.connection.region)
    assert told == (
        "elsewhere",
        None,
        None,
    )


def test_the_profile_of_the_environment_goes_before_that_of_the_deadline_command(configured: Path) -> None:
    settings = resolved(configured, {"AWS_PROFILE": "elsewhere"})
    assert (settings.connection.profile, settings.farm_id) == (None, None)


def test_the_region_of_the_environment_goes_before_that_of_the_farm(configured: Path) -> None:
    assert resolved(configured, {"AWS_DEFAULT_REGION": "us-east-1"}).connection.region == "us-east-1"


def test_the_default_chain_is_no_profile(own_home: Path) -> None:
    path = own_home / ".deadline" / "config"
    path.parent.mkdir()
    default = f"[profile-(default) defaults]\nfarm_id = {FARM_ID}\n"
    path.write_text(f"[defaults]\naws_profile_name = (default)\n{default}")
    settings = resolved(own_home)
    assert (settings.connection.profile, settings.farm_id) == (None, FARM_ID)


def test_the_configuration_may_be_elsewhere(configured: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text(DEADLINE_CONFIG.replace("studio", "night"))
    assert resolved(configured, {"DEADLINE_CONFIG_FILE_PATH": str(other)}).connection.profile == "night"


@pytest.mark.parametrize("text", ["no section = x", "[defaults\n", "\0\0", "[a]\nb"])
def test_a_broken_configuration_is_left_aside_and_said(own_home: Path, text: str) -> None:
    path = own_home / ".deadline" / "config"
    path.parent.mkdir()
    path.write_text(text)
    settings = resolved(own_home)
    assert settings.farm_id is None
    assert len(settings.notes) == 1


def test_a_default_that_is_no_id_is_left_aside_and_said(configured: Path) -> None:
    path = configured / ".deadline" / "config"
    path.write_text(DEADLINE_CONFIG.replace(f"queue_id = {QUEUE_ID}", "queue_id = lighting"))
    settings = resolved(configured)
    assert (settings.farm_id, settings.queue_id) == (FARM_ID, None)
    assert "lighting" in settings.notes[0]


def test_a_percent_sign_in_the_configuration_is_only_that(configured: Path) -> None:
    path = configured / ".deadline" / "config"
    path.write_text(DEADLINE_CONFIG + "\n[settings]\njob_history_dir = ~/%(x)s\n")
    assert resolved(configured).connection.profile == "studio"


def test_a_demo_looks_at_nothing(configured: Path) -> None:
    settings = resolved(configured, {"AWS_PROFILE": "studio", "AWS_DEFAULT_REGION": "eu-west-1"}, demo=True)
    assert settings == Settings((ConnectionSettings(region="us-west-2", demo=True),), demo=True)


def test_a_job_may_be_given_below_the_default_queue(configured: Path) -> None:
    assert resolved(configured, job_id=JOB_ID).queue_id == QUEUE_ID


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"farm_id": "northlight"}, "--farm-id"),
        ({"farm_id": FARM_ID.upper()}, "is not a farm id"),
        ({"farm_id": QUEUE_ID}, "is not a farm id"),
        ({"queue_id": QUEUE_ID}, "--queue-id needs --farm-id"),
        ({"job_id": JOB_ID}, "--job-id needs --farm-id and --queue-id"),
        ({"farm_id": FARM_ID, "queue_id": QUEUE_ID, "session_id": SESSION_ID}, "--session-id needs --job-id"),
        ({"interval": 0.5}, "--interval 0.5 is not between 1 and 3600"),
        ({"interval": 3601}, "--interval"),
        ({"interval": float("nan")}, "--interval"),
        ({"endpoint_url": "localhost:5000"}, "--endpoint-url"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(own_home: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        resolved(own_home, **options)
    assert "\n" not in str(caught.value)


def test_a_refused_id_is_shown_without_its_escape_sequences(own_home: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        resolved(own_home, farm_id="farm-\x1b[2J")
    assert "\x1b" not in str(caught.value)


def test_an_interval_is_taken(own_home: Path) -> None:
    assert resolved(own_home, interval=10).interval == timedelta(seconds=10)


CONNECTIONS = f"""
[connections.west]
profile = "studio"
region = "us-west-2"
farm = "{FARM_ID}"
queue = "{QUEUE_ID}"
[connections.east]
endpoint_url = "http://127.0.0.1:9"
"""


@pytest.fixture
def named(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = own_home / "connections.toml"
    path.write_text(CONNECTIONS)
    return path


def of(named: Path, **options: Any) -> Settings:
    return resolve(environ={"FARMWATCH_CONFIG": str(named)}, home=named.parent, **options)


def test_without_a_name_there_is_one_connection_as_ever(named: Path) -> None:
    assert of(named).connections == (ConnectionSettings(),)


def test_a_named_connection_opens_at_its_queue(named: Path) -> None:
    settings = of(named, connections=["west"])
    assert settings.connections == (
        ConnectionSettings("west", "studio", "us-west-2", farm_id=FARM_ID, queue_id=QUEUE_ID),
    )
    assert (settings.farm_id, settings.queue_id) == (FARM_ID, QUEUE_ID)
    assert settings.sources["farm_id"] == str(named)


def test_a_place_goes_before_that_of_the_connection(named: Path) -> None:
    settings = of(named, connections=["west"], farm_id=OTHER_FARM)
    assert (settings.farm_id, settings.queue_id) == (OTHER_FARM, None)


def test_several_are_taken_in_the_order_of_their_names_once_each(named: Path) -> None:
    settings = of(named, connections=["east", "west", "east"])
    assert [one.name for one in settings.connections] == ["east", "west"]
    assert settings.farm_id is None
    assert [one.name for one in of(named, all_connections=True).connections] == ["west", "east"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"connections": ["north"]}, "what is: west, east"),
        ({"connections": ["west"], "profile": "x"}, "--profile goes without --connection"),
        ({"connections": ["west"], "demo": True}, "--demo goes without --connection"),
        ({"all_connections": True, "farm_id": FARM_ID}, "--farm-id goes with one connection"),
    ],
)
def test_what_cannot_be_said_with_connections_is_refused(
    named: Path, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        of(named, **options)


def test_all_connections_of_a_file_without_any_is_refused(own_home: Path) -> None:
    with pytest.raises(SettingsError, match="farmwatch config --example"):
        resolved(own_home, all_connections=True)


def test_the_sources_are_told(named: Path, configured: Path) -> None:
    settings = resolved(configured, region="us-east-2", interval=5)
    assert settings.sources["region"] == "--region"
    assert settings.sources["interval"] == "--interval"
    assert settings.sources["profile"] == str(configured / ".deadline" / "config")
    lines = dict(in_force(settings, {}))
    assert lines['region = "us-east-2"'] == "--region"
    assert lines["interval = 5"] == "--interval"
    assert lines["days = 120"] == "default"


def test_what_boto3_takes_from_the_environment_is_told_too(own_home: Path) -> None:
    lines = dict(in_force(resolved(own_home), {"AWS_PROFILE": "night"}))
    assert lines['profile = "night"'] == "AWS_PROFILE"
    assert lines['region = ""'] == "left to boto3"
