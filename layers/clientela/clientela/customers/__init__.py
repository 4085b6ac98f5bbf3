"""Customers: create, read, change, search; their addresses, history, consents and tombstones.

Every write is conditional on the version that was read. Called by every room that changes a
customer.
"""
