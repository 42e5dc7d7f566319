"""Requests that change something on the farm: what is wished, and what came of it."""
