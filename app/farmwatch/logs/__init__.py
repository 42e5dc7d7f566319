"""The two logs of a session: where they are, their tails, stores, structure, and why a session failed."""
