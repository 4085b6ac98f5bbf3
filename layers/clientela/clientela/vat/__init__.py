"""Checks of VAT IDs: ask VIES, retry for days, store the result on the customer.

Called by the table's stream (which check is due) and by the queue of checks.
"""
