"""What every command that watches needs: the way to AWS or to the demo farm, the recorder, what it says."""

from __future__ import annotations

import getpass
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from farmwatch.aws.access import AwsConnection
    from farmwatch.aws.api import DeadlineApi
    from farmwatch.aws.model import Fault, Who
    from farmwatch.cli.demo import DemoFarm
    from farmwatch.config.settings import ConnectionSettings, Settings
    from farmwatch.history.recorder import Recorder
    from farmwatch.monitor.monitor import OpenConnection

ACCOUNT_AFTER = 0.5
"""Seconds after which the account is asked for."""


def opener(
    where: ConnectionSettings, demo_farm: DemoFarm | None = None, *, shows_account: bool = True
) -> OpenConnection:
    """What makes a connection: to AWS, or to the demo farm. What it returns is called in a poller's thread:
    only there boto3 is imported, which takes longer than painting the first frame. Where no account is shown
    none is asked for, which would take another client."""
    endpoint: list[str] = []

    def open_farm(on_request: Callable[[], None], on_identity: Callable[[Who], None]) -> DeadlineApi | Fault:
        from msgspec.structs import replace

        from farmwatch.aws import access
        from farmwatch.aws.connect import client_of
        from farmwatch.aws.faults import classify

        try:
            if demo_farm is not None and not endpoint:
                endpoint.append(demo_farm.start())
            connection = access.connect(replace(where, endpoint_url=endpoint[0]) if endpoint else where)
        except Exception as error:  # noqa: BLE001 - whatever it is, the wrangler is told and it is tried again
            return classify(error, operation="", profile=where.profile)
        introduce(connection, on_identity, shows_account=shows_account)
        return client_of(connection, on_request)

    return open_farm


def introduce(connection: AwsConnection, on_identity: Callable[[Who], None], *, shows_account: bool) -> None:
    """Tell as whom the questions are asked; the account, where it is shown, follows, because asking for it
    takes a call, and what is to be watched comes first."""
    from msgspec.structs import replace

    from farmwatch.aws.model import Who

    identity = connection.identity
    who = Who(identity.profile or "", identity.user or identity.account or "", identity.region)
    on_identity(who)
    if shows_account and not who.name:

        def ask() -> None:
            account = connection.account()
            if account:
                on_identity(replace(who, name=account))

        later(ACCOUNT_AFTER, ask)


def recorder_of(settings: Settings) -> Recorder:
    """Where what is seen is written down. What is seen of the demo farm is gone with it."""
    from farmwatch.config.paths import history_file
    from farmwatch.history.recorder import Recorder

    folder: Path | None = None
    if settings.demo:
        from farmwatch.cli.demo import make_folder

        folder = make_folder()
    return Recorder(history_file(folder), watcher=watcher(), keep=settings.history_kept)


def watcher() -> str:
    """Who watches: the user and the machine, as far as they are known."""
    from farmwatch.aws.cleaning import clean

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "somebody"
    return clean(f"{user}@{socket.gethostname().partition('.')[0]}", 80)


def later(seconds: float, do: Callable[[], None]) -> None:
    """Do something in a thread of its own that nobody waits for."""
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()


def say(text: str, *, err: bool = False) -> None:
    """Print on standard output, or standard error; in ASCII where the terminal's locale has no more."""
    from farmwatch.words.ascii import in_ascii, speaks_utf8

    click.echo(text if speaks_utf8() else in_ascii(text), err=err)


def fail(sentence: str, exit_code: int = 2) -> NoReturn:
    """End with one line on standard error."""
    say(f"farmwatch: {sentence}", err=True)
    sys.exit(exit_code)
