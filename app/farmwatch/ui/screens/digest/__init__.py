"""What is handed over, on the screen."""
