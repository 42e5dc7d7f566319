"""The picker: farms, queues, jobs and sessions."""
