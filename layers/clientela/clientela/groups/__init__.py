"""Customer groups: create, read, change, delete; check their CSS and serve it as one stylesheet.

Called by `customers` (membership), `storefront` (discounts, CSS) and `bulk` (removal of members).
"""
