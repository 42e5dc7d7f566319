"""The command line: a command a module, with what they have in common."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from farmwatch import __version__
from farmwatch.cli.connections import fail, say

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


def _offer(offered: Callable[[Any, str], Any]) -> Callable[..., Any]:
    """What completes a value: a function of a module that only a shell at the tab key needs, and of what is
    typed."""

    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> Any:  # noqa: ARG001
        from farmwatch.cli import completions

        return offered(completions, typed)

    return complete


def _with(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in their order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_connection_options = _with(
    click.option(
        "--profile",
        metavar="NAME",
        shell_complete=_offer(lambda module, typed: module.profiles(typed)),
        help="AWS profile; a Deadline Cloud monitor profile works too.",
    ),
    click.option("--region", metavar="REGION", help="AWS region of the farm."),
    click.option("--endpoint-url", metavar="URL", help="Use this endpoint instead of AWS."),
    click.option(
        "--connection",
        "connections",
        metavar="NAME",
        multiple=True,
        shell_complete=_offer(lambda module, typed: module.connections(typed)),
        help="A connection of the settings file; may be repeated.",
    ),
    click.option("--all-connections", is_flag=True, help="All connections of the settings file."),
)
"""The options that say whom to ask."""

_interval_option = click.option(
    "--interval", type=float, metavar="SECONDS", help="Refresh a running session this often (2)."
)


def _where_options(verb: str) -> Callable[[F], F]:
    """The options that say whom to ask, and about what."""
    return _with(
        _connection_options,
        *(
            click.option(
                f"--{kind}-id",
                metavar="ID",
                shell_complete=_offer(lambda module, typed, kind=kind: module.known_ids(typed, kind)),  # type: ignore[misc]
                help=f"{verb} this {kind}.",
            )
            for kind in ("farm", "queue", "job", "session")
        ),
    )


class _PlaceOrCommand(click.Group):
    """A group whose first argument may be a place to open, instead of a command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from farmwatch.config.places import is_place

        if args and self.get_command(ctx, args[0]) is None and is_place(args[0]):
            return "open", _open, args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options, and the sessions that the history knows."""
        from farmwatch.cli.completions import known_ids

        return [*super().shell_complete(ctx, incomplete), *(known_ids(incomplete) if incomplete else ())]


@click.group(
    cls=_PlaceOrCommand,
    invoke_without_command=True,
    subcommand_metavar="[PLACE | COMMAND [ARGS]...]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@_where_options("Open at")
@_interval_option
@click.option("--debug", is_flag=True, help="Write every call to farmwatch.log in the state folder.")
@click.option("--fresh", is_flag=True, help="Do not begin where Farmwatch was left.")
@click.option(
    "--wall",
    metavar="[NAME]",
    is_flag=False,
    flag_value="",
    help="Begin with the wall (W): everything that runs, or what was put on the wall of a name.",
)
@click.option(
    "--allow-actions", is_flag=True, help="Let X end, cancel and requeue things; else all is only read."
)
@click.option("--demo", is_flag=True, help="Watch an embedded farm; no AWS account, no credentials.")
@click.version_option(__version__, prog_name="farmwatch")
@click.pass_context
def cli(context: click.Context, /, **options: Any) -> None:
    """Watch the sessions of an AWS Deadline Cloud farm.

    Without options Farmwatch opens where it was left, else with the profile, the farm and the queue that
    the deadline command uses by default, or at the list of farms. PLACE is the address of a page of the
    Deadline Cloud monitor, or the id of a session that the history knows.
    """
    if context.invoked_subcommand is None:
        from farmwatch.cli.monitor import run

        sys.exit(run(options))


@click.command(hidden=True)
@click.argument("place")
@click.pass_context
def _open(context: click.Context, place: str) -> None:
    """Open the screens at a place."""
    from farmwatch.cli.monitor import run
    from farmwatch.cli.placing import placed

    sys.exit(run(placed(place, (context.parent or context).params)))


@cli.command()
@click.argument("place", required=False)
@_where_options("Watch")
@_interval_option
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for every event, for scripts.")
@click.option("--marked", is_flag=True, help="Watch what is marked (m in the screens), wherever it is.")
@click.option("--alerts", is_flag=True, help="Judge alerts, print them, and tell the targets of [notify].")
@click.option("--wall", metavar="NAME", help="With --alerts: by what is on this wall; else by all that runs.")
@click.option("--until-ended", is_flag=True, help="End when everything that is watched has ended.")
@click.option("--debug", is_flag=True, help="Write every call to farmwatch.log in the state folder.")
def watch(
    place: str | None,
    *,
    as_json: bool,
    marked: bool,
    alerts: bool,
    wall: str | None,
    until_ended: bool,
    **options: Any,
) -> None:
    """Watch without a screen: print a line for everything that happens.

    Follows a session, all sessions of a job, or all active ones of a queue; with --alerts everything that
    runs. Rides out every fault, and ends with 0 when nobody reads any more.
    """
    if alerts:
        if place or marked or until_ended:
            fail("--alerts goes without a place, --marked and --until-ended: --wall names what is watched")
        from farmwatch.cli import watch_alerts

        sys.exit(watch_alerts.run(options, as_json=as_json, wall=wall))
    if wall is not None:
        fail("--wall goes with --alerts")
    from farmwatch.cli.watch import run

    sys.exit(run(place, options, as_json=as_json, marked=marked, until_ended=until_ended))


@cli.command()
@click.argument("place", required=False)
@_where_options("Wait for")
@_interval_option
@click.option("--timeout", metavar="TIME", help="Give up after this long: 8h, 30min. Else never.")
@click.option(
    "--patience",
    metavar="TIME",
    default="10min",
    show_default=True,
    help="Give up where a login is needed this long.",
)
@click.option("--debug", is_flag=True, help="Write every call to farmwatch.log in the state folder.")
def wait(place: str | None, timeout: str | None, patience: str, **options: Any) -> None:
    """Wait until a session, or a job, has ended.

    \b
    Exit codes:
      0  ended well; of a job: SUCCEEDED, and no log error
      1  an error of Farmwatch's own, or not found for an hour
      2  the command line is no good
      3  not ended in time
      4  a login has been needed for longer than --patience
      5  ended with a failed or interrupted action, or a log error; of a job: not SUCCEEDED
    """
    from farmwatch.cli.wait import run

    sys.exit(run(place, options, timeout=timeout, patience=patience))


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0: a free one.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 1e3), default=1.0, show_default=True, help="Speed-up factor."
)
@click.option("--seed", type=int, default=7, show_default=True, help="Same seed, same simulation.")
@click.option(
    "--sessions", metavar="N", type=click.IntRange(1, 20000), help="A large farm: so many sessions at once."
)
@click.option("--night", metavar="NAME", help='A small farm in which one thing goes wrong, as "stuck".')
def farm(port: int, speed: float, seed: int, sessions: int | None, night: str | None) -> None:
    """Serve an embedded farm on the loopback address, for any AWS client.

    Without --sessions it is a small farm in which all sorts of things go wrong; with it, one of ten queues
    that runs so many sessions at once (1 to 20000), to try a client on. --night is a small farm in which one
    thing goes wrong: stuck, slow, not-responding, dead-worker, bad-worker, poison-task, never-started,
    will-not-end, spot-storm, or nothing: quiet.
    """
    from farmwatch.cli import demo

    if not demo.is_installed():
        fail(demo.HOW_TO_GET_IT)
    from moto_deadline.server import PortTaken, serve
    from moto_deadline.simulation.nights import NIGHTS

    if night is not None and night not in NIGHTS:
        fail(f"There is no such night; there are: {', '.join(NIGHTS)}.")
    try:
        serve(port, speed, seed, sessions=sessions, night=night)
    except PortTaken as error:
        fail(str(error), exit_code=1)


@cli.command()
@_connection_options
@click.option("--farm-id", metavar="ID", help="Try the calls on this farm.")
@click.option("--queue-id", metavar="ID", help="Try the calls on this queue.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array, for scripts.")
def doctor(*, as_json: bool, **options: Any) -> None:
    """Check everything that is needed, and say what is wrong.

    Tries all connections that the settings file names, unless the options name others.
    """
    from farmwatch.cli.doctor import tell
    from farmwatch.config.schema import BadSetting, default_path, read
    from farmwatch.config.settings import SettingsError, resolve

    try:
        if not any(options.values()):
            options["all_connections"] = bool(read(default_path(os.environ)).connections)
        settings = resolve(**options, environ=os.environ, home=Path.home())
    except (SettingsError, BadSetting) as error:
        fail(str(error))
    sys.exit(tell(settings, as_json=as_json, echo=say))


@cli.command()
@click.option("--example", is_flag=True, help="Print a settings file with everything in it, commented.")
@_where_options("Open at")
@_interval_option
def config(*, example: bool, **options: Any) -> None:
    """Print the settings that are in force, and where each comes from."""
    from farmwatch.cli.config import tell
    from farmwatch.cli.monitor import check_keys
    from farmwatch.config import schema
    from farmwatch.config.settings import SettingsError, resolve

    if example:
        from farmwatch.ui import keymap

        say(schema.example() + keymap.example())
        return
    try:
        settings = resolve(**options, environ=os.environ, home=Path.home())
    except SettingsError as error:
        fail(str(error))
    check_keys(settings)
    tell(settings, echo=say)


@cli.command()
@click.option("--since", metavar="TIME", help="Only since this time: 8h, 30min, 2d, 22:00, 2026-11-20.")
@click.option("--session", "session_id", metavar="ID", help="Only of this session.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array, for scripts.")
def history(since: str | None, session_id: str | None, *, as_json: bool) -> None:
    """Print the recorded history, by session."""
    from farmwatch.cli.history import CannotTell, tell_history
    from farmwatch.words.ascii import speaks_utf8

    try:
        tell_history(since, session_id, as_json=as_json, echo=say, ascii_only=not speaks_utf8())
    except CannotTell as error:
        fail(str(error), exit_code=error.exit_code)


@cli.command()
@click.option("--since", metavar="TIME", help="Since this time: 22:00, 8h, 2026-11-20. Else 12 hours.")
@click.option("--until", metavar="TIME", help="Until this time. Else until now.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown, for a ticket or chat.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for scripts.")
def digest(since: str | None, until: str | None, *, as_markdown: bool, as_json: bool) -> None:
    """Print what to hand over: what ran, failed, is in trouble, and who knows.

    From the recorded history alone, whether Farmwatch runs or not.
    """
    from farmwatch.cli.digest import tell_digest
    from farmwatch.cli.history import CannotTell
    from farmwatch.words.ascii import speaks_utf8

    if as_markdown and as_json:
        fail("--markdown and --json exclude each other")
    try:
        tell_digest(
            since,
            until,
            as_markdown=as_markdown,
            as_json=as_json,
            echo=say,
            ascii_only=not speaks_utf8(),
        )
    except CannotTell as error:
        fail(str(error), exit_code=error.exit_code)


@cli.command()
def rules() -> None:
    """Print the rules of trouble: when each fires, how often it did and was contradicted."""
    from farmwatch.cli.rules import tell
    from farmwatch.config.schema import BadSetting, default_path, read
    from farmwatch.config.state import StateFile, state_file

    try:
        table = read(default_path(os.environ)).rules
    except BadSetting as error:
        fail(str(error))
    tell(StateFile(state_file()).state, table, echo=say)


@cli.command()
@click.argument("target", required=False, shell_complete=_offer(lambda module, typed: module.targets(typed)))
@click.option("--test", "is_test", is_flag=True, help="Send a test message, and say what came of it.")
def notify(target: str | None, *, is_test: bool) -> None:
    """List who is told of alerts, or try whether that arrives.

    Without TARGET all of those that the settings file names. With --test the exit code is 1 where a message
    did not arrive.
    """
    from farmwatch.cli.notify import NoSuchTarget, tell
    from farmwatch.config.schema import BadSetting, default_path, read

    try:
        sys.exit(tell(read(default_path(os.environ)).notify, target, is_test=is_test, echo=say))
    except (BadSetting, NoSuchTarget) as error:
        fail(str(error))


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completions(shell: str) -> None:
    """Print what bash, zsh or fish has to read to complete commands, options and ids.

    \b
    bash: eval "$(farmwatch completions bash)"          in ~/.bashrc
    zsh:  eval "$(farmwatch completions zsh)"           in ~/.zshrc
    fish: farmwatch completions fish | source           in ~/.config/fish/config.fish
    """
    from farmwatch.cli.completions import script

    say(script(shell, cli))
