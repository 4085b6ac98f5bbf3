"""Customer groups: create, read, change, delete; their CSS is checked here and served as one stylesheet.

Called by `customers` (membership), `storefront` (discounts, CSS) and `bulk` (removal of members).
"""
