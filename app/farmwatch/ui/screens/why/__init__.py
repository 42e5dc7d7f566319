"""Why a session failed."""
