"""Sign-in: request a link, verify a link, code or password, open and end sessions.

Also the limits on attempts and the record of their outcomes. Called by the storefront API.
"""
