"""``python -m moto_deadline``: serve the embedded farm."""

from __future__ import annotations

import argparse
import sys

from moto_deadline.server import PortTaken, serve


def main() -> None:
    """Serve a farm as the arguments say, until told to end; exit code 1 where the port cannot be had."""
    parser = argparse.ArgumentParser(prog="moto_deadline", description="Serve an embedded render farm.")
    parser.add_argument("--port", type=int, default=5000, help="0 takes a free one (default: 5000)")
    parser.add_argument("--speed", type=float, default=1.0, help="times life (default: 1)")
    parser.add_argument("--seed", type=int, default=7, help="same seed, same simulation (default: 7)")
    parser.add_argument("--sessions", type=int, help="a large farm that runs so many at once")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with whoever started it")
    asked = parser.parse_args()
    try:
        serve(
            asked.port,
            asked.speed,
            asked.seed,
            sessions=asked.sessions,
            until_stdin_closes=asked.until_stdin_closes,
        )
    except PortTaken as error:
        sys.exit(f"moto_deadline: {error}")


if __name__ == "__main__":
    main()
