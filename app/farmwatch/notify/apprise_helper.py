"""Sends one message through apprise, in a process of its own: apprise is large, and what it loads has no
place in a monitor that runs for weeks.

What is to be sent comes as JSON on standard input (``url``, ``title``, ``body``, ``type``), so that no
address is seen in the list of processes. The exit code says what came of it.
"""

from __future__ import annotations

import json
import logging
import sys

SENT, NOT_SENT, NOT_INSTALLED, NOT_UNDERSTOOD = 0, 1, 3, 4
"""Exit codes."""


def main() -> int:
    """Send what is on standard input; the exit code."""
    given = json.loads(sys.stdin.buffer.read())
    try:
        import apprise
    except ImportError:
        return NOT_INSTALLED
    # What a service answers is told by apprise's log alone.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    sender = apprise.Apprise()
    if not sender.add(given["url"]):
        return NOT_UNDERSTOOD
    is_sent = sender.notify(
        body=given["body"],
        title=given["title"],
        notify_type=given["type"],
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
    )
    return SENT if is_sent else NOT_SENT


if __name__ == "__main__":
    sys.exit(main())
