"""The wall: everything that runs, what is in trouble, what failed, and the workers."""
