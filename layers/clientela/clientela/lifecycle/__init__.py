"""How customers end: merge, delete, erase with a certificate; and the export of all their data.

Called by both APIs and by the removal queue.
"""
