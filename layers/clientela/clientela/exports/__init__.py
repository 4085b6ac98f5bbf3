"""CSV exports: start a job, write the file and its manifest, sign a download URL.

Called by the schedule, by the API and by the command line.
"""
