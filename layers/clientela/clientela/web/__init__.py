"""The HTTP edge: routing, problem details, OpenAPI responses, ETags, CORS, throttling by key.

Only this room and `handlers` import Powertools. Called by the two API functions.
"""
