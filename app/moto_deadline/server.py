"""The embedded farm as a server on the loopback address, for any AWS client."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import moto_deadline
from moto_deadline.simulation import RealClock, Simulation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

ADDRESS = "127.0.0.1"
"""Never another one: the farm answers whoever asks."""

PATHS = "/2023-10-12/"
"""How the path of every operation of Deadline Cloud begins."""


class PortTaken(OSError):  # noqa: N818 - says what happened
    """The port cannot be had."""


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(
    port: int,
    speed: float,
    seed: int,
    *,
    sessions: int | None = None,
    night: str | None = None,
    until_stdin_closes: bool = False,
    announce: Callable[[str], None] = _print,
) -> None:
    """Serve a living farm until told to end (SIGINT, SIGTERM).

    ``port`` 0 takes a free one; ``speed`` is how many seconds of the simulation pass in one; with
    ``sessions`` it is a large farm that runs so many at once, with ``night`` (`simulation.nights`) a small
    one in which one thing goes wrong. The first line announced is ``endpoint <URL>``. With
    ``until_stdin_closes`` it also ends when its standard input does: whoever holds
    the other end cannot leave it behind, not even by dying. Raises `PortTaken`.
    """

    def end(*_: object) -> None:
        # Calls in flight are not waited for: nobody is left to read their answers.
        os._exit(0)

    # First of all: what follows takes seconds, and whoever started this may be gone by then.
    if until_stdin_closes:
        threading.Thread(target=_wait_for_end_of_stdin, args=(end,), daemon=True).start()

    # What is made now stays. Looking for garbage among it takes a third of the start, and as much again and
    # again later.
    gc.disable()
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto_deadline.install(Simulation(seed, RealClock(speed), sessions=sessions, night=night))
    try:
        # werkzeug prints a page about a taken port and exits; its words are not for this program.
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):  # noqa: PTH123
            server = make_server(ADDRESS, port, application(), threaded=True)
    except (SystemExit, OSError) as error:
        raise PortTaken(f"port {port} of {ADDRESS} cannot be had: is something listening there?") from error
    for line in words(f"http://{ADDRESS}:{server.server_port}", speed, seed):
        announce(line)

    gc.freeze()
    gc.enable()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
    server.serve_forever()


def application() -> WSGIApplication:
    """What answers requests: moto, by the service that each is signed for, and for unsigned ones the farm."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.wrappers import Response

    from moto_deadline.responses import refusal

    moto_deadline.register()
    of_moto = DomainDispatcherApplication(create_backend_app)

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PATHS) or environ.get("HTTP_AUTHORIZATION"):
            answered: Iterable[bytes] = of_moto(environ, start_response)
            return answered
        # The deadline command does not sign what it tells of its use. moto takes such for S3, which fails
        # with a page of HTML and a traceback on the terminal.
        headers, body = refusal(f"an unsigned {environ['REQUEST_METHOD']} {path}")
        return Response(body, 404, headers)(environ, start_response)

    return answer


def _wait_for_end_of_stdin(end: Callable[[], None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while sys.stdin.buffer.read(1024):
            pass
    end()


def words(endpoint: str, speed: float, seed: int) -> list[str]:
    """What an AWS client has to be told to talk to the farm."""
    return [
        f"endpoint {endpoint}",
        f"# Deadline Cloud, embedded: speed {speed:g}, seed {seed}. Ctrl+C ends it. In another terminal:",
        f"export AWS_ENDPOINT_URL={endpoint}",
        # The deadline command looks for farms in every region unless this one is set.
        f"export AWS_ENDPOINT_URL_DEADLINE={endpoint}",
        f"export AWS_REGION={moto_deadline.REGION} AWS_DEFAULT_REGION={moto_deadline.REGION}",
        "export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing",
        # Else a client puts "management." in front of the address.
        "export AWS_DISABLE_HOST_PREFIX_INJECTION=true",
        f"# farmwatch --endpoint-url {endpoint} --region {moto_deadline.REGION}",
    ]
