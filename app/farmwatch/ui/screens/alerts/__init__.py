"""The alerts on the screen."""
