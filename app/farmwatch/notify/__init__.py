"""Telling: what is said of a notice, to whom, and what came of it."""
