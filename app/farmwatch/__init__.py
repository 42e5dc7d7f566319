"""Farmwatch: a terminal session monitor for AWS Deadline Cloud."""

__version__ = "0.1.0"
