"""The edge of functions without HTTP: batches of SQS and of the stream, logs without personal data.

Only this room and `web` import Powertools. Called by the functions.
"""
