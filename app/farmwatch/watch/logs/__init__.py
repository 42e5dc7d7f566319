"""Logs followed over time: the tail that reads them, the store that keeps them, and what their lines say."""
