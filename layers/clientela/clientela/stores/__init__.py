"""Stores and the API keys of their merchants.

Create, read and change a store's settings; issue, rotate, revoke and check keys; build the store's
URLs. Called by every room that acts for a store.
"""
