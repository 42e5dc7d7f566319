"""When to ask, and over which connection: clock, schedule, request budget, connection, poller."""
