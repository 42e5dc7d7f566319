"""The only door to AWS: blocking calls, typed answers, faults as values. Knows neither Textual nor time."""
