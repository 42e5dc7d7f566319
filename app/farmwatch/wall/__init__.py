"""Everything that runs on a connection, found and followed together, on a budget of n/100 calls."""
