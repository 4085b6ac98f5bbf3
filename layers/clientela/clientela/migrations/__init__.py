"""Migrations of the table's layout: an ordered list, and runs that can be repeated and resumed.

The command line runs them, no function does: `clientela migrate`, `customers reindex` and
`stores grow`.
How to add one: docs/operations.md.
"""
