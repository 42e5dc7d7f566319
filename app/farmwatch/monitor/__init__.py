"""Watching that needs no screen: what is watched, on which connection, and who is told."""
