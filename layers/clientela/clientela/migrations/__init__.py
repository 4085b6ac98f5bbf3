"""Migrations of the table's layout: an ordered list, and runs that can be repeated and resumed.

The command line runs them (`clientela migrate`, `clientela customers reindex`), no function does.
How to add one: docs/operations.md.
"""
