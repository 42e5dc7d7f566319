"""Farms, queues, jobs and sessions: paged lists that refresh."""
