"""Calling an address: a POST with a message, or a GET that says that all is well."""

from __future__ import annotations

import http.client
import socket
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from farmwatch import __version__
from farmwatch.notify.failure import Failure, hidden

LONGEST_WAIT = 3600.0
"""Seconds: as long as a receiver may ask to be left alone."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What is posted goes where the settings say, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: it is an answer like any other that is no success."""


def call(url: str, seconds: float, secrets: tuple[str, ...], posted: bytes | None = None) -> Failure | None:
    """GET an address, or POST JSON to it; ``None`` where the answer is a success. All of it takes so many
    seconds at most, but for finding the host. Proxies are those of the environment."""
    headers = {"User-Agent": f"farmwatch/{__version__}"}
    if posted is not None:
        headers["Content-Type"] = "application/json"
    sockets: list[socket.socket] = []
    is_late = threading.Event()

    def give_up() -> None:
        is_late.set()
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    # The time-out of a socket is for one step of many: whoever sends a byte now and then never meets it.
    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        url, headers = _with_login(url, headers)
        request = urllib.request.Request(url, posted, headers)  # noqa: S310 - http or https, by the schema
        with _opener(sockets).open(request, timeout=seconds):
            return None
    except urllib.error.HTTPError as error:
        with error:
            return _refused(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it did not arrive, and is tried again
        if is_late.is_set() or isinstance(error, TimeoutError) or isinstance(_reason(error), TimeoutError):
            return Failure(f"no answer within {seconds:g} s")
        return Failure(_words(error, secrets))
    finally:
        timer.cancel()


def _with_login(url: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """An address without the user and the password that it may have, and the headers with them."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, headers
    basic = b64encode(unquote(login).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {**headers, "Authorization": f"Basic {basic}"}


def _opener(sockets: list[socket.socket]) -> urllib.request.OpenerDirector:
    """What opens addresses, and notes the sockets that it does that by."""

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class Secure(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, req)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Secure, req)

    return urllib.request.build_opener(PlainHandler, SecureHandler, _NoRedirects)


def _refused(error: urllib.error.HTTPError) -> Failure:
    if 300 <= error.code < 400:
        return Failure(f"HTTP {error.code}: it leads elsewhere, which is not followed")
    phrase = http.client.responses.get(error.code, "")
    wait = _retry_after(error.headers.get("Retry-After", "")) if error.code in (429, 503) else None
    return Failure(f"HTTP {error.code} {phrase}".rstrip(), wait)


def _retry_after(text: str) -> float | None:
    """Seconds, be they told as such or as a time."""
    try:
        seconds = float(int(text))
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT)


def _reason(error: Exception) -> object:
    return getattr(error, "reason", None)


def _words(error: Exception, secrets: tuple[str, ...]) -> str:
    """An error in words; its own are taken only where they are the system's."""
    reason = _reason(error)
    cause = reason if isinstance(reason, Exception) else error
    told = getattr(cause, "strerror", None) or ""
    return hidden(f"{type(cause).__name__}: {told}" if told else type(cause).__name__, secrets)
