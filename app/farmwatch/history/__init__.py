"""The flight recorder: events, their file, the thread that writes it, and queries."""
