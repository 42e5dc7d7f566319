"""A session over time: what was observed, its actions, its errors, batches of sessions."""
