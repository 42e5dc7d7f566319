"""How values read: statuses, times, durations, exit codes, faults. Plain text, no Textual."""
