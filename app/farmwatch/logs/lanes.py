"""The two logs of a session, side by side."""

SESSION, WORKER = 0, 1
"""The session's own log, and its worker's."""

LANES = (SESSION, WORKER)
