"""Alerts: what becomes of a trouble over time, and when somebody is told of it."""
