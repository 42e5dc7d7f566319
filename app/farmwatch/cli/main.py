"""The command line: options become settings, settings become the running program."""

from __future__ import annotations

import gc
import getpass
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from farmwatch import __version__

if TYPE_CHECKING:
    from farmwatch.aws.access import AwsConnection
    from farmwatch.aws.api import DeadlineApi
    from farmwatch.aws.model import Fault, Who
    from farmwatch.cli.demo import DemoFarm
    from farmwatch.config.settings import Settings
    from farmwatch.history.recorder import Recorder
    from farmwatch.monitor.monitor import OpenConnection

STARTED_AFTER = 3.0
"""Seconds after which everything is imported and on the screen."""

ACCOUNT_AFTER = 0.5
"""Seconds after which the account is asked for."""


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--profile", metavar="NAME", help="AWS profile; a Deadline Cloud monitor profile works too.")
@click.option("--region", metavar="REGION", help="AWS region of the farm.")
@click.option("--endpoint-url", metavar="URL", help="Use this endpoint instead of AWS.")
@click.option("--farm-id", metavar="ID", help="Open at this farm.")
@click.option("--queue-id", metavar="ID", help="Open at this queue.")
@click.option("--job-id", metavar="ID", help="Open at this job.")
@click.option("--session-id", metavar="ID", help="Open at this session.")
@click.option("--interval", type=float, metavar="SECONDS", help="Refresh a running session this often (2).")
@click.option("--debug", is_flag=True, help="Write every call to farmwatch.log in the state folder.")
@click.option("--demo", is_flag=True, help="Watch an embedded farm; no AWS account, no credentials.")
@click.version_option(__version__, prog_name="farmwatch")
@click.pass_context
def cli(context: click.Context, /, **options: Any) -> None:
    """Watch the sessions of an AWS Deadline Cloud farm.

    Without options Farmwatch opens with the profile, the farm and the queue that the deadline command
    uses by default, or at the list of farms.
    """
    if context.invoked_subcommand is None:
        sys.exit(watch(options))


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0: a free one.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 1e3), default=1.0, show_default=True, help="Speed-up factor."
)
@click.option("--seed", type=int, default=7, show_default=True, help="Same seed, same simulation.")
def farm(port: int, speed: float, seed: int) -> None:
    """Serve an embedded farm on the loopback address, for any AWS client."""
    from farmwatch.cli import demo

    if not demo.is_installed():
        fail(demo.HOW_TO_GET_IT)
    from moto_deadline.server import PortTaken, serve

    try:
        serve(port, speed, seed)
    except PortTaken as error:
        fail(str(error), exit_code=1)


@cli.command()
@click.option("--profile", metavar="NAME", help="AWS profile.")
@click.option("--region", metavar="REGION", help="AWS region of the farm.")
@click.option("--endpoint-url", metavar="URL", help="Use this endpoint instead of AWS.")
@click.option("--farm-id", metavar="ID", help="Try the calls on this farm.")
@click.option("--queue-id", metavar="ID", help="Try the calls on this queue.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array, for scripts.")
def doctor(*, as_json: bool, **options: Any) -> None:
    """Check everything that is needed, and say what is wrong."""
    from farmwatch.cli.doctor import tell
    from farmwatch.config.settings import SettingsError, resolve

    try:
        settings = resolve(**options, environ=os.environ, home=Path.home())
    except SettingsError as error:
        fail(str(error))
    sys.exit(tell(settings, as_json=as_json, echo=say))


@cli.command()
@click.option("--since", metavar="TIME", help="Only since this time: 8h, 30min, 2d, 22:00, 2026-11-20.")
@click.option("--session", "session_id", metavar="ID", help="Only of this session.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array, for scripts.")
def history(since: str | None, session_id: str | None, *, as_json: bool) -> None:
    """Print the recorded history, by session."""
    from farmwatch.cli.history import CannotTell, tell_history
    from farmwatch.ui.terminal import speaks_utf8

    try:
        tell_history(since, session_id, as_json=as_json, echo=say, ascii_only=not speaks_utf8())
    except CannotTell as error:
        fail(str(error), exit_code=error.exit_code)


def watch(options: dict[str, Any]) -> int:
    """Run the monitor; the exit code."""
    start_without_collecting()
    # Whatever is written, a picture of the screen too, is for this user's eyes.
    os.umask(0o077)
    from farmwatch.config import debug_log

    log = debug_log.begin(debug=options.pop("debug"))
    try:
        return _watch(options)
    finally:
        debug_log.end(log)


def _watch(options: dict[str, Any]) -> int:
    from farmwatch.config.settings import SettingsError, resolve

    try:
        settings = resolve(**options, environ=os.environ, home=Path.home())
    except SettingsError as error:
        fail(str(error))
    demo_farm: DemoFarm | None = None
    if settings.demo:
        from farmwatch.cli import demo

        if not demo.is_installed():
            fail(demo.HOW_TO_GET_IT)
        demo_farm = demo.DemoFarm()
    from farmwatch.ui.app import FarmwatchApp
    from farmwatch.ui.hangup import guarded
    from farmwatch.ui.terminal import has_few_colours, speaks_utf8

    recorder = recorder_of(settings)
    app = FarmwatchApp(
        settings,
        farm_opener(settings, demo_farm),
        ascii_only=not speaks_utf8(),
        few_colours=has_few_colours(),
        recorder=recorder,
    )

    def finish() -> None:
        if demo_farm is not None:
            demo_farm.stop()
        recorder.close()
        if demo_farm is not None:
            shutil.rmtree(recorder.path.parent, ignore_errors=True)

    recorder.start()
    with guarded(app.end, finish):
        try:
            app.run()
        finally:
            finish()
    # Whoever ended without having been asked to has failed.
    return 1 if app.return_code is None else app.return_code


def recorder_of(settings: Settings) -> Recorder:
    """Where what is seen is written down. What is seen of the demo farm is gone with it."""
    from farmwatch.config.paths import history_file
    from farmwatch.history.recorder import Recorder

    folder = Path(tempfile.mkdtemp(prefix="farmwatch-demo-")) if settings.demo else None
    return Recorder(history_file(folder), watcher=watcher(), keep=settings.history_kept)


def watcher() -> str:
    """Who watches: the user and the machine, as far as they are known."""
    from farmwatch.aws.cleaning import clean

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "somebody"
    return clean(f"{user}@{socket.gethostname().partition('.')[0]}", 80)


def start_without_collecting() -> None:
    """Leave the garbage alone while everything is imported: there is hardly any, and looking for it takes a
    sixth of the time until the first frame. What was made by then stays; it is not looked through again."""

    def collect() -> None:
        gc.collect()
        gc.freeze()
        gc.enable()

    gc.disable()
    later(STARTED_AFTER, collect)


def later(seconds: float, do: Callable[[], None]) -> None:
    """Do something in a thread of its own that nobody waits for."""
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()


def farm_opener(settings: Settings, demo_farm: DemoFarm | None = None) -> OpenConnection:
    """What connects to AWS, or to the demo farm. It is called in a poller's thread: only there boto3 is
    imported, which takes longer than painting the first frame."""
    endpoint: list[str] = []

    def open_farm(on_request: Callable[[], None], on_identity: Callable[[Who], None]) -> DeadlineApi | Fault:
        from dataclasses import replace

        from farmwatch.aws import access
        from farmwatch.aws.client import DeadlineClient
        from farmwatch.aws.faults import classify
        from farmwatch.aws.log_reader import LogReader

        try:
            if demo_farm is not None and not endpoint:
                endpoint.append(demo_farm.start())
            asked = replace(settings, endpoint_url=endpoint[0]) if endpoint else settings
            connection = access.connect(asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, the wrangler is told and it is tried again
            return classify(error, operation="", profile=settings.profile)
        introduce(connection, on_identity)
        return DeadlineClient(
            connection.deadline,
            principal_id=connection.identity.principal_id,
            profile=connection.identity.profile,
            renewal=connection.identity.renewal,
            on_request=on_request,
            drop_sockets=connection.close,
            logs=LogReader(
                connection,
                by_role=connection.identity.user is not None,
                profile=connection.identity.profile,
                renewal=connection.identity.renewal,
                on_request=on_request,
            ),
        )

    return open_farm


def introduce(connection: AwsConnection, on_identity: Callable[[Who], None]) -> None:
    """Tell as whom the questions are asked; the account follows, because asking for it takes a call, and
    what is to be watched comes first."""
    from dataclasses import replace

    from farmwatch.aws.model import Who

    identity = connection.identity
    who = Who(identity.profile or "", identity.user or identity.account or "", identity.region)
    on_identity(who)
    if not who.name:

        def ask() -> None:
            account = connection.account()
            if account:
                on_identity(replace(who, name=account))

        later(ACCOUNT_AFTER, ask)


def say(text: str, *, err: bool = False) -> None:
    """Print on standard output, or standard error; in ASCII where the terminal's locale has no more."""
    from farmwatch.ui.terminal import in_ascii, speaks_utf8

    click.echo(text if speaks_utf8() else in_ascii(text), err=err)


def fail(sentence: str, exit_code: int = 2) -> None:
    """End with one line on standard error."""
    say(f"farmwatch: {sentence}", err=True)
    sys.exit(exit_code)


def main() -> None:
    cli(prog_name="farmwatch")
