"""One line that goes anywhere."""
