"""Profiles, regions and credentials: one session with AWS, and the clients made from it."""

from __future__ import annotations

import logging
import os
import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import botocore.session
from botocore.config import Config
from msgspec import Struct

from farmwatch import __version__
from farmwatch.aws.botocore_data import read_less
from farmwatch.aws.faults import CredentialsFailed
from farmwatch.aws.identifiers import write_at_once
from farmwatch.aws.parsing import QuickParsers, parse_timestamp

if TYPE_CHECKING:
    from mypy_boto3_deadline import DeadlineCloudClient
    from mypy_boto3_logs import CloudWatchLogsClient

# At DEBUG botocore logs session tokens and whole AssumeRole bodies.
for _name in ("botocore", "boto3", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)

MONITOR_ADVISORY_REFRESH = 300
MONITOR_MANDATORY_REFRESH = 150
"""Seconds before the end at which credentials of a Deadline Cloud monitor are renewed. They live for 15
minutes, exactly botocore's own window, which would run the credential process at every call. The AWS
client library for Deadline Cloud uses these numbers."""


class Where(Protocol):
    """Whom to ask, and as whom; ``None`` leaves a thing to boto3. A demo has no credentials to look for."""

    @property
    def profile(self) -> str | None:
        """The AWS profile that credentials and settings are read from."""

    @property
    def region(self) -> str | None:
        """The AWS region of the farms; goes before that of the profile and of the environment."""

    @property
    def endpoint_url(self) -> str | None:
        """A URL that is asked in place of AWS's own endpoints, for every service."""

    @property
    def demo(self) -> bool:
        """Whether an embedded farm is asked: then no environment and no file is looked at."""


class Login(StrEnum):
    """Where credentials come from, in words for the screen."""

    SSO = "SSO profile"
    MONITOR = "Deadline Cloud monitor"
    PROCESS = "credential process"
    ENVIRONMENT = "environment"
    STATIC = "keys in a file"
    INSTANCE = "instance role"
    ROLE = "assumed role"
    DEMO = "demo"
    UNKNOWN = "unknown"


_METHODS = {
    "sso": Login.SSO,
    "login": Login.SSO,
    "custom-process": Login.PROCESS,
    "env": Login.ENVIRONMENT,
    "shared-credentials-file": Login.STATIC,
    "config-file": Login.STATIC,
    "explicit": Login.STATIC,
    "iam-role": Login.INSTANCE,
    "container-role": Login.INSTANCE,
    "assume-role": Login.ROLE,
    "assume-role-with-web-identity": Login.ROLE,
}


class Identity(Struct, frozen=True):
    """As whom the questions are asked. ``user`` is the user of a Deadline Cloud monitor profile, which the
    list calls need as ``principalId``; ``login_command`` renews the credentials where a command does, and
    ``renewal`` says how they are renewed, in a sentence."""

    profile: str | None
    region: str
    source: Login
    account: str | None
    user: str | None
    login_command: str
    renewal: str = ""

    @property
    def principal_id(self) -> str | None:
        """What the list calls send as ``principalId``; ``None`` where they send none."""
        return self.user


class AwsConnection:
    """One session with AWS. Clients may be used from several threads, the session may not: what makes a
    client holds a lock."""

    def __init__(self, session: boto3.Session, identity: Identity, config: Config, endpoint_url: str | None):
        self.identity = identity
        self._session = session
        self._config = config
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self.deadline: DeadlineCloudClient = self._client("deadline")
        write_at_once(self.deadline)

    @property
    def logs(self) -> CloudWatchLogsClient:
        """The client for CloudWatch Logs, made when it is first wanted."""
        client: CloudWatchLogsClient = self._client("logs")
        return client

    def logs_as(self, key_id: str, secret: str, token: str) -> CloudWatchLogsClient:
        """A new client for CloudWatch Logs with the credentials of a role."""
        make: Any = self._session.client
        with self._lock:
            client: CloudWatchLogsClient = make(
                "logs",
                endpoint_url=self._endpoint_url,
                config=self._config,
                aws_access_key_id=key_id,
                aws_secret_access_key=secret,
                aws_session_token=token,
            )
            return client

    def _client(self, service: str) -> Any:
        make: Any = self._session.client
        with self._lock:
            if service not in self._clients:
                self._clients[service] = make(service, endpoint_url=self._endpoint_url, config=self._config)
            return self._clients[service]

    def account(self) -> str | None:
        """The account, which takes a call (sts:GetCallerIdentity) unless the credentials tell it."""
        if self.identity.account:
            return self.identity.account
        try:
            told = self._client("sts").get_caller_identity().get("Account")
        except Exception:  # noqa: BLE001 - only the header would have shown it
            return None
        return told if isinstance(told, str) and told.isdigit() else None

    def close(self) -> None:
        """Drop every socket; the clients go on working with new ones."""
        with self._lock:
            for client in self._clients.values():
                client.close()


def connect(settings: Where) -> AwsConnection:
    """A session with AWS and its client for Deadline Cloud.

    Raises whatever boto3 raises for an unknown profile or a missing region, and `CredentialsFailed` where
    the credentials cannot be resolved: a step of its own, because what it raises may be of any kind.
    """
    core = _core_session(settings)
    read_less(core)
    core.register_component("response_parser_factory", QuickParsers(parse_timestamp))
    # boto3 knows AWS_DEFAULT_REGION alone; where it finds no region, the name of the other SDKs is one.
    region = settings.region or core.get_config_variable("region") or os.environ.get("AWS_REGION")
    session = boto3.Session(botocore_session=core, region_name=region)
    scoped = {} if settings.demo else core.get_scoped_config()
    # Both make a monitor's profile: its user is sent as principalId.
    user = scoped.get("user_id") if scoped.get("monitor_id") else None
    profile = "demo" if settings.demo else core.profile
    login_command = _login_command(profile, scoped, is_monitor=user is not None)
    try:
        credentials = session.get_credentials()
        if credentials is not None:
            if user is not None:
                _spare_credential_process(credentials)
            credentials.get_frozen_credentials()
    except Exception as error:
        source = _source_of(scoped, is_monitor=user is not None)
        raise CredentialsFailed(error, renewal(source, profile, login_command)) from error
    source = _METHODS.get(getattr(credentials, "method", ""), Login.UNKNOWN)
    if settings.demo:
        source = Login.DEMO
    elif user is not None:
        source = Login.MONITOR
    identity = Identity(
        profile=profile,
        region=session.region_name or "",
        source=source,
        account=getattr(credentials, "account_id", None),
        user=user,
        login_command=login_command,
        renewal=renewal(source, profile, login_command),
    )
    return AwsConnection(session, identity, _config(settings, core), settings.endpoint_url)


def _core_session(settings: Where) -> botocore.session.Session:
    if not settings.demo:
        return botocore.session.Session(profile=settings.profile)
    # No environment and no file may decide anything: the demo must not even look at real credentials.
    nothing = {
        "profile": (None, None, None, None),
        "region": (None, None, settings.region, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
        "ignore_configured_endpoint_urls": (None, None, True, None),
    }
    core = botocore.session.Session(session_vars=nothing)
    core.set_credentials("testing", "testing")
    return core


def _config(settings: Where, core: botocore.session.Session) -> Config:
    """Time-outs short enough that a wrangler is told soon; the long back-off is the poller's.

    The retry mode is pinned, because the environment could change it.
    """
    return Config(
        connect_timeout=3,
        read_timeout=8,
        retries={"mode": "standard", "total_max_attempts": 2},
        tcp_keepalive=True,
        max_pool_connections=8,
        # The service does it too; here it takes longer than to read what it answers.
        parameter_validation=False,
        user_agent_extra=f"farmwatch/{__version__}",
        # A server of one's own has no host name to put "management." in front of.
        inject_host_prefix=not (settings.endpoint_url or _configured_endpoint(core, settings)),
    )


def _configured_endpoint(core: botocore.session.Session, settings: Where) -> str | None:
    if settings.demo:
        return None
    scoped = core.get_scoped_config()
    named = scoped.get("services")
    services = core.full_config.get("services", {}).get(named, {}) if named else {}
    return (
        os.environ.get("AWS_ENDPOINT_URL_DEADLINE")
        or os.environ.get("AWS_ENDPOINT_URL")
        or (services.get("deadline") or {}).get("endpoint_url")
        or scoped.get("endpoint_url")
    )


def _login_command(profile: str | None, scoped: dict[str, Any], *, is_monitor: bool) -> str:
    if is_monitor:
        return "deadline auth login"
    if any(name in scoped for name in ("sso_session", "sso_start_url")):
        return f"aws sso login --profile {profile or 'default'}"
    if "login_session" in scoped:
        return f"aws login --profile {profile or 'default'}"
    return ""


def _source_of(scoped: dict[str, Any], *, is_monitor: bool) -> Login:
    """Where a profile says that credentials come from, when none have come."""
    if is_monitor:
        return Login.MONITOR
    if any(name in scoped for name in ("sso_session", "sso_start_url", "login_session")):
        return Login.SSO
    if "credential_process" in scoped:
        return Login.PROCESS
    return Login.ROLE if "role_arn" in scoped else Login.UNKNOWN


def renewal(source: Login, profile: str | None, command: str) -> str:
    """How credentials are renewed, by where they come from; empty where that is not known."""
    named = f"profile {profile or 'default'}"
    afterwards = "Farmwatch goes on by itself afterwards."
    if command:
        return f"{source}: in another terminal: {command}. {afterwards}"
    return {
        Login.PROCESS: f"Renew the login that the credential process of {named} needs. {afterwards}",
        Login.STATIC: f"Put new keys for {named} into ~/.aws/credentials. {afterwards}",
        Login.ROLE: f"Renew the login that {named} assumes its role with. {afterwards}",
        Login.ENVIRONMENT: "The keys are those of the environment (AWS_ACCESS_KEY_ID), which cannot change "
        "while this runs: set new ones, and start Farmwatch again.",
        Login.INSTANCE: "The role of this machine renews its credentials by itself. Is its metadata service "
        f"reachable? {afterwards}",
    }.get(source, "")


def _spare_credential_process(credentials: Any) -> None:
    # Private members, so only where they are as expected: otherwise the process just runs more often.
    if getattr(credentials, "method", "") != "custom-process":
        return
    for name, seconds in (
        ("_advisory_refresh_timeout", MONITOR_ADVISORY_REFRESH),
        ("_mandatory_refresh_timeout", MONITOR_MANDATORY_REFRESH),
    ):
        if hasattr(credentials, name):
            setattr(credentials, name, seconds)
