"""CSV imports: receive a file, plan its chunks, load each chunk, finish with a report.

Each step is safe to repeat. Called by the bucket's notification, by the state machine and by the
API.
"""
