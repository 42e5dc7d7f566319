"""A server that fails in every way there is, as it is told: for the real client, over a real socket."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.waiting import LONG

DATE = "Sat, 14 Mar 2026 02:10:00 GMT"


@dataclass(frozen=True)
class Way:
    """How a request is answered: with a body and a status, or in a way of its own.

    ``how`` is ``reply``, or one of ``fin`` (closed without a word), ``rst`` (reset), ``hang`` (no word at
    all), ``drip`` (a byte now and then), ``endless`` (so too, without an end), ``cut`` (less than was
    promised), ``garbage`` (no HTTP) and ``idle fin`` (a reply, and closed before the next request).
    """

    how: str = "reply"
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    says: str | None = None
    """The lifecycle status that a complete valid reply tells."""


def reply(body: object, **given: Any) -> Way:
    """A reply with a body, as JSON unless it is bytes."""
    return Way(body=body if isinstance(body, bytes) else json.dumps(body).encode(), **given)


def error(status: int, code: str, **headers: str) -> Way:
    """An error as the service words it."""
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return reply(
        {"__type": code, "message": "no"}, status=status, headers={"x-amzn-ErrorType": code, **found}
    )


class FaultServer:
    """Answers requests as it is told: by what is asked (`answer`), else from the ``script``, one by one; and
    with ``otherwise`` when nothing is left.

    The script is for who asks from one thread. Where several ask, which one comes first is anybody's guess,
    and only what is told with `answer` reaches the question that it is meant for. ``told`` is the truth:
    every lifecycle status that left in a complete valid reply.
    """

    def __init__(self, otherwise: Way) -> None:
        self.otherwise = otherwise
        self.script: deque[Way] = deque()
        self._by_question: list[tuple[re.Pattern[str], deque[Way]]] = []
        self.told: list[str] = []
        self.requests = 0
        self.connections = 0
        self.closed = threading.Semaphore(0)
        """Released once for each connection that the server has closed."""
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._ended: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="fault-server", daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(LONG), "the fault server does not start"

    def stop(self) -> None:
        if self._ended is not None:
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(LONG)

    def answer(self, asked: str, *ways: Way) -> None:
        """Answer requests of which the first line (``GET /2023-10-12/farms/...``) has a match for ``asked``
        in these ways, one after another, each once."""
        self._by_question.append((re.compile(asked), deque(ways)))

    def left(self, asked: str) -> int:
        """How many of the ways given for ``asked`` are still to come."""
        return sum(len(ways) for pattern, ways in self._by_question if pattern.pattern == asked)

    def _way(self, asked: str) -> Way:
        for pattern, ways in self._by_question:
            if ways and pattern.search(asked):
                return ways.popleft()
        return self.script.popleft() if self.script else self.otherwise

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        self._started.set()
        await self._ended.wait()
        server.close()
        waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                asked = await self._read_request(reader)
                self.requests += 1
                if not await self._answer(self._way(asked), writer):
                    break
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()
        self.closed.release()

    @staticmethod
    async def _read_request(reader: asyncio.StreamReader) -> str:
        """Its first line."""
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
        return head.partition(b"\r\n")[0].decode("ascii", "replace")

    async def _answer(self, way: Way, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open."""
        if way.how == "fin":
            return False
        if way.how == "rst":
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        if way.how == "hang":
            await asyncio.sleep(60)
            return False
        if way.how == "garbage":
            writer.write(b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n")
            return False
        data = self._bytes(way)
        if way.how == "drip":
            for byte in data[:100]:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.02)
            return False
        if way.how == "endless":
            writer.write(data)
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.5)
        if way.how == "cut":
            writer.write(data[:-10])
            return False
        if way.says is not None:
            self.told.append(way.says)
        writer.write(data)
        await writer.drain()
        return way.how != "idle fin"

    @staticmethod
    def _bytes(way: Way) -> bytes:
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(way.body) if way.how != "endless" else 2**40),
            "x-amzn-RequestId": "7f3c0000-0000-4000-8000-0000000000e1",
            "Date": DATE,
            **way.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {way.status} Whatever\r\n{head}\r\n".encode() + way.body


@contextmanager
def fault_server(otherwise: Way) -> Iterator[FaultServer]:
    """A server on the loopback address, until the block ends."""
    server = FaultServer(otherwise)
    server.start()
    try:
        yield server
    finally:
        server.stop()


WAYS: dict[str, Callable[[], Way]] = {
    # every way in which an answer is none: what it is classified as is the test's to know
    "fin": lambda: Way("fin"),
    "rst": lambda: Way("rst"),
    "hang": lambda: Way("hang"),
    "drip": lambda: Way("drip", body=b"x" * 1000),
    "cut": lambda: Way("cut", body=b'{"sessionId": "session-0", "more": "than came"}'),
    "garbage": lambda: Way("garbage"),
    "html 200": lambda: reply(b"<html>Sign in to this hotel</html>", headers={"Content-Type": "text/html"}),
    "empty 200": lambda: reply(b""),
    "{} 200": lambda: reply({}),
    "cut JSON 200": lambda: reply(b'{"sessionId": "session-6'),
    "list 200": lambda: reply([]),
    "html 502": lambda: reply(b"<html>Bad gateway</html>", status=502, headers={"Content-Type": "text/html"}),
    "500": lambda: error(500, "InternalServerErrorException"),
    "503": lambda: error(503, "ServiceUnavailableException"),
    "429": lambda: error(429, "ThrottlingException"),
    "429 and when": lambda: error(429, "ThrottlingException", Retry_After="7"),
    "429 and when, in words": lambda: error(429, "ThrottlingException", Retry_After="soon"),
    "denied": lambda: error(403, "AccessDeniedException"),
    "expired": lambda: error(403, "ExpiredTokenException"),
    "unknown key": lambda: error(403, "UnrecognizedClientException"),
    "clock": lambda: error(403, "InvalidSignatureException"),
    "gone": lambda: error(404, "ResourceNotFoundException"),
    "refused": lambda: error(400, "ValidationException"),
    "conflict": lambda: error(409, "ConflictException"),
    "unknown error": lambda: error(418, "TeapotException"),
}
