"""The terminal: shared options, output, progress, and exit codes."""
