"""Settings and where they come from, paths, the debug log."""
