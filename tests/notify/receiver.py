"""Real receivers of messages: an HTTP server on the loopback address, and a program."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Receiver:
    """Answers every request with the next of ``answers`` (a status, and headers), the last again and again;
    ``asked`` has the method, the path and the body of each. A status of 0 is no answer until the end."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = [(200, {})]
        self.asked: list[tuple[str, str, bytes]] = []
        self.logins: list[str] = []
        self.has_ended = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.logins += filter(None, (self.headers.get("Authorization"),))
                receiver.asked.append((self.command, self.path, body))
                answers = receiver.answers
                status, headers = answers.pop(0) if len(answers) > 1 else answers[0]
                if not status:
                    receiver.has_ended.wait()
                    return
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            do_GET = do_POST = _answer  # noqa: N815 - as http.server wants it

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def told(self) -> list[dict[str, Any]]:
        """What was posted."""
        return [json.loads(body) for method, _, body in self.asked if method == "POST"]

    def stop(self) -> None:
        self.has_ended.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    # Not by a proxy that the machine may have.
    before = os.environ.get("NO_PROXY")
    os.environ["NO_PROXY"] = "127.0.0.1"
    try:
        yield receiver
    finally:
        receiver.stop()
        if before is None:
            del os.environ["NO_PROXY"]
        else:
            os.environ["NO_PROXY"] = before


def program(folder: Path, source: str) -> tuple[str, ...]:
    """A command that runs a few lines of Python."""
    path = folder / "program.py"
    path.write_text(source, encoding="utf-8")
    return sys.executable, "-S", str(path)
